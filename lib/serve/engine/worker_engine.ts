/** An engine whose models are in a worker. */
import type { Tokenizer } from "../../tokenizer/mod.ts";
import { settledWithin } from "../time.ts";
import type {
  EmbedOptions,
  Engine,
  EngineEvent,
  EngineInput,
  EngineState,
  EngineStats,
  GenerateCallOptions,
  GenerateRequest,
  ServedModel,
} from "./engine.ts";
import { EngineRequestError, EngineUnavailableError } from "./errors.ts";
import { EventStream } from "./event_stream.ts";
import {
  type Answer,
  type AskedBody,
  type ClientMessage,
  errorOf,
  type WorkerMessage,
  type WorkerStats,
} from "./protocol.ts";

/** How long a worker that was told to close may take. */
const CLOSE_SECONDS = 10;

/** What the client keeps to itself. */
export interface WorkerEngineOptions {
  models: readonly ServedModel[];
  tokenizer: Tokenizer;
  windowTokens: number;
  stallSeconds: number;
  /** For counts before the first answer. */
  limits: { maxRows: number; maxQueue: number; prefixCacheBytes: number };
}

/** Somebody who waits for answers under an id. */
interface Waiting {
  answer(answer: Answer): void;
  fail(reason: unknown): void;
}

/** The client's side of a worker that is open. */
export class WorkerEngine implements Engine {
  readonly tokenizer: Tokenizer;
  #models: readonly ServedModel[];
  #state: EngineState = "ready";
  #failure: string | undefined;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;
  readonly #openedAt = performance.now();
  #lastStats: WorkerStats;
  #idle: PromiseWithResolvers<void> | null = null;
  readonly #closed = Promise.withResolvers<void>();
  #disposing: Promise<void> | null = null;

  /** @param worker Open, and this engine's from here on. */
  constructor(readonly worker: Worker, readonly options: WorkerEngineOptions) {
    this.#models = options.models;
    this.tokenizer = options.tokenizer;
    this.#lastStats = noStats(options.limits);
    worker.addEventListener("message", ({ data }: MessageEvent<WorkerMessage>) => this.#receive(data));
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.#crash(event.message);
    });
    worker.addEventListener("messageerror", () => this.#crash("a message of the worker could not be read"));
  }

  get models(): readonly ServedModel[] {
    return this.#models;
  }

  get state(): EngineState {
    return this.#state;
  }

