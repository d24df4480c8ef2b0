/** The service: what comes in, and which route it takes. */
import { Hono } from "hono";
import type { Engine } from "../engine/mod.ts";
import { pageFile } from "../page/mod.ts";
import { loadAdapterRoute, unloadAdapterRoute } from "./adapter_routes.ts";
import { Admission } from "./admission.ts";
import { ApiError } from "./api_error.ts";
import type { ChatBackend } from "./chat_backend.ts";
import { chat } from "./chat_routes.ts";
import { API_SECURITY_POLICY, checkDoor, type DoorOptions, SECURITY_HEADERS } from "./door.ts";
import { Endpoint, type EndpointOptions } from "./endpoint.ts";
import { health, type HealthSources, metricsPage } from "./health.ts";
import { deleteMemory, deleteSession, feedback, listSessions, patchMemory, showSession } from "./history_routes.ts";
import { endingError } from "./lifetime.ts";
import { type LimitOptions, limitsSchema } from "./limits.ts";
import { ServiceMetrics } from "./metrics.ts";
import { chatCompletions } from "./openai_chat.ts";
import { completions } from "./openai_completions.ts";
import { embeddings } from "./openai_embeddings.ts";
import { listModels, showModel } from "./openai_models.ts";
import { pageResponse } from "./page_response.ts";
import { type Exchange, ServiceContext } from "./service_context.ts";
import { SessionTurns } from "./session_turns.ts";
import { settledWithin } from "../time.ts";

/** What a service is made of. What is given stays the caller's, to dispose after `close()`. */
export interface ServiceOptions extends DoorOptions {
  /** The models; as a promise while they are being loaded, when requests are answered by 503. */
  engine?: Engine | Promise<Engine>;
  /** In place of the engine: /v1 is handed on to it. */
  endpoint?: EndpointOptions;
  /** The agent and its conversations. Default: none, and /chat answers 404. */
  chat?: ChatBackend | Promise<ChatBackend>;
  /** Adapters that lie in this folder may be loaded while the service runs, and unloaded. Default: none may. */
  adapterFolder?: string;
  limits?: LimitOptions;
  /** Takes lines about what went wrong in here. Default: standard error. */
  log?: (line: string) => void;
}

/** What `Deno.serve` tells with a request. */
export interface Arrival {
  /** The client's address. */
  client: string;
  completed?: Promise<unknown>;
}

/** A service without a socket. */
export interface Service {
  /** Answers a request; never throws. */
  fetch(request: Request, arrival: Arrival): Promise<Response>;
  /** Lets no request in, and waits for replies that are being written; those that take longer than `graceSeconds` are ended. */
  close(): Promise<void>;
  readonly metrics: ServiceMetrics;
  /** Replies that are written or wait. */
  readonly inService: number;
}

/** Seconds that replies have to end when they were told to. */
const ABORT_SECONDS = 3;

