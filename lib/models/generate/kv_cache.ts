/** The keys and values of all tokens that a batch's rows have read, wherever they are kept. */
import type { DeviceTensor } from "../../engine/mod.ts";
import type { CacheForm } from "./layer_cache.ts";

/** Capacity grows by this many tokens: each growth moves the cache, each spare token is computed in vain. */
export const CAPACITY_STEP = 32;

/** New tokens for every row of a cache. */
export interface DecodeStep {
  /** New tokens a row, padding included. */
  tokens: number;
  /** [rows, tokens], padded on the right with any token. */
  ids: BigInt64Array;
  /** How many of a row's new tokens are real, [rows]. */
  counts: Int32Array;
  /** Where to compute the next token's scores: row * tokens + token. At least one. */
  chosen: BigInt64Array;
  /**
   * 1 / temperature of the probabilities at each of them, [chosen], where a program computes those. Default: the policy's.
   */
  inverseTemperatures?: Float32Array;
}

/** What a step's programs are fed with. */
export interface StepFeeds {
  /** Which programs they are. */
  form: CacheForm;
  /** The cache's own tensors, which stay. */
  cache: Readonly<Record<string, DeviceTensor>>;
  /** Tensors of this step alone, to be disposed after it. */
  step: Readonly<Record<string, DeviceTensor>>;
}

/** A row of another cache that becomes a row of this one. */
export interface JoiningRow {
  cache: KvCache;
  row: number;
  /** Only so many of its tokens, the first. Default: all. */
  length?: number;
}

/** A row that was copied out of a cache. */
export interface KeptRow extends JoiningRow {
  byteLength: number;
}

/**
 * A batch's cache. Rows are numbered from 0 and dense; they come and go while others stay.
 *
 * A step is `feeds`, a run of the programs, and `take`; nothing else may happen to the cache in between.
 */
export interface KvCache {
  readonly rows: number;
  /** Tokens in each row, [maxRows]. */
  readonly lengths: Int32Array;
  /** Makes ready for a step. */
  feeds(step: DecodeStep): Promise<StepFeeds>;
  /** Keeps the new keys and values that the programs gave out for it: from here on, their tensors are the cache's. */
  take(form: CacheForm, step: DecodeStep, outputs: Readonly<Record<string, DeviceTensor>>): Promise<void>;
  /** Adds rows that hold copies of other caches' rows, behind those that are there. */
  join(rows: readonly JoiningRow[]): Promise<void>;
  /**
   * A copy of a row, to begin others with after this cache is gone. It holds nothing of the engine's. Null where it would
   * have more bytes than that, and where rows cannot be copied alone.
   */
  copyRow(row: number, maxBytes: number): KeptRow | null;
  /** Removes a row. The last row takes its number. */
  remove(row: number): void;
  /** Lets go of what the engine holds for it. */
  dispose(): void;
}

/** The positions of new tokens, int64 [rows, tokens], each row's behind its own `lengths`. */
export function newPositions(
  lengths: ArrayLike<number>,
  rows: number,
  tokens: number,
  maxPositions: number,
): BigInt64Array<ArrayBuffer> {
  const positions = new BigInt64Array(rows * tokens);
  for (let row = 0; row < rows; row++) {
    for (let token = 0; token < tokens; token++) {
      // Padding may lie beyond the last position that the model has.
      positions[row * tokens + token] = BigInt(Math.min(lengths[row] + token, maxPositions - 1));
    }
  }
  return positions;
}
