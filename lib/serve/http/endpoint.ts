/** Another OpenAI-compatible service, such as vLLM, in place of the engine. */
import { z } from "zod";
import { ApiError, badRequest } from "./api_error.ts";
import { pacedBody } from "./paced_body.ts";
import { readBody } from "./read_body.ts";
import type { Exchange, ServiceContext } from "./service_context.ts";
import { SSE_HEADERS } from "./sse.ts";

/** Where it is. */
export interface EndpointOptions {
  /** Such as `http://127.0.0.1:8000/v1`. */
  url: string;
  /** Sent as a bearer token. Default: none. */
  key?: string;
}

/** Of a request only what costs is looked at; the endpoint judges the rest. */
const forwardedSchema = z.looseObject({
  model: z.string().min(1).max(512),
  stream: z.boolean().nullish(),
  n: z.number().int().min(1).nullish(),
  max_tokens: z.number().int().min(1).nullish(),
  max_completion_tokens: z.number().int().min(1).nullish(),
});

/** Seconds that the endpoint has to say how it is. */
const HEALTH_SECONDS = 3;

/** Seconds that it has for what needs no model. */
const GET_SECONDS = 15;

/** Hands requests on. */
export class Endpoint {
  readonly #base: string;
  readonly #headers: Record<string, string>;

  constructor({ url, key }: EndpointOptions) {
    this.#base = url.replace(/\/+$/, "");
    this.#headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  }

  /** Whether it answers. */
  async isWell(): Promise<boolean> {
    try {
      const response = await this.#fetch("/models", { signal: AbortSignal.timeout(HEALTH_SECONDS * 1000) });
      await response.body?.cancel();
      return response.ok;
    } catch {
      return false;
    }
  }

  /**
   * Hands a `GET` on.
   *
   * @throws {ApiError} 502 when the endpoint cannot be reached, refuses the key or points elsewhere.
   */
  async get(context: ServiceContext, exchange: Exchange, path: string): Promise<Response> {
    const lifetime = context.lifetime(exchange);
    try {
      const signal = AbortSignal.any([lifetime.signal, AbortSignal.timeout(GET_SECONDS * 1000)]);
      const response = await this.#fetch(path, { signal });
      return new Response(await response.text(), { status: response.status, headers: headersOf(response) });
    } finally {
      lifetime.release();
    }
  }

  /**
   * Hands a request on, and its answer back as it comes.
   *
   * @throws {ApiError} 400 beyond the limits, 429 and 503 where it is not let in, 502 as `get` does.
   */
  async post(context: ServiceContext, exchange: Exchange, path: string): Promise<Response> {
    const { limits, admission } = context;
    const body = await readBody(exchange.request, forwardedSchema, limits);
    const [n, tokens] = [body.n ?? 1, body.max_completion_tokens ?? body.max_tokens ?? 0];
    if (n > limits.maxChoices) throw badRequest(`n: at most ${limits.maxChoices} replies here, got ${n}`, "n");
    if (tokens > limits.maxTokens) {
      throw badRequest(`max_tokens: at most ${limits.maxTokens} here, got ${tokens}`, "max_tokens");
    }
    const ticket = admission.enter(exchange.client, n);
    const lifetime = context.lifetime(exchange);
    const free = () => {
      lifetime.release();
      ticket.leave();
    };
    let isHandedBack = false;
    try {
      const response = await this.#fetch(path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
        signal: lifetime.signal,
      });
      const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") === true;
      const headers = isStream ? SSE_HEADERS : headersOf(response);
      if (response.body === null) return new Response(null, { status: response.status, headers });
      const leave = (how: "left" | "stalled") => {
        lifetime.leave(how);
        free();
      };
      exchange.completed?.catch(() => {}).then(() => leave("left"));
      isHandedBack = true;
      const parts = endingWith(response.body, free);
      return new Response(pacedBody(parts, { ...limits, onLeave: leave }), { status: response.status, headers });
    } finally {
      if (!isHandedBack) free();
    }
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(`${this.#base}${path}`, {
        ...init,
        // A redirect would take the conversation elsewhere.
        redirect: "manual",
        headers: { ...this.#headers, ...init.headers },
      });
    } catch (error) {
      const isLate = error instanceof DOMException && error.name === "TimeoutError";
      if (init.signal?.aborted && !isLate) throw init.signal.reason;
      throw this.#failure(error instanceof Error ? error.message : String(error));
    }
    if (response.status === 401 || response.status === 403) {
      await response.body?.cancel();
      throw this.#failure("it refuses the key; give another by KILN_API_KEY");
    }
    if (response.status >= 300 && response.status < 400) {
      await response.body?.cancel();
      throw this.#failure(`it points elsewhere (${response.status}); give the address that it points to`);
    }
    return response;
  }

  #failure(why: string): ApiError {
    const { origin, pathname } = new URL(this.#base);
    return new ApiError(502, `the endpoint ${origin}${pathname}: ${why}`, { code: "endpoint_connection" });
  }
}

async function* endingWith(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  free: () => void,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  try {
    yield* body;
  } finally {
    free();
  }
}

/** Of its headers what the answer needs. */
function headersOf({ headers }: Response): Record<string, string> {
  const retryAfter = headers.get("retry-after");
  return {
    "content-type": headers.get("content-type") ?? "application/json",
    ...(retryAfter === null ? {} : { "retry-after": retryAfter }),
  };
}
