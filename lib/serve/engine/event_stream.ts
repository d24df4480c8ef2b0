/** Events of one request between the worker's messages and whoever reads them. */
import type { EngineEvent } from "./engine.ts";
import { EngineFailure } from "./errors.ts";

/** How a stream deals with its reader. */
export interface EventStreamOptions {
  /** Tokens that the reader may be behind before the worker takes the row away. */
  windowTokens: number;
  /** How long many tokens may lie while nothing is read. */
  stallSeconds: number;
  /** Told now and then how many tokens were read. */
  onRead: (tokens: number) => void;
  /** Nobody wants the rest. */
  onDrop: () => void;
}

/** Events in their order; a reader waits for them, or they for a reader. */
export class EventStream {
  readonly #events: EngineEvent[] = [];
  #reader: PromiseWithResolvers<IteratorResult<EngineEvent>> | null = null;
  #error: { reason: unknown } | null = null;
  #isOver = false;
  /** Tokens that were read since the worker was last told. */
  #untold = 0;
  #stall: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly options: EventStreamOptions) {}

  push(event: EngineEvent): void {
    if (this.#isOver) return;
    if (event.type === "end") {
      this.#isOver = true;
      clearTimeout(this.#stall);
    }
    const reader = this.#reader;
    if (reader) {
      this.#reader = null;
      this.#noteRead(event);
      reader.resolve({ done: false, value: event });
      return;
    }
    this.#events.push(event);
    const { windowTokens, stallSeconds, onDrop } = this.options;
    // Before the worker takes the row away, more than half of the window lies here: up to a quarter was read and not told.
    if (this.#stall !== undefined || this.#isOver || 2 * this.#events.length < windowTokens) return;
    this.#stall = setTimeout(() => {
      onDrop();
      this.fail(new EngineFailure("stalled", `nothing of the reply was read for ${stallSeconds} s: it was given up`));
    }, stallSeconds * 1000);
  }

  /** Ends it with an error, which the reader gets next, whatever lies there. */
  fail(reason: unknown): void {
    if (this.#error || (this.#isOver && this.#events.length === 0)) return;
    this.#isOver = true;
    this.#settle();
    if (this.#reader) this.#reader.reject(reason);
    else this.#error = { reason };
    this.#reader = null;
  }

  /** The next event. One reader at a time. */
  next(): Promise<IteratorResult<EngineEvent>> {
    clearTimeout(this.#stall);
    this.#stall = undefined;
    const event = this.#events.shift();
    if (event) {
      this.#noteRead(event);
      return Promise.resolve({ done: false, value: event });
    }
    if (this.#error) {
      const { reason } = this.#error;
      this.#error = null;
      return Promise.reject(reason);
    }
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined });
    this.#reader ??= Promise.withResolvers();
    return this.#reader.promise;
  }

  /** Nobody reads on. */
  leave(): void {
    if (!this.#isOver) this.options.onDrop();
    this.#isOver = true;
    this.#error = null;
    this.#settle();
    this.#reader?.resolve({ done: true, value: undefined });
    this.#reader = null;
  }

  #settle(): void {
    clearTimeout(this.#stall);
    this.#stall = undefined;
    this.#events.length = 0;
  }

  #noteRead(event: EngineEvent): void {
    if (event.type !== "token" || this.#isOver) return;
    const { windowTokens, onRead } = this.options;
    if (++this.#untold < Math.max(1, Math.floor(windowTokens / 4))) return;
    onRead(this.#untold);
    this.#untold = 0;
  }
}
