/** Fills rows of a fixed length with documents from a stream: each goes where it leaves the least room. */
import { type TokenizedExample, trainsNothing } from "./batch.ts";

/** How many documents may wait for a row with room before a batch is called full. */
const WAITING_ROOM = 8;

/** After so many documents in a row that fit no row at all, none is expected to come. */
const MOST_LEFT_OUT = 10_000;

/** Hands out packed rows until the stream ends. Every document that fits a row is in exactly one. */
export class Packer {
  readonly #stream: Iterator<TokenizedExample>;
  #waiting: TokenizedExample[] = [];
  #read = 0;

  /** @param maxLength Tokens of a row; longer documents, and empty ones, are left out. */
  constructor(documents: Iterable<TokenizedExample>, readonly maxLength: number) {
    this.#stream = documents[Symbol.iterator]();
  }

  /**
   * The next `count` rows; fewer when the stream ends.
   *
   * @throws When a document trains nothing (its index is named), or none is left.
   */
  take(count: number): TokenizedExample[][] {
    const rows = Array.from({ length: count }, () => ({ room: this.maxLength, examples: [] as TokenizedExample[] }));
    const place = (example: TokenizedExample): boolean => {
      let best: (typeof rows)[number] | undefined;
      for (const row of rows) {
        if (row.room >= example.ids.length && (!best || row.room < best.room)) best = row;
      }
      best?.examples.push(example);
      if (best) best.room -= example.ids.length;
      return best !== undefined;
    };
    this.#waiting = this.#waiting.filter((example) => !place(example));
    while (this.#waiting.length < WAITING_ROOM) {
      const next = this.#next();
      if (next === null) break;
      if (!place(next)) this.#waiting.push(next);
    }
    const filled = rows.map((row) => row.examples).filter((examples) => examples.length > 0);
    if (filled.length === 0) {
      throw new Error(`the documents have run out after ${this.#read}: give more of them, or fewer maxSteps`);
    }
    return filled;
  }

  /** Documents read from the stream so far. */
  get read(): number {
    return this.#read;
  }

  /** Lets the stream end. */
  close(): void {
    this.#stream.return?.();
  }

  /** The next document that fits a row, or null at the end. */
  #next(): TokenizedExample | null {
    for (let leftOut = 0; leftOut < MOST_LEFT_OUT; leftOut++) {
      const { done, value } = this.#stream.next();
      if (done) return null;
      const index = this.#read++;
      if (value.ids.length === 0 || value.ids.length > this.maxLength) continue;
      if (value.lossMask.length !== value.ids.length) {
        throw new Error(`document ${index}: ${value.ids.length} ids but a loss mask of ${value.lossMask.length}`);
      }
      if (trainsNothing(value.lossMask)) {
        throw new Error(`document ${index}: every token is masked, so it would train nothing`);
      }
      return value;
    }
    throw new Error(
      `${MOST_LEFT_OUT} documents in a row, up to number ${this.#read}, are empty or longer than ${this.maxLength} ` +
        "tokens: raise maxLength or cut them",
    );
  }
}
