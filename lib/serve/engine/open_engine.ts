/** Starts a worker with models in it. */
import { basename, resolve } from "node:path";
import type { Device } from "../../engine/mod.ts";
import { type HubOptions, type PrecisionOptions, resolveModel, type WeightPrecision } from "../../models/mod.ts";
import { Tokenizer } from "../../tokenizer/mod.ts";
import type { Engine } from "./engine.ts";
import type { ClientMessage, WorkerMessage, WorkerOptions } from "./protocol.ts";
import { WorkerEngine } from "./worker_engine.ts";

/** What to serve, and how much to take on. */
export interface OpenEngineOptions {
  /** The base model: a folder, or a name on the hub. */
  model: string;
  /** What requests call it. Default: the folder's name, or the name on the hub. */
  modelId?: string;
  /** Adapters as PEFT or Kiln saved them, folders or names on the hub, by what requests call them. Default: none. */
  adapters?: Readonly<Record<string, string>>;
  /** What `openEmbedder` knows, such as `kiln-embed` or a folder. Default: none. */
  embedder?: string;
  /** Default `"cpu"`. */
  device?: Device | "auto";
  /** CPU threads of the models. Default: all cores. */
  threads?: number;
  /** The form of the base model's weights. Default `"float32"`. */
  precision?: WeightPrecision | PrecisionOptions;
  /** Requests that are written at the same time. Default 16. */
  maxRows?: number;
  /** Requests beyond those that may wait. Default 64. */
  maxQueue?: number;
  /** Bytes of what was read that are kept, of the model and all adapters together. Default 256 MB. */
  prefixCacheBytes?: number;
  /** Adapters that may be loaded later by `Engine.loadAdapter`, at one time. Default 0: none. */
  runtimeAdapters?: number;
  /** Tokens of prompts that are read at most between two tokens of those that are written. Default 512. */
  pieceTokens?: number;
  /** Tokens that a reader may be behind before its row is given to others. Default 256. */
  windowTokens?: number;
  /** How long a reader that is behind may read nothing before its request is given up. Default 60. */
  stallSeconds?: number;
  /** How the hub is reached. */
  hub?: HubOptions;
}

/** Where the worker's code is. */
export const WORKER_URL = new URL("./worker.ts", import.meta.url);

/**
 * Loads a model, its adapters and an embedder in a worker. Dispose the engine when done.
 *
 * @throws {RangeError} When an option means nothing.
 * @throws When something cannot be loaded; the message names it.
 */
export async function openEngine(options: OpenEngineOptions): Promise<Engine> {
  return await openEngineIn(WORKER_URL, options);
}

/** As `openEngine`, with a worker of another module. */
export async function openEngineIn(workerUrl: URL, options: OpenEngineOptions): Promise<Engine> {
  const { windowTokens = 256, stallSeconds = 60 } = options;
  const workerOptions = await resolved(options, windowTokens);
  if (!(stallSeconds > 0 && stallSeconds <= 86_400)) {
    throw new RangeError(`stallSeconds: expected seconds above 0 and at most a day, got ${stallSeconds}`);
  }
  const tokenizer = await Tokenizer.load(workerOptions.model.folder);
  const worker = new Worker(workerUrl, { type: "module", name: "kiln engine" });
  try {
    const models = await opened(worker, workerOptions);
    return new WorkerEngine(worker, { models, tokenizer, windowTokens, stallSeconds, limits: workerOptions });
  } catch (error) {
    worker.terminate();
    throw error;
  }
}

/** Options with their defaults, and with folders in the place of names. */
async function resolved(options: OpenEngineOptions, windowTokens: number): Promise<WorkerOptions> {
  const { model, adapters = {}, maxRows = 16, maxQueue = 64, prefixCacheBytes = 256 * 1024 * 1024, hub } = options;
  const { runtimeAdapters = 0 } = options;
  const counts = { maxRows, maxQueue, prefixCacheBytes, runtimeAdapters, windowTokens };
  const least = {
    ...{ maxRows: 1, maxQueue: 0, prefixCacheBytes: 0, runtimeAdapters: 0 },
    ...{ pieceTokens: 1, windowTokens: 1, threads: 1 },
  };
  const given = { ...options, ...counts };
  for (const [name, from] of Object.entries(least)) {
    const value = given[name as keyof typeof least];
    if (value === undefined || (Number.isInteger(value) && value >= from)) continue;
    throw new RangeError(`${name}: expected a whole number from ${from}, got ${value}`);
  }
  const folder = await resolveModel(model, hub);
  const id = options.modelId ?? (folder === model ? basename(resolve(model)) : model);
  if (Object.hasOwn(adapters, id)) {
    throw new RangeError(`adapters: ${JSON.stringify(id)} is the base model's id already`);
  }
  const folders: WorkerOptions["adapters"][number][] = [];
  for (const [id, name] of Object.entries(adapters)) folders.push({ id, folder: await resolveModel(name, hub) });
  const { embedder, device, threads, precision, pieceTokens } = options;
  return {
    ...{ model: { id, folder }, adapters: folders, embedder, device, threads, precision },
    ...{ ...counts, pieceTokens },
  };
}

/** Tells a worker what to open, and waits until it has. */
async function opened(worker: Worker, options: WorkerOptions) {
  const { promise, resolve, reject } = Promise.withResolvers<Extract<WorkerMessage, { type: "opened" }>["models"]>();
  const onMessage = ({ data }: MessageEvent<WorkerMessage>) => {
    if (data.type === "opened") resolve(data.models);
    else if (data.type === "failed") reject(new Error(data.message));
  };
  const onError = (event: ErrorEvent) => {
    event.preventDefault();
    reject(new Error(`the engine's worker could not be started: ${event.message}`));
  };
  worker.addEventListener("message", onMessage);
  worker.addEventListener("error", onError);
  try {
    worker.postMessage({ type: "open", options } satisfies ClientMessage);
    return await promise;
  } finally {
    worker.removeEventListener("message", onMessage);
    worker.removeEventListener("error", onError);
  }
}