/** The service of an engine or an endpoint, and of an agent. */
export function createService(options: ServiceOptions): Service {
  const limits = limitsSchema.parse(options.limits ?? {});
  const metrics = new ServiceMetrics();
  const admission = new Admission(limits, (reason) => metrics.rejected.add(1, { reason }));
  const engine = new Pending(options.engine, "the models are being loaded");
  const agent = new Pending(options.chat, "the agent is being made ready");
  const endpoint = options.endpoint ? new Endpoint(options.endpoint) : null;
  const turns = new SessionTurns();
  const context = new ServiceContext({
    limits,
    metrics,
    admission,
    engine: () => engine.get("this service has no models"),
    log: options.log ?? ((line) => console.error(line)),
  });
  const sources: HealthSources = {
    engine: () => engine.value,
    isStarting: () => engine.isOnItsWay || agent.isOnItsWay,
    failure: () => engine.failure ?? agent.failure,
    endpoint,
  };
  const backend = () => agent.get("this service has no agent: it was started without one");

  const app = new Hono<Env>();
  app.use(async (c, next) => {
    const begun = performance.now();
    await next();
    const { headers, status } = c.res;
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) headers.set(name, value);
    if (!headers.has("content-security-policy")) headers.set("content-security-policy", API_SECURITY_POLICY);
    if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
    const route = c.get("route") ?? "other";
    metrics.requests.add(1, { route, method: METHODS.has(c.req.method) ? c.req.method : "other", status });
    const measure = () => metrics.requestSeconds.observe((performance.now() - begun) / 1000, { route });
    if (c.env.completed) c.env.completed.then(measure, measure);
    else measure();
  });
  app.onError((error) => context.asApiError(error).toResponse());
  app.notFound(({ req }) => new ApiError(404, `there is no ${req.method} ${req.path.slice(0, 200)}`).toResponse());

  const route = (method: string, path: string, answer: Answer, isOpen = false) =>
    app.on(method, path, (c) => {
      c.set("route", path);
      checkDoor(c.req.raw, options, isOpen);
      const { client, completed } = c.env;
      return answer({ request: c.req.raw, client, completed }, (name) => c.req.param(name) ?? "");
    });

  route("GET", "/health", () => health(context, sources), true);
  route("GET", "/metrics", () => metricsPage(context, sources));

  route("GET", "/v1/models", (on) => endpoint ? endpoint.get(context, on, "/models") : listModels(context));
  route(
    "GET",
    "/v1/models/:id{.+}",
    (on, param) =>
      endpoint
        ? endpoint.get(context, on, `/models/${encodeURIComponent(param("id"))}`)
        : showModel(context, param("id")),
  );
  const texts = { "/chat/completions": chatCompletions, "/completions": completions, "/embeddings": embeddings };
  for (const [path, answer] of Object.entries(texts)) {
    route("POST", `/v1${path}`, (on) => endpoint ? endpoint.post(context, on, path) : answer(context, on));
  }

  // Not handed on to an endpoint, whose folders are its own.
  const { adapterFolder } = options;
  route("POST", "/v1/load_lora_adapter", (on) => loadAdapterRoute(context, on, adapterFolder));
  route("POST", "/v1/unload_lora_adapter", (on) => unloadAdapterRoute(context, on, adapterFolder));

  route("POST", "/chat", (on) => chat(context, on, backend(), turns));
  route("GET", "/history", () => listSessions(backend().store));
  route("GET", "/history/:id", (_, param) => showSession(backend().store, param("id")));
  route("DELETE", "/history/:id", (_, param) => deleteSession(backend().store, turns, param("id")));
  route("PATCH", "/memory/:id", (on, param) => patchMemory(context, on, backend().store, param("id")));
  route("DELETE", "/memory/:id", (_, param) => deleteMemory(backend().store, param("id")));
  route("POST", "/feedback", (on) => feedback(context, on, backend().store));

  app.get("*", (c) => {
    const file = pageFile(c.req.path);
    if (file === null) {
      checkDoor(c.req.raw, options, false);
      return c.notFound();
    }
    c.set("route", "page");
    checkDoor(c.req.raw, options, true);
    return pageResponse(file, c.req.raw);
  });

  return {
    metrics,
    get inService() {
      return admission.inside;
    },
    fetch: async (request, arrival) => await app.fetch(request, arrival),
    async close() {
      admission.close();
      await settledWithin(admission.empty(), limits.graceSeconds);
      if (admission.inside > 0) context.end(endingError());
      await settledWithin(admission.empty(), ABORT_SECONDS);
    },
  };
}

const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PATCH", "DELETE", "PUT", "OPTIONS"]);

type Env = { Bindings: Arrival; Variables: { route: string } };

type Answer = (exchange: Exchange, param: (name: string) => string) => Response | Promise<Response>;

/** Something that may still be on its way. */
class Pending<Value extends object> {
  value: Value | null = null;
  failure: string | null = null;

  constructor(private readonly given: Value | Promise<Value> | undefined, private readonly meanwhile: string) {
    if (!(given instanceof Promise)) this.value = given ?? null;
    else {
      given.then(
        (value) => this.value = value,
        (error) => this.failure = error instanceof Error ? error.message : `${error}`,
      );
    }
  }

  get isOnItsWay(): boolean {
    return this.given !== undefined && this.value === null && this.failure === null;
  }

  /** @throws {ApiError} 404 when there is to be none, 503 when it is not there. */
  get(absent: string): Value {
    if (this.value !== null) return this.value;
    if (this.given === undefined) throw new ApiError(404, absent);
    if (this.failure !== null) throw new ApiError(503, "the service could not be made ready; its log says why");
    throw new ApiError(503, `${this.meanwhile}: try again soon`, { code: "starting", retryAfterSeconds: 3 });
  }
}
