/**
 * A batch that requests join and leave at any time (continuous batching: Yu et al. 2022, Orca, OSDI), each with its own way
 * of choosing tokens. A long prompt is read in pieces between the steps of those that are written (Agrawal et al. 2023,
 * Sarathi, arXiv:2308.16369), and what prompts begin with is read once.
 */
import type { AdapterWeights } from "../adapter_weights.ts";
import type { CausalLM } from "../causal_lm.ts";
import { AdapterGroup, type BatchCounts } from "./adapter_group.ts";
import { type BatchEvent, type BatchHandle, BatchMember, type BatchRequest } from "./batch_member.ts";
import { Decoders } from "./decoders.ts";
import { prefillRows } from "./prefill.ts";
import { PrefixCache, unreadTokens } from "./prefix_cache.ts";

/** How much a batch takes on. */
export interface ContinuousBatchOptions {
  /** Compiled programs, which stay the caller's. Default: the batch's own. */
  decoders?: Decoders;
  /** Requests that are written at the same time, of all adapters together. Default 16. */
  maxRows?: number;
  /** Requests beyond those that may wait, for a row or for their reader. Default 64. */
  maxQueue?: number;
  /** Bytes of what was read that the model, and each adapter, may keep. Default 256 MB. */
  prefixCacheBytes?: number;
  /**
   * Tokens of prompts that are read at most between two steps of requests that are being written: their next tokens wait for
   * it, for about a quarter of a second at most. Default 512.
   */
  pieceTokens?: number;
}

/** How many requests are where. */
export interface BatchOccupation {
  /** Requests with a row. */
  active: number;
  /** Requests that wait for one, those whose prompt is being read included. */
  waiting: number;
  /** Requests that were set aside. */
  paused: number;
  /** Bytes of what was read that are kept. */
  prefixBytes: number;
}

/** As many requests wait as may. */
export class BatchFullError extends Error {
  override name = "BatchFullError";

  constructor(readonly waiting: number, readonly maxQueue: number) {
    super(`the batch is full: ${waiting} requests wait, and ${maxQueue} may`);
  }
}

/**
 * Requests of one model and its adapters, written together. What comes of a request is what `generate` gives for its prompt
 * alone with the same options and seed, whatever else is in the batch.
 *
 * Somebody has to call `step` again and again while it is `busy`; each call reads a piece of some prompts, or draws a token for
 * each row of one adapter. Adapters take turns. An error of one request ends that request alone.
 */
export class ContinuousBatch {
  readonly maxRows: number;
  readonly maxQueue: number;
  readonly counts: BatchCounts = {
    ...{ finished: 0, aborted: 0, failed: 0, promptTokens: 0, cachedTokens: 0, completionTokens: 0 },
    ...{ prefixLookups: 0, prefixHits: 0 },
  };
  readonly #decoders: Decoders;
  readonly #ownsDecoders: boolean;
  readonly #prefixCacheBytes: number;
  readonly #pieceTokens: number;
  /** Requests that have not ended. */
  readonly #members = new Set<BatchMember>();
  /** Those that wait for a row, in their order. */
  readonly #queue: BatchMember[] = [];
  /** The one whose turn it was last is at the end. */
  readonly #groups: AdapterGroup[] = [];

  /** @throws {RangeError} When an option is out of its range. */
  constructor(readonly model: CausalLM, options: ContinuousBatchOptions = {}) {
    this.maxRows = wholeFrom(1, "maxRows", options.maxRows ?? 16);
    this.maxQueue = wholeFrom(0, "maxQueue", options.maxQueue ?? 64);
    this.#pieceTokens = wholeFrom(1, "pieceTokens", options.pieceTokens ?? 512);
    this.#prefixCacheBytes = options.prefixCacheBytes ?? 256 * 1024 * 1024;
    this.#decoders = options.decoders ?? new Decoders(model);
    this.#ownsDecoders = options.decoders === undefined;
  }

