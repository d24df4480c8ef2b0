/**
 * Keeps a batch full: rows whose completion ended leave it, and waiting completions join it, so that no row waits for the
 * longest (continuous batching: Yu et al. 2022, Orca, OSDI). Completions of one prompt share its prefill.
 */
import type { Decoder, Policy } from "./decoder.ts";
import { createDrawer } from "./drawer.ts";
import type { Drawer, DrawnToken } from "./draws.ts";
import type { JoiningRow, KvCache } from "./kv_cache.ts";
import type { GenerationEvent, GenerationSettings } from "./options.ts";
import { prefill, type PrefilledPrompt, prefillRows } from "./prefill.ts";
import type { PrefixCache } from "./prefix_cache.ts";
import { Sequence } from "./sequence.ts";

/** Completions that wait for a row, all of the same prompt. */
interface WaitingPrompt {
  promptIds: readonly number[];
  /** Tokens of it that had to be read when it came. */
  unread: number;
  sequences: Sequence[];
  prefilled: PrefilledPrompt | null;
}

/** New rows join once this share of the batch is free: prompts that are read together cost less. */
const REFILL_SHARE = 1 / 8;

/** One generation. Call `step` until it is `done`. */
export class Scheduler {
  readonly #drawer: Drawer;
  readonly #cache: KvCache;
  readonly #maxRows: number;
  /** Those with most to read first: prompts read together are of similar lengths. */
  readonly #waiting: WaitingPrompt[];
  /** The sequence of each row of the cache. */
  readonly #active: Sequence[] = [];
  readonly #counts: Int32Array;
  readonly #ids: BigInt64Array<ArrayBuffer>;
  readonly #chosen: BigInt64Array<ArrayBuffer>;
  #filling = true;

  constructor(
    readonly decoder: Decoder,
    readonly policy: Policy,
    readonly settings: GenerationSettings,
    readonly prefixes: PrefixCache | null = null,
  ) {
    this.#waiting = waitingPrompts(settings, prefixes);
    this.#maxRows = Math.min(settings.maxBatchRows, settings.prompts.length * settings.samples);
    this.#drawer = createDrawer(decoder, policy, settings);
    this.#cache = decoder.cache(this.#maxRows);
    this.#counts = new Int32Array(this.#maxRows).fill(1);
    this.#ids = new BigInt64Array(this.#maxRows);
    this.#chosen = BigInt64Array.from({ length: this.#maxRows }, (_, row) => BigInt(row));
  }

  /** Whether every completion has ended. */
  get done(): boolean {
    return this.#waiting.length === 0 && this.#active.length === 0;
  }