  generate(request: GenerateRequest, { signal }: GenerateCallOptions = {}): AsyncIterableIterator<EngineEvent> {
    let stream: EventStream | null = null;
    let hasLeft = false;
    const iterator: AsyncIterableIterator<EngineEvent> = {
      next: async () => {
        if (hasLeft) return { done: true, value: undefined };
        stream ??= this.#stream(request, signal);
        return await stream.next();
      },
      return: (value?: unknown) => {
        hasLeft = true;
        stream?.leave();
        return Promise.resolve({ done: true, value });
      },
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  async countTokens(model: string, input: EngineInput): Promise<number> {
    const answer = await this.#ask({ type: "countTokens", model, input });
    if (answer.type === "tokens") return answer.tokens;
    throw unexpected(answer);
  }

  async embed(texts: readonly string[], { kind = "passage", signal }: EmbedOptions = {}) {
    const answer = await this.#ask({ type: "embed", texts, kind }, signal);
    if (answer.type === "vectors") return { vectors: answer.vectors, tokens: answer.tokens };
    throw unexpected(answer);
  }

  async loadAdapter(id: string, folder: string): Promise<void> {
    this.#take(await this.#ask({ type: "loadAdapter", model: id, folder }));
  }

  async unloadAdapter(id: string): Promise<void> {
    this.#take(await this.#ask({ type: "unloadAdapter", model: id }));
  }

  #take(answer: Answer): void {
    if (answer.type !== "models") throw unexpected(answer);
    this.#models = answer.models;
  }

  async stats(): Promise<EngineStats> {
    if (this.#state === "ready" || this.#state === "closing") {
      const answer = await this.#ask({ type: "stats" }).catch(() => null);
      if (answer?.type === "stats") this.#lastStats = answer.stats;
    }
    const { heapUsed, external, ...counts } = this.#lastStats;
    const own = Deno.memoryUsage();
    return {
      state: this.#state,
      failure: this.#failure,
      ...counts,
      memory: { rss: own.rss, heapUsed: own.heapUsed + heapUsed, external: own.external + external },
      uptimeSeconds: (performance.now() - this.#openedAt) / 1000,
    };
  }

  dispose({ graceSeconds = 0 }: { graceSeconds?: number } = {}): Promise<void> {
    return this.#disposing ??= this.#dispose(graceSeconds);
  }

  async #dispose(graceSeconds: number): Promise<void> {
    if (this.#state === "ready") {
      this.#state = "closing";
      await this.#untilIdle(graceSeconds);
    }
    // In the meantime it may have crashed.
    if (this.#state === "closing") {
      this.#failAll(new EngineUnavailableError("closed", "the engine was closed before the answer was there"));
      this.#post({ type: "close" });
      await settledWithin(this.#closed.promise, CLOSE_SECONDS);
      this.#state = "closed";
      // Counts that were asked for meanwhile.
      this.#failAll(this.#unavailable());
    }
    this.worker.terminate();
  }

  async #untilIdle(seconds: number): Promise<void> {
    if (this.#waiting.size === 0 || seconds <= 0) return;
    this.#idle = Promise.withResolvers();
    await settledWithin(this.#idle.promise, seconds);
    this.#idle = null;
  }

  #stream(request: GenerateRequest, signal?: AbortSignal): EventStream {
    const { windowTokens, stallSeconds } = this.options;
    const id = this.#nextId++;
    const onAbort = () => {
      this.#drop(id);
      stream.fail(signal!.reason);
    };
    const settle = () => {
      signal?.removeEventListener("abort", onAbort);
      this.#settle(id);
    };
    const stream = new EventStream({
      windowTokens,
      stallSeconds,
      onRead: (tokens) => this.#post({ type: "read", id, tokens }),
      onDrop: () => {
        settle();
        this.#post({ type: "drop", id });
      },
    });
    if (signal?.aborted) {
      stream.fail(signal.reason);
      return stream;
    }
    signal?.addEventListener("abort", onAbort);
    const waiting: Waiting = {
      answer: (answer) => {
        if (answer.type !== "event") {
          settle();
          return stream.fail(answer.type === "error" ? errorOf(answer.error) : unexpected(answer));
        }
        stream.push(answer.event);
        if (answer.event.type === "end") settle();
      },
      fail: (reason) => {
        signal?.removeEventListener("abort", onAbort);
        stream.fail(reason);
      },
    };
    this.#send(id, { type: "generate", request }, waiting);
    return stream;
  }

  #ask(
    body: AskedBody | { type: "countTokens" | "embed" } & Record<string, unknown>,
    signal?: AbortSignal,
  ): Promise<Answer> {
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    if (signal?.aborted) return Promise.reject(signal.reason);
    const onAbort = () => {
      this.#drop(id);
      reject(signal!.reason);
    };
    signal?.addEventListener("abort", onAbort);
    this.#send(id, body, {
      answer: (answer) => {
        this.#settle(id);
        if (answer.type === "error") reject(errorOf(answer.error));
        else resolve(answer);
      },
      fail: reject,
    });
    return promise.finally(() => signal?.removeEventListener("abort", onAbort));
  }

  #send(id: number, body: { type: string; [field: string]: unknown }, waiting: Waiting): void {
    // Counts are still given while what is pending finishes.
    const takesMore = this.#state === "ready" || (this.#state === "closing" && body.type === "stats");
    if (!takesMore) return waiting.fail(this.#unavailable());
    this.#waiting.set(id, waiting);
    try {
      this.#post({ type: "ask", id, body });
    } catch (error) {
      // What cannot be sent to another thread, such as a function, is in no request either.
      this.#settle(id);
      waiting.fail(new EngineRequestError("option", `the request cannot be read: ${(error as Error).message}`));
    }
  }

  /** Nobody waits for an answer any more. */
  #drop(id: number): void {
    this.#settle(id);
    this.#post({ type: "drop", id });
  }

  #settle(id: number): void {
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#idle?.resolve();
  }

  #post(message: ClientMessage): void {
    if (this.#state === "ready" || this.#state === "closing") this.worker.postMessage(message);
  }

  #receive(message: WorkerMessage): void {
    if (message.type === "answers") {
      for (const [id, answer] of message.answers) this.#waiting.get(id)?.answer(answer);
    } else if (message.type === "failed") this.#crash(message.message);
    else if (message.type === "closed") this.#closed.resolve();
  }

  #crash(reason: string): void {
    if (this.#state === "crashed" || this.#state === "closed") return;
    this.#state = "crashed";
    this.#failure = reason;
    this.worker.terminate();
    this.#failAll(this.#unavailable());
    this.#closed.resolve();
  }

  #failAll(reason: unknown): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const one of waiting) one.fail(reason);
    this.#idle?.resolve();
  }

  #unavailable(): EngineUnavailableError {
    if (this.#state !== "crashed") return new EngineUnavailableError("closed", "the engine is closed");
    return new EngineUnavailableError("crashed", `the engine has crashed: ${this.#failure}; open another one`);
  }
}

function unexpected(answer: Answer): Error {
  return new Error(`the worker answered with ${answer.type}, which nobody asked for`);
}

function noStats({ maxRows, maxQueue, prefixCacheBytes }: WorkerEngineOptions["limits"]): WorkerStats {
  return {
    ...{ activeRows: 0, maxRows, waiting: 0, paused: 0, maxQueue },
    requests: { finished: 0, aborted: 0, failed: 0, refused: 0 },
    ...{ promptTokens: 0, cachedTokens: 0, completionTokens: 0, tokensPerSecond: 0 },
    prefixCache: { bytes: 0, maxBytes: prefixCacheBytes, hits: 0, lookups: 0 },
    embeddings: { texts: 0, tokens: 0 },
    ...{ heapUsed: 0, external: 0 },
  };
}
