/**
 * Keys and values of what was read and written before, for prompts that begin like it: the next turn of an episode begins
 * with the one before it, and reads only what is new (prefix caching: Kwon et al. 2023, PagedAttention, arXiv:2309.06180).
 */
import type { AdapterWeights } from "../adapter_weights.ts";
import type { CausalLM } from "../causal_lm.ts";
import type { JoiningRow, KeptRow, KvCache } from "./kv_cache.ts";

/** How much to keep. */
export interface PrefixCacheOptions {
  /** Bytes of keys and values in all; what was not used for longest goes first. Default 256 MB. */
  maxBytes?: number;
}

interface KeptPrefix {
  /** The tokens that were read. */
  ids: readonly number[];
  row: KeptRow;
}

/**
 * Hand one to `generate` at each call that may go on from an earlier one. It belongs to one state of one policy: make a new
 * one when weights or factors have changed. It holds plain arrays of this process and needs no disposing.
 *
 * Where the model's engine keeps its tensors elsewhere (WebGPU) nothing is kept, and prompts are read whole.
 */
export class PrefixCache {
  readonly maxBytes: number;
  /** Bytes kept now. */
  byteLength = 0;
  /** What was used last is at the end. */
  readonly #kept: KeptPrefix[] = [];
  #policy: { model: CausalLM; adapter: AdapterWeights | null } | null = null;

  /** @throws {RangeError} when `maxBytes` is negative or no number */
  constructor({ maxBytes = 256 * 1024 * 1024 }: PrefixCacheOptions = {}) {
    if (!(maxBytes >= 0)) throw new RangeError(`maxBytes: expected a number from 0, got ${maxBytes}`);
    this.maxBytes = maxBytes;
  }

  /**
   * Says who reads. Called by `generate`.
   *
   * @throws When it was another model or adapter before: their keys and values are not these.
   */
  usedBy(model: CausalLM, adapter: AdapterWeights | null): void {
    this.#policy ??= { model, adapter };
    if (this.#policy.model === model && this.#policy.adapter === adapter) return;
    throw new Error("prefixCache: it was filled by another model or adapter: make one for each");
  }

  /**
   * The longest beginning of a prompt that is kept, or null. The prompt's last token is never part of it: what follows it is
   * only known by reading it.
   */
  find(promptIds: readonly number[]): Required<JoiningRow> | null {
    let [longest, length] = [-1, 0];
    for (const [index, { ids }] of this.#kept.entries()) {
      const shared = sharedLength(ids, promptIds, promptIds.length - 1);
      if (shared > length) [longest, length] = [index, shared];
    }
    if (longest < 0) return null;
    const [found] = this.#kept.splice(longest, 1);
    this.#kept.push(found);
    return { cache: found.row.cache, row: found.row.row, length };
  }

  /** Keeps a row of a cache, as far as nothing that is kept begins with the same. */
  keep(cache: KvCache, row: number, ids: readonly number[]): void {
    // A row that goes on from a kept one takes its place.
    for (let index = this.#kept.length - 1; index >= 0; index--) {
      const kept = this.#kept[index].ids;
      const shared = sharedLength(kept, ids, Infinity);
      if (shared === ids.length) return;
      if (shared === kept.length) this.#drop(index);
    }
    const copy = cache.copyRow(row, this.maxBytes);
    if (copy === null) return;
    this.#kept.push({ ids, row: copy });
    this.byteLength += copy.byteLength;
    while (this.byteLength > this.maxBytes) this.#drop(0);
  }

  #drop(index: number): void {
    const [{ row }] = this.#kept.splice(index, 1);
    this.byteLength -= row.byteLength;
  }
}

/** How many tokens of a prompt have to be read. */
export function unreadTokens(promptIds: readonly number[], prefixes: PrefixCache | null): number {
  return promptIds.length - (prefixes?.find(promptIds)?.length ?? 0);
}

/** How many tokens two texts have in common at their beginning, `most` at most. */
export function sharedLength(one: readonly number[], other: readonly number[], most: number): number {
  const end = Math.min(one.length, other.length, most);
  let shared = 0;
  while (shared < end && one[shared] === other[shared]) shared++;
  return shared;
}