  /**
   * Adds a request.
   *
   * @param onEvent Called during later steps with what comes of it; it must not throw. Last comes a completion or `failed`.
   * @throws {BatchFullError} When as many wait as may.
   * @throws When an option makes no sense for the model; the message names it.
   */
  add(request: BatchRequest, onEvent: (event: BatchEvent) => void): BatchHandle {
    // Who is about to leave keeps nobody out.
    const staying = this.#members.values().filter(({ wish }) => wish !== "abort").toArray().length;
    if (staying >= this.maxRows + this.maxQueue) {
      throw new BatchFullError(this.#members.size - this.#active, this.maxQueue);
    }
    const { config } = this.#decoders.of(request.adapter ?? null).model;
    const member = new BatchMember(config, request, onEvent);
    this.#members.add(member);
    this.#queue.push(member);
    return member;
  }

  /** Whether a step would do anything. */
  get busy(): boolean {
    return this.#queue.length > 0 || this.#groups.some(({ isIdle }) => !isIdle) ||
      this.#members.values().some(isDue);
  }

  get occupation(): BatchOccupation {
    const paused = this.#members.values().filter(({ state }) => state === "paused").toArray().length;
    const active = this.#active;
    const prefixBytes = this.#groups.reduce((sum, { prefixes }) => sum + prefixes.byteLength, 0);
    return { active, waiting: this.#members.size - active - paused, paused, prefixBytes };
  }

  /** Goes on by one step. Steps must not overlap. */
  async step(): Promise<void> {
    this.#followWishes();
    await this.#readNext();
    // Whose turn it was goes to the end.
    const turn = this.#groups.findIndex(({ isIdle }) => !isIdle);
    if (turn >= 0) {
      const [group] = this.#groups.splice(turn, 1);
      this.#groups.push(group);
      for (const member of (await group.step()).reverse()) {
        member.isAlone = true;
        this.#putBack(member);
      }
    }
    for (const member of this.#members) if (member.state === "ended") this.#members.delete(member);
  }

  /** Whether a request that has not ended is written with an adapter. */
  uses(adapter: AdapterWeights): boolean {
    return this.#members.values().some((member) => member.adapter === adapter);
  }

  /** Lets go of what is kept for an adapter that nobody uses, nor will. Must not overlap a step. */
  async release(adapter: AdapterWeights): Promise<void> {
    const at = this.#groups.findIndex((group) => group.adapter === adapter);
    if (at >= 0) await this.#groups.splice(at, 1)[0].dispose();
  }

  /** Ends all requests, which come to what they have, and frees what the engine holds. */
  async dispose(): Promise<void> {
    for (const member of this.#members) {
      if (member.state === "ended") continue;
      this.counts.aborted++;
      member.endAborted();
    }
    this.#members.clear();
    this.#queue.length = 0;
    for (const group of this.#groups.splice(0)) await group.dispose();
    if (this.#ownsDecoders) await this.#decoders.dispose();
  }

  get #active(): number {
    return this.#groups.reduce((sum, { activeRows }) => sum + activeRows, 0);
  }

  /** Aborts, sets aside and takes back what is to be. */
  #followWishes(): void {
    for (const member of [...this.#members].filter(isDue)) {
      const { state, wish, adapter } = member;
      if (state === "active") this.#groups.find((group) => group.adapter === adapter)!.leave([member]);
      if (state === "waiting") this.#queue.splice(this.#queue.indexOf(member), 1);
      if (wish === "go") this.#putBack(member);
      else if (wish === "pause") member.state = "paused";
      else {
        this.counts.aborted++;
        member.endAborted();
        this.#members.delete(member);
      }
    }
  }

  #putBack(member: BatchMember): void {
    member.state = "waiting";
    this.#queue.unshift(member);
  }

  /** Begins to read the first prompt of the queue where there is a row for it, and with it others that are like it. */
  async #readNext(): Promise<void> {
    const reading = this.#members.values().filter(({ state }) => state === "reading").toArray().length;
    const free = this.maxRows - this.#active - reading;
    if (this.#queue.length === 0 || free <= 0) return;
    const [first] = this.#queue;
    let group: AdapterGroup;
    try {
      group = await this.#groupOf(first.adapter);
    } catch (error) {
      this.#queue.shift();
      this.counts.failed++;
      return first.fail(error);
    }
    if (!group.takesPrompts) return;
    const chosen = readTogether(this.#queue, free, group.prefixes);
    for (const member of chosen) this.#queue.splice(this.#queue.indexOf(member), 1);
    group.read(chosen);
  }

  async #groupOf(adapter: AdapterWeights | null): Promise<AdapterGroup> {
    const known = this.#groups.find((group) => group.adapter === adapter);
    if (known) return known;
    const decoder = this.#decoders.of(adapter);
    // Of its own accord each row says at which temperature.
    const policy = await decoder.policy(adapter, 1);
    const prefixes = new PrefixCache({ maxBytes: this.#prefixCacheBytes });
    const group = new AdapterGroup(adapter, decoder, policy, prefixes, {
      maxRows: this.maxRows,
      pieceTokens: this.#pieceTokens,
      isAwaited: () => this.#active > 0,
      counts: this.counts,
    });
    this.#groups.push(group);
    return group;
  }
}

/** Whether a request is not where its caller wants it. */
function isDue({ state, wish }: BatchMember): boolean {
  if (state === "ended") return false;
  return wish === "abort" || (wish === "pause") !== (state === "paused");
}

/** Requests of which this much more is padded than read would better be read apart. */
const PADDED_SHARE = 0.25;

/** Padding that is no matter. */
const PADDED_TOKENS = 16;

/** The first of the queue, and others of its adapter whose prompts have about as many tokens to read. */
function readTogether(queue: readonly BatchMember[], free: number, prefixes: PrefixCache): BatchMember[] {
  const [first] = queue;
  const chosen = [first];
  if (first.isAlone) return chosen;
  const unread = ({ sequence }: BatchMember) => unreadTokens(sequence.contextIds, prefixes);
  let [shortest, longest] = [unread(first), unread(first)];
  for (const member of queue.slice(1)) {
    if (chosen.length >= Math.min(free, prefillRows(longest))) break;
    if (member.adapter !== first.adapter || member.isAlone) continue;
    const own = unread(member);
    const [low, high] = [Math.min(shortest, own), Math.max(longest, own)];
    if (high - low > Math.max(PADDED_TOKENS, PADDED_SHARE * high) || chosen.length >= prefillRows(high)) continue;
    [shortest, longest] = [low, high];
    chosen.push(member);
  }
  return chosen;
}

function wholeFrom(least: number, name: string, value: number): number {
  if (Number.isInteger(value) && value >= least) return value;
  throw new RangeError(`${name}: expected a whole number from ${least}, got ${value}`);
}
