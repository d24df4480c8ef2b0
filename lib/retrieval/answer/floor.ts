/** What a result has to reach to be evidence at all. */
import type { SearchResult } from "../search/mod.ts";

/**
 * The least score. A number is a floor of the result's own `score`, which means something within one way of searching
 * only. With several parts, a result passes when one of them reaches its floor: each side may vouch for a passage.
 */
export type Floor = number | Partial<Record<"score" | "dense" | "fullText" | "fused" | "rerank", number>>;

/**
 * Whether a result reaches the floor. A part that the result does not have reaches nothing.
 *
 * @throws {RangeError} When the floor names no part, or is not a number.
 */
export function passesFloor({ score, parts }: SearchResult, floor: Floor): boolean {
  const scores: Record<string, number | undefined> = {
    score,
    dense: parts.dense?.score,
    fullText: parts.fullText?.score,
    fused: parts.fused,
    rerank: parts.rerank,
  };
  const floors = Object.entries(typeof floor === "number" ? { score: floor } : floor);
  if (floors.length === 0) {
    throw new RangeError(`floor: it names no part; expected one of ${Object.keys(scores).join(", ")}`);
  }
  return floors.map(([name, least]) => {
    if (typeof least !== "number" || Number.isNaN(least)) {
      throw new RangeError(`floor.${name}: expected a number, got ${least}`);
    }
    const value = scores[name];
    return value !== undefined && value >= least;
  }).includes(true);
}
