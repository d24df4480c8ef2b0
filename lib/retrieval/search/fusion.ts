/** Several rankings made one. Pure. */

/** Passages by id with one side's scores, the best first. */
export type Ranking = readonly { id: string; score: number }[];

/** A ranking and how much it counts. */
export interface WeightedRanking {
  ranking: Ranking;
  /** 0 or more; what counts is their share of the sum. */
  weight: number;
}

/**
 * Reciprocal rank fusion (Cormack, Clarke and Büttcher 2009): a passage gets 1 / (k + rank) from every ranking that has it,
 * with ranks from 1. Scores play no part, so sides that measure in different units can be fused.
 *
 * @param k How slowly the ranks' worth falls. Default 60, the paper's.
 * @returns The fused score of each id.
 */
export function reciprocalRankFusion(rankings: readonly Ranking[], k = 60): Map<string, number> {
  if (!(k >= 0)) throw new RangeError(`reciprocal rank fusion: k is ${k}; expected a number, 0 or more`);
  const fused = new Map<string, number>();
  for (const ranking of rankings) {
    ranking.forEach(({ id }, at) => fused.set(id, (fused.get(id) ?? 0) + 1 / (k + at + 1)));
  }
  return fused;
}

/**
 * Min-max fusion: each ranking's scores are brought to 0 to 1, its worst passage to its best, and added by weight. A passage that
 * a ranking does not have gets 0 from it; where all of its scores are equal, each gets 1. Raw scores are never added: a BM25 of
 * 14 would drown every cosine.
 *
 * @returns The fused score of each id, from 0 to 1.
 */
export function minMaxFusion(rankings: readonly WeightedRanking[]): Map<string, number> {
  const total = rankings.reduce((sum, { weight }) => sum + weight, 0);
  if (rankings.some(({ weight }) => !(weight >= 0)) || !(total > 0)) {
    const weights = rankings.map(({ weight }) => weight).join(", ");
    throw new RangeError(`min-max fusion: weights are ${weights || "none"}; expected numbers, 0 or more and not all 0`);
  }
  const fused = new Map<string, number>();
  for (const { ranking, weight } of rankings) {
    const normalized = minMax(ranking.map(({ score }) => score));
    ranking.forEach(({ id }, at) => fused.set(id, (fused.get(id) ?? 0) + weight / total * normalized[at]));
  }
  return fused;
}

/** Scores from 0, the least, to 1, the greatest; all 1 where they are equal. */
export function minMax(scores: readonly number[]): number[] {
  const least = scores.reduce((least, score) => Math.min(least, score), Infinity);
  const span = scores.reduce((greatest, score) => Math.max(greatest, score), -Infinity) - least;
  return scores.map((score) => span > 0 ? (score - least) / span : 1);
}
