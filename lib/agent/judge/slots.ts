/** How much is under way at once. */

/** A number of slots; who finds none free waits, first come first served. */
export class Slots {
  #free: number;
  readonly #waiting = new Set<() => void>();

  /** @throws {RangeError} For a number that cannot be. */
  constructor(slots: number) {
    if (!Number.isSafeInteger(slots) || slots < 1) {
      throw new RangeError(`concurrency: expected a whole number, 1 or more, got ${slots}`);
    }
    this.#free = slots;
  }

  /**
   * Runs something in a slot of its own.
   *
   * @throws What it throws, or the signal's reason when it is aborted before there is a slot.
   */
  async run<Result>(task: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
    await this.#take(signal);
    try {
      return await task();
    } finally {
      this.#give();
    }
  }

  /**
   * Runs something for each item, as far as there are slots.
   *
   * @param run Gets a signal that is aborted with the caller's, and when another item throws.
   * @throws The first thing that an item throws, when all others have ended.
   */
  async map<Item, Result>(
    items: readonly Item[],
    run: (item: Item, signal: AbortSignal) => Promise<Result>,
    signal?: AbortSignal,
  ): Promise<Result[]> {
    signal?.throwIfAborted();
    const own = new AbortController();
    const either = signal ? AbortSignal.any([signal, own.signal]) : own.signal;
    const running = items.map((item) => this.run(() => run(item, either), either));
    try {
      return await Promise.all(running);
    } catch (error) {
      own.abort(error);
      await Promise.allSettled(running);
      throw error;
    }
  }

  async #take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = () => {
      this.#waiting.delete(resolve);
      reject(signal.reason);
    };
    this.#waiting.add(resolve);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** To the one who waits longest: a set keeps the order of insertion. */
  #give(): void {
    const next = this.#waiting.values().next().value;
    if (next === undefined) this.#free++;
    else {
      this.#waiting.delete(next);
      next();
    }
  }
}
