/** The requests of one adapter, or of the model alone: rows that are decoded, and prompts that are being read for them. */
import type { AdapterWeights } from "../adapter_weights.ts";
import type { BatchMember } from "./batch_member.ts";
import { type BatchListener, BatchRows, type BeginningSequences } from "./batch_rows.ts";
import type { Decoder, Policy } from "./decoder.ts";
import { createDrawer } from "./drawer.ts";
import type { Drawer } from "./draws.ts";
import { type PrefilledPrompt, readPrompts } from "./prefill.ts";
import type { PrefixCache } from "./prefix_cache.ts";
import type { Sequence, TakenToken } from "./sequence.ts";

/** What a batch counts. */
export interface BatchCounts {
  /** Requests by what became of them. */
  finished: number;
  aborted: number;
  failed: number;
  /** Tokens of prompts, of them those that had been read before, and tokens drawn. */
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
  /** Prompts that were looked up among what was read before, and those of which something was found. */
  prefixLookups: number;
  prefixHits: number;
}

/** Prompts that are being read together. Those whose request has left meanwhile are read to the end with the others. */
interface Reading {
  readonly members: readonly BatchMember[];
  /** What is read for each: a request that left and came back may be further by now. */
  readonly contexts: readonly (readonly number[])[];
  readonly pieces: AsyncGenerator<number, PrefilledPrompt[]>;
  /** Whether a piece was read, and there is more. */
  isLong: boolean;
}

/** How long the next token of requests that are written may wait for a piece of others' prompts. */
const PIECE_MILLISECONDS = 250;

/** Tokens of the first piece, before it is known how long they take. */
const FIRST_PIECE = 128;

/** Long prompts that are read in turns with others. */
const MOST_READINGS = 4;

/** One policy's share of a batch. */
export class AdapterGroup implements BatchListener {
  readonly #drawer: Drawer;
  /** The requests that have rows. */
  readonly #members = new Map<Sequence, BatchMember>();
  /** Null while there are none: an idle group holds no cache. */
  #rows: BatchRows | null = null;
  /** The one whose turn it is comes first. */
  readonly #readings: Reading[] = [];
  /** Reading and decoding take turns, so that neither waits for all of the other. */
  #readsNext = true;
  /** For each token that is read, as it last was. */
  #milliseconds = PIECE_MILLISECONDS / FIRST_PIECE;

  constructor(
    readonly adapter: AdapterWeights | null,
    readonly decoder: Decoder,
    readonly policy: Policy,
    readonly prefixes: PrefixCache,
    readonly options: {
      maxRows: number;
      /** Tokens that a piece may have at most. */
      pieceTokens: number;
      /** Whether anybody's next token waits for what is read. */
      isAwaited: () => boolean;
      counts: BatchCounts;
    },
  ) {
    this.#drawer = createDrawer(decoder);
  }

  /** Rows that are decoded. */
  get activeRows(): number {
    return this.#members.size;
  }

  /** Whether other prompts may be read now: a long one does not keep them waiting, and several wait to be read together. */
  get takesPrompts(): boolean {
    return this.#readings.length < MOST_READINGS && this.#readings.every(({ isLong }) => isLong);
  }

  get isIdle(): boolean {
    return this.activeRows === 0 && this.#readings.length === 0;
  }

  /** Begins to read the prompts of requests, or what paused ones had come to. */
  read(members: readonly BatchMember[]): void {
    const contexts = members.map(({ sequence }) => sequence.contextIds);
    const pieces = readPrompts(this.decoder, this.policy, contexts, {
      prefixes: this.prefixes,
      inverseTemperatures: members.map(({ sequence }) => sequence.inverseTemperature),
      pieceTokens: () => this.#pieceTokens(),
    });
    const reading: Reading = { members, contexts, pieces, isLong: false };
    for (const member of members) {
      member.state = "reading";
      member.reading = reading;
    }
    this.#readings.unshift(reading);
    this.#readsNext = true;
  }

