/**
 * Keeps a batch full: rows whose completion ended leave it, and waiting completions join it, so that no row waits for the
 * longest (continuous batching: Yu et al. 2022, Orca, OSDI). Completions of one prompt share its prefill.
 */
import { type BatchListener, BatchRows } from "./batch_rows.ts";
import type { Decoder, Policy } from "./decoder.ts";
import type { GenerationEvent, GenerationSettings } from "./options.ts";
import { prefill, type PrefilledPrompt, prefillRows } from "./prefill.ts";
import { type PrefixCache, unreadTokens } from "./prefix_cache.ts";
import { Sequence, type TakenToken } from "./sequence.ts";

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

/** One generation: all prompts are known from the start. Call `step` until it is `done`. */
export class Scheduler implements BatchListener {
  readonly #maxRows: number;
  readonly #rows: BatchRows;
  /** Those with most to read first: prompts read together are of similar lengths. */
  readonly #waiting: WaitingPrompt[];
  #events: GenerationEvent[] = [];
  #filling = true;

  constructor(
    readonly decoder: Decoder,
    readonly policy: Policy,
    readonly settings: GenerationSettings,
    readonly prefixes: PrefixCache | null = null,
  ) {
    this.#waiting = waitingPrompts(settings, prefixes);
    this.#maxRows = Math.min(settings.maxBatchRows, settings.prompts.length * settings.samples);
    this.#rows = new BatchRows(decoder, policy, this.#maxRows, prefixes, this);
  }

  /** Whether every completion has ended. */
  get done(): boolean {
    return this.#waiting.length === 0 && this.#rows.active.length === 0;
  }

  /** Reads waiting prompts, or draws one token for every row of the batch. */
  async step(): Promise<GenerationEvent[]> {
    this.#events = [];
    const { free } = this.#rows;
    if (this.#waiting.length === 0 || free === 0) this.#filling = false;
    else if (free >= this.#maxRows * REFILL_SHARE) this.#filling = true;
    if (this.#filling) await this.#admit();
    else await this.#rows.decode();
    return this.#events;
  }

  took(_sequence: Sequence, { token, completion }: TakenToken): void {
    this.#events.push(token);
    if (completion) this.#events.push({ kind: "completion", completion });
  }

  failed(_sequence: Sequence, error: Error): void {
    throw error;
  }

  /** Ends everything; what was drawn so far is kept. */
  abort(): GenerationEvent[] {
    const sequences = [...this.#rows.active, ...this.#waiting.flatMap((prompt) => prompt.sequences)];
    this.dispose();
    return sequences.map((sequence) => ({ kind: "completion", completion: sequence.complete("aborted") }));
  }

  /** Lets go of what the engine holds. */
  dispose(): void {
    for (const { prefilled } of this.#waiting) prefilled?.release();
    this.#waiting.length = 0;
    this.#rows.dispose();
  }

  async #admit(): Promise<void> {
    if (!this.#waiting[0].prefilled) await this.#prefillNext();
    const begun: PrefilledPrompt[] = [];
    try {
      await this.#rows.begin((free) => {
        const [first] = this.#waiting;
        if (!first?.prefilled) return null;
        const { prefilled } = first;
        // All samples of a prompt draw their first token from the same scores.
        const sequences = first.sequences.splice(0, free);
        if (first.sequences.length === 0) {
          this.#waiting.shift();
          begun.push(prefilled);
        }
        return { prefilled, sequences };
      });
    } finally {
      begun.forEach((prompt) => prompt.release());
    }
  }

  /** Reads as many prompts as there are free rows for, and as fit one run of the programs. */
  async #prefillNext(): Promise<void> {
    let longest = 0;
    let { free } = this.#rows;
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