  /** Reads waiting prompts, or draws one token for every row of the batch. */
  async step(): Promise<GenerationEvent[]> {
    const events: GenerationEvent[] = [];
    const free = this.#maxRows - this.#active.length;
    if (this.#waiting.length === 0 || free === 0) this.#filling = false;
    else if (free >= this.#maxRows * REFILL_SHARE) this.#filling = true;
    if (this.#filling) await this.#admit(events);
    else await this.#decode(events);
    return events;
  }

  /** Ends everything; what was drawn so far is kept. */
  abort(): GenerationEvent[] {
    const sequences = [...this.#active, ...this.#waiting.flatMap((prompt) => prompt.sequences)];
    this.#active.length = 0;
    this.#releaseWaiting();
    return sequences.map((sequence) => ({ kind: "completion", completion: sequence.complete("aborted") }));
  }

  /** Lets go of what the engine holds. */
  dispose(): void {
    this.#releaseWaiting();
    this.#cache.dispose();
  }

  #releaseWaiting(): void {
    for (const { prefilled } of this.#waiting) prefilled?.release();
    this.#waiting.length = 0;
  }

  async #admit(events: GenerationEvent[]): Promise<void> {
    if (!this.#waiting[0].prefilled) await this.#prefillNext();
    const joining: JoiningRow[] = [];
    const admitted: PrefilledPrompt[] = [];
    try {
      while (this.#waiting.length > 0 && this.#active.length < this.#maxRows) {
        const { prefilled, sequences } = this.#waiting[0];
        if (!prefilled) break;
        // All samples of a prompt draw their first token from the same scores.
        const next = sequences.splice(0, this.#maxRows - this.#active.length);
        const draws = next.map((stream) => ({ stream, row: prefilled.scoreRow }));
        const drawn = await this.#drawer.draw(prefilled.scores, draws);
        next.forEach((sequence, i) => {
          if (sequence.take(drawn[i], events)) return this.#keep(sequence, prefilled);
          joining.push(prefilled);
          this.#active.push(sequence);
        });
        if (sequences.length > 0) continue;
        this.#waiting.shift();
        admitted.push(prefilled);
      }
      await this.#cache.join(joining);
    } finally {
      admitted.forEach((prompt) => prompt.release());
    }
  }

  /** Reads as many prompts as there are free rows for, and as fit one run of the programs. */
  async #prefillNext(): Promise<void> {
    let longest = 0;
    let free = this.#maxRows - this.#active.length;
    const next: WaitingPrompt[] = [];
    for (const prompt of this.#waiting) {
      // Since the prompts were sorted, something of it may have been dropped or added.
      longest = Math.max(longest, unreadTokens(prompt.promptIds, this.prefixes));
      if (free <= 0 || next.length >= prefillRows(longest)) break;
      next.push(prompt);
      free -= prompt.sequences.length;
    }
    const read = await prefill(this.decoder, this.policy, next.map((prompt) => prompt.promptIds), this.prefixes);
    next.forEach((prompt, position) => prompt.prefilled = read[position]);
  }

  /** Keeps what a sequence that has ended read, for prompts that begin with it. Its last token was never read. */
  #keep({ promptIndex, tokenIds }: Sequence, { cache, row }: JoiningRow): void {
    this.prefixes?.keep(cache, row, [...this.settings.prompts[promptIndex], ...tokenIds.slice(0, -1)]);
  }

  async #decode(events: GenerationEvent[]): Promise<void> {
    const rows = this.#active.length;
    for (let row = 0; row < rows; row++) this.#ids[row] = BigInt(this.#active[row].lastToken);
    const scores = await this.decoder.run(this.policy, this.#cache, {
      tokens: 1,
      ids: this.#ids.subarray(0, rows),
      counts: this.#counts,
      chosen: this.#chosen.subarray(0, rows),
    });
    let drawn: DrawnToken[];
    try {
      drawn = await this.#drawer.draw(scores, this.#active.map((stream, row) => ({ stream, row })));
    } finally {
      scores.dispose();
    }
    const ended = drawn.flatMap((token, row) => this.#active[row].take(token, events) ? [row] : []);
    // From the end, since the last row takes a removed row's place.
    for (const row of ended.reverse()) {
      this.#keep(this.#active[row], { cache: this.#cache, row });
      this.#cache.remove(row);
      const last = this.#active.pop()!;
      if (row < this.#active.length) this.#active[row] = last;
    }
  }
}

/** Equal prompts wait together, whichever their index. */
function waitingPrompts(settings: GenerationSettings, prefixes: PrefixCache | null): WaitingPrompt[] {
  const byIds = new Map<string, WaitingPrompt>();
  settings.prompts.forEach((promptIds, promptIndex) => {
    const key = promptIds.join();
    let waiting = byIds.get(key);
    if (!waiting) {
      const unread = unreadTokens(promptIds, prefixes);
      byIds.set(key, waiting = { promptIds, unread, sequences: [], prefilled: null });
    }
    for (let sampleIndex = 0; sampleIndex < settings.samples; sampleIndex++) {
      waiting.sequences.push(new Sequence(settings, promptIndex, sampleIndex));
    }
  });
  return [...byIds.values()].sort((a, b) => b.unread - a.unread);
}

function unreadTokens(promptIds: readonly number[], prefixes: PrefixCache | null): number {
  return promptIds.length - (prefixes?.find(promptIds)?.length ?? 0);
}