  /** Takes requests out of their rows. */
  leave(members: readonly BatchMember[]): void {
    const sequences = new Set(members.map(({ sequence }) => sequence));
    this.#rows?.remove(sequences);
    sequences.forEach((sequence) => this.#members.delete(sequence));
  }

  /**
   * Reads a piece of prompts, or draws a token for each row.
   *
   * @returns Requests whose prompts are to be read again, each alone: reading them together failed, and one may be at fault.
   */
  async step(): Promise<BatchMember[]> {
    let again: BatchMember[] = [];
    const reads = this.#readings.length > 0 && (this.#readsNext || this.activeRows === 0);
    if (reads) again = await this.#readOn(this.#readings.shift()!);
    else if (this.activeRows > 0) await this.#withRows((rows) => rows.decode());
    this.#readsNext = !this.#readsNext;
    if (this.isIdle) this.#dropRows();
    return again;
  }

  took(sequence: Sequence, { token, completion }: TakenToken): void {
    const member = this.#members.get(sequence)!;
    const { counts } = this.options;
    counts.completionTokens++;
    member.onEvent(token);
    if (!completion) return;
    counts.finished++;
    this.#members.delete(sequence);
    member.state = "ended";
    member.onEvent({ kind: "completion", completion });
  }

  failed(sequence: Sequence, error: Error): void {
    const member = this.#members.get(sequence)!;
    this.#members.delete(sequence);
    this.#fail(member, error.cause ?? error);
  }

  /** Lets go of what the engine holds. Requests are told nothing. */
  async dispose(): Promise<void> {
    for (const { pieces } of this.#readings.splice(0)) await pieces.return([]);
    this.#dropRows();
    this.policy.dispose();
  }

  #pieceTokens(): number {
    const { isAwaited, pieceTokens } = this.options;
    return isAwaited() ? Math.min(pieceTokens, Math.floor(PIECE_MILLISECONDS / this.#milliseconds)) : Infinity;
  }

  async #readOn(reading: Reading): Promise<BatchMember[]> {
    const startedAt = performance.now();
    const wanted = () => reading.members.filter((member) => isReadBy(member, reading));
    let prompts: PrefilledPrompt[];
    try {
      // All that wanted it may have left.
      const read = await (wanted().length > 0 ? reading.pieces.next() : reading.pieces.return([]));
      if (!read.done) {
        this.#milliseconds = (performance.now() - startedAt) / read.value;
        reading.isLong = true;
        this.#readings.push(reading);
        return [];
      }
      prompts = read.value;
    } catch (error) {
      if (reading.members.length === 1) {
        wanted().forEach((member) => this.#fail(member, error));
        return [];
      }
      return wanted();
    }
    try {
      await this.#withRows((rows) => this.#begin(rows, reading, prompts), wanted);
    } finally {
      prompts.forEach((prompt) => prompt.release());
    }
    return [];
  }

  /** Makes rows of requests whose prompts were read. */
  async #begin(rows: BatchRows, reading: Reading, prompts: readonly PrefilledPrompt[]): Promise<void> {
    const beginnings: BeginningSequences[] = [];
    for (const [at, prefilled] of prompts.entries()) {
      const member = reading.members[at];
      // Others may begin like it before it ends.
      this.prefixes.keep(prefilled.cache, prefilled.row, reading.contexts[at]);
      if (!isReadBy(member, reading)) continue;
      this.#start(member, prefilled.cachedTokens);
      beginnings.push({ prefilled, sequences: [member.sequence] });
    }
    await rows.begin(() => beginnings.shift() ?? null);
  }

  #start(member: BatchMember, cachedTokens: number): void {
    member.state = "active";
    this.#members.set(member.sequence, member);
    if (member.hasStarted) return;
    member.hasStarted = true;
    const promptTokens = member.sequence.promptIds.length;
    const { counts } = this.options;
    counts.promptTokens += promptTokens;
    counts.cachedTokens += cachedTokens;
    counts.prefixLookups++;
    if (cachedTokens > 0) counts.prefixHits++;
    member.onEvent({ kind: "start", promptTokens, cachedTokens });
  }

  /**
   * Does something with all rows. Where that fails, it has failed for all of them.
   *
   * @param joining Requests that have no row yet although it was to make them one.
   */
  async #withRows(work: (rows: BatchRows) => Promise<void>, joining: () => BatchMember[] = () => []): Promise<void> {
    try {
      this.#rows ??= new BatchRows(this.decoder, this.policy, this.options.maxRows, this.prefixes, this, this.#drawer);
      await work(this.#rows);
    } catch (error) {
      this.#dropRows();
      const members = [...this.#members.values(), ...joining()];
      this.#members.clear();
      members.forEach((member) => this.#fail(member, error));
    }
  }

  #fail(member: BatchMember, cause: unknown): void {
    this.options.counts.failed++;
    member.fail(cause);
  }

  #dropRows(): void {
    this.#rows?.dispose();
    this.#rows = null;
  }
}

/** Whether a request still waits for what is being read. */
function isReadBy({ state, reading: current }: BatchMember, reading: Reading): boolean {
  return state === "reading" && current === reading;
}
