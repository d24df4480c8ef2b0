/** The rows of a batch that are being decoded, whoever decides what joins them and when. */
import type { Decoder, Policy } from "./decoder.ts";
import { createDrawer } from "./drawer.ts";
import type { Drawer, DrawnToken } from "./draws.ts";
import type { JoiningRow, KvCache } from "./kv_cache.ts";
import type { PrefilledPrompt } from "./prefill.ts";
import type { PrefixCache } from "./prefix_cache.ts";
import type { Sequence, TakenToken } from "./sequence.ts";

/** Who hears of a batch's tokens. */
export interface BatchListener {
  /** A sequence took a token; with a completion it has left the batch. */
  took(sequence: Sequence, taken: TakenToken): void;
  /** No token could be drawn for a sequence, and it has left the batch. What this throws ends the step. */
  failed(sequence: Sequence, error: Error): void;
}

/** Sequences that go on from a prompt that was read. */
export interface BeginningSequences {
  prefilled: PrefilledPrompt;
  sequences: readonly Sequence[];
}

/**
 * Rows over one cache and one policy. What a method throws has left the rows as they cannot be used any more: dispose them.
 */
export class BatchRows {
  /** The sequence of each row of the cache. */
  readonly #active: Sequence[] = [];
  readonly #drawer: Drawer;
  readonly #cache: KvCache;
  readonly #counts: Int32Array;
  readonly #ids: BigInt64Array<ArrayBuffer>;
  readonly #chosen: BigInt64Array<ArrayBuffer>;
  readonly #inverseTemperatures: Float32Array<ArrayBuffer>;

  constructor(
    readonly decoder: Decoder,
    readonly policy: Policy,
    readonly maxRows: number,
    readonly prefixes: PrefixCache | null,
    readonly listener: BatchListener,
    drawer = createDrawer(decoder),
  ) {
    this.#drawer = drawer;
    this.#cache = decoder.cache(maxRows);
    this.#counts = new Int32Array(maxRows).fill(1);
    this.#ids = new BigInt64Array(maxRows);
    this.#chosen = BigInt64Array.from({ length: maxRows }, (_, row) => BigInt(row));
    this.#inverseTemperatures = new Float32Array(maxRows);
  }

  /** The sequences that are being decoded. */
  get active(): readonly Sequence[] {
    return this.#active;
  }

  /** Rows that are free. */
  get free(): number {
    return this.maxRows - this.#active.length;
  }

  /**
   * Draws the first tokens of sequences from what was read; those that go on become rows.
   *
   * @param next Given the number of free rows, at most so many sequences of one prompt, or null. What was read is released by
   *   the caller.
   */
  async begin(next: (free: number) => BeginningSequences | null): Promise<void> {
    const joining: JoiningRow[] = [];
    while (this.free > 0) {
      const beginning = next(this.free);
      if (!beginning) break;
      const { prefilled, sequences } = beginning;
      const draws = sequences.map((stream) => ({ stream, row: prefilled.scoreRow }));
      const drawn = await this.#drawer.draw(prefilled.scores, draws);
      sequences.forEach((sequence, i) => {
        if (this.#leaves(sequence, drawn[i], prefilled)) return;
        joining.push(prefilled);
        this.#active.push(sequence);
      });
    }
    await this.#cache.join(joining);
  }

  /** Draws one token for every row. */
  async decode(): Promise<void> {
    const rows = this.#active.length;
    this.#active.forEach((sequence, row) => {
      this.#ids[row] = BigInt(sequence.lastToken);
      this.#inverseTemperatures[row] = sequence.inverseTemperature;
    });
    const scores = await this.decoder.run(this.policy, this.#cache, {
      tokens: 1,
      ids: this.#ids.subarray(0, rows),
      counts: this.#counts,
      chosen: this.#chosen.subarray(0, rows),
      inverseTemperatures: this.#inverseTemperatures.subarray(0, rows),
    });
    let drawn: (DrawnToken | Error)[];
    try {
      drawn = await this.#drawer.draw(scores, this.#active.map((stream, row) => ({ stream, row })));
    } finally {
      scores.dispose();
    }
    const left = drawn.flatMap((token, row) =>
      this.#leaves(this.#active[row], token, { cache: this.#cache, row }) ? [row] : []
    );
    this.#removeRows(left);
  }

  /** Takes sequences out of the batch; what they have read is kept for prompts that begin with it. */
  remove(sequences: ReadonlySet<Sequence>): void {
    const rows = [...this.#active.keys()].filter((row) => sequences.has(this.#active[row]));
    for (const row of rows) this.#keep(this.#active[row], { cache: this.#cache, row });
    this.#removeRows(rows);
  }

  /** Lets go of what the engine holds. */
  dispose(): void {
    this.#active.length = 0;
    this.#cache.dispose();
  }

  /** Gives a sequence what was drawn for it; returns whether it does not go on. */
  #leaves(sequence: Sequence, drawn: DrawnToken | Error, place: JoiningRow): boolean {
    if (drawn instanceof Error) {
      this.listener.failed(sequence, drawn);
      return true;
    }
    const taken = sequence.take(drawn);
    if (taken.completion) this.#keep(sequence, place);
    this.listener.took(sequence, taken);
    return taken.completion !== null;
  }

  /** Keeps what a sequence read, for prompts that begin with it. Its last token was never read. */
  #keep(sequence: Sequence, { cache, row }: JoiningRow): void {
    this.prefixes?.keep(
      cache,
      row,
      sequence.contextIds.slice(0, sequence.promptIds.length + sequence.tokenIds.length - 1),
    );
  }

  /** @param rows In ascending order. */
  #removeRows(rows: readonly number[]): void {
    // From the end, since the last row takes a removed row's place.
    for (const row of rows.toReversed()) {
      this.#cache.remove(row);
      const last = this.#active.pop()!;
      if (row < this.#active.length) this.#active[row] = last;
    }
  }
}
