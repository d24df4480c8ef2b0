import type { Chunk } from "../chunk/mod.ts";

/** A passage that one way of looking found. */
export interface FoundPassage {
  chunk: Chunk;
  /** Higher is better. */
  score: number;
}

/** The best first; equal scores by id, so that the same search gives the same order. */
export function byScore(one: FoundPassage, other: FoundPassage): number {
  return other.score - one.score || (one.chunk.id < other.chunk.id ? -1 : one.chunk.id > other.chunk.id ? 1 : 0);
}

/**
 * A score of float32 without the digits that hang on the order in which LanceDB added it up: that changes with the limit and with
 * how the rows are cut up into files, and passages that say the same have to have the same score.
 */
export function steadyScore(score: number): number {
  return Math.round(score * 1e4) / 1e4;
}

/**
 * The best `limit` passages in a fixed order. Of passages with one score LanceDB returns whichever it met first, so when the
 * limit falls among such, more are asked for until all of them are there.
 *
 * @param find Finds so many, in any order.
 * @throws {RangeError} when the limit is not a whole number above 0
 */
export async function steadyTop(
  limit: number,
  find: (count: number) => Promise<FoundPassage[]>,
): Promise<FoundPassage[]> {
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw new RangeError(`limit: expected a whole number above 0, got ${limit}`);
  }
  for (let count = limit + 8;; count *= 2) {
    const found = (await find(count)).sort(byScore);
    if (found.length < count || found[count - 1].score < found[limit - 1].score) return found.slice(0, limit);
  }
}
