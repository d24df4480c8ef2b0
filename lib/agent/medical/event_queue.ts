/** What one part of a program tells and another reads, each in its own time. */
export class EventQueue<Event> implements AsyncIterable<Event> {
  readonly #waiting: Event[] = [];
  #isClosed = false;
  #failure: { error: unknown } | undefined;
  #wake = Promise.withResolvers<void>();

  push(event: Event): void {
    this.#waiting.push(event);
    this.#wake.resolve();
  }

  /** Nothing more comes. */
  close(): void {
    this.#isClosed = true;
    this.#wake.resolve();
  }

  /** The reader gets what is waiting, and then this is thrown. */
  fail(error: unknown): void {
    this.#failure = { error };
    this.close();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Event, void, undefined> {
    for (;;) {
      while (this.#waiting.length > 0) yield this.#waiting.shift()!;
      if (this.#failure !== undefined) throw this.#failure.error;
      if (this.#isClosed) return;
      this.#wake = Promise.withResolvers();
      await this.#wake.promise;
    }
  }
}
