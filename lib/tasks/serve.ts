/**
 * `deno task serve`: the models and the medical agent over HTTP, with a page. `--help` tells the options.
 *
 * Ctrl-C and SIGTERM end it: replies that are being written have some time to finish, and nothing new is begun. A second signal
 * ends it at once.
 */
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { SessionStoreError, sqliteSessionStore } from "../agent/memory/mod.ts";
import {
  type Engine,
  ListenError,
  type MedicalBackend,
  medicalBackend,
  openEngine,
  OpenServiceError,
  readServeSettings,
  type RunningService,
  serve,
  SERVE_HELP,
  type ServeSettings,
  ServeSettingsError,
} from "../serve/mod.ts";

/** What ships, by the name that it is called by. */
const HOUSE_MODEL = "kiln-tiny";

/** A service with all that it stands on. */
export interface Serving {
  running: RunningService;
  /** Resolves when models and agent can be used; rejects when they cannot be opened. */
  ready: Promise<void>;
  /** Ends all of it. */
  stop(): Promise<void>;
}

/**
 * Starts to listen, and then loads models and agent.
 *
 * @throws {OpenServiceError} When others could reach the service without a token; {ListenError} when it cannot listen there;
 *   {SessionStoreError} when the conversations cannot be kept where they were to be.
 */
export function startServing(settings: ServeSettings, say: (line: string) => void = console.log): Serving {
  const store = sqliteSessionStore(join(settings.data, "sessions.sqlite"), { retentionDays: settings.retentionDays });
  const abort = new AbortController();
  const { signal } = abort;
  // What cannot be listened for is not loaded.
  const listening = Promise.withResolvers<void>();
  const engine = settings.endpoint === undefined ? listening.promise.then(() => openModels(settings)) : undefined;
  const chat = listening.promise.then(() => openAgent(settings, engine, store, signal));
  // Whoever waits for them hears of it.
  engine?.catch(() => {});
  chat.catch(() => {});
  const { host, port, token, hostNames, endpoint, limits, allowAdapters: adapterFolder } = settings;
  const close = async () => {
    abort.abort(new Error("the service ends"));
    await chat.then((agent) => agent.dispose(), () => {});
    await engine?.then((models) => models.dispose(), () => {});
    store.close();
  };
  let running: RunningService;
  try {
    running = serve({ host, port, token, hostNames, endpoint, limits, engine, chat, adapterFolder });
  } catch (error) {
    listening.reject(error);
    store.close();
    throw error;
  }
  listening.resolve();
  say(`Kiln listens at ${running.url}${token === undefined ? "" : ", and wants the token"}`);
  say(`Conversations are kept in ${resolve(settings.data, "sessions.sqlite")}`);
  if (adapterFolder !== undefined) say(`Adapters may be loaded from ${resolve(adapterFolder)}`);
  let stopping: Promise<void> | null = null;
  return {
    running,
    ready: (async () => {
      if (endpoint !== undefined) say(`Models: those of ${endpoint.url}`);
      else say(`Models: ${(await engine!).models.map(({ id, kind }) => `${id} (${kind})`).join(", ")}`);
      await chat;
      say(`Ready: the page at ${running.url}/, the API at ${running.url}/v1`);
    })(),
    stop: () => stopping ??= running.stop().then(close),
  };
}

async function openModels(settings: ServeSettings): Promise<Engine> {
  const { model, adapters, allowAdapters, maxAdapters, embedder, rows, limits } = settings;
  return await openEngine({
    model: model === HOUSE_MODEL ? fileURLToPath(new URL(`../../data/models/${HOUSE_MODEL}`, import.meta.url)) : model,
    adapters,
    runtimeAdapters: allowAdapters === undefined ? 0 : maxAdapters,
    embedder: embedder ?? undefined,
    maxRows: rows,
    // The service lets no more in than that, and what the agents ask besides comes one by one.
    maxQueue: Math.max(64, limits.maxRequests ?? 0),
    stallSeconds: Math.max(60, 2 * (limits.stallSeconds ?? 0)),
  });
}

async function openAgent(
  { endpoint, model, data }: ServeSettings,
  engine: Promise<Engine> | undefined,
  store: ReturnType<typeof sqliteSessionStore>,
  signal: AbortSignal,
): Promise<MedicalBackend> {
  return await medicalBackend({
    store,
    models: endpoint === undefined ? { engine: await engine! } : { endpoint },
    form: endpoint === undefined && basename(resolve(model)) === HOUSE_MODEL ? "house" : "general",
    knowledgeUri: join(data, "library"),
    signal,
  });
}

if (import.meta.main) await main();

async function main(): Promise<void> {
  const serving = started();
  if (serving === null) return;
  let signals = 0;
  const end = () => {
    if (++signals > 1) Deno.exit(130);
    console.log("Ending: replies that are being written are waited for; once more ends at once");
    serving.stop().then(() => Deno.exit(Deno.exitCode), (error) => {
      console.error(error);
      Deno.exit(1);
    });
  };
  Deno.addSignalListener("SIGINT", end);
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", end);
  try {
    await serving.ready;
  } catch (error) {
    if (signals > 0) return;
    console.error(`The service could not be made ready: ${error instanceof Error ? error.message : error}`);
    Deno.exitCode = 1;
    end();
  }
}

function started(): Serving | null {
  try {
    const settings = readServeSettings(Deno.args, Deno.env.toObject());
    if (settings !== "help") return startServing(settings);
    console.log(SERVE_HELP);
  } catch (error) {
    const told = [ServeSettingsError, OpenServiceError, ListenError, SessionStoreError];
    const known = told.some((kind) => error instanceof kind);
    if (!known) throw error;
    console.error(`deno task serve: ${(error as Error).message}`);
    Deno.exitCode = 2;
  }
  return null;
}
