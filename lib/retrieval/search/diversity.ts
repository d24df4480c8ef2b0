import { cosine } from "../embed/mod.ts";
import { minMax } from "./fusion.ts";

/** A passage to choose from. */
export interface Candidate {
  id: string;
  score: number;
  vector: Float32Array;
}

/**
 * Chooses passages that are good and unlike each other, by maximal marginal relevance (Carbonell and Goldstein 1998): again and
 * again the one with the greatest lambda x relevance - (1 - lambda) x its greatest cosine with those chosen. Relevance is the
 * score brought to 0 to 1 over the candidates, so that it weighs the same whatever the scores mean. Of equals the first wins.
 *
 * @param candidates The best first.
 * @param lambda 1 keeps the order, 0 looks at unlikeness alone; 0.5 to 0.7 is usual.
 * @returns The ids that were chosen, in the order of choosing.
 */
export function maximalMarginalRelevance(candidates: readonly Candidate[], count: number, lambda: number): string[] {
  if (!(lambda >= 0 && lambda <= 1)) {
    throw new RangeError(`diversity: lambda is ${lambda}; expected a number from 0 to 1`);
  }
  const relevance = minMax(candidates.map(({ score }) => score));
  const likeness = candidates.map(() => -Infinity);
  const left = new Set(candidates.keys());
  const chosen: string[] = [];
  while (chosen.length < count && left.size > 0) {
    let best = -1;
    let bestWorth = -Infinity;
    for (const at of left) {
      const worth = chosen.length === 0 ? relevance[at] : lambda * relevance[at] - (1 - lambda) * likeness[at];
      if (best === -1 || worth > bestWorth) [best, bestWorth] = [at, worth];
    }
    left.delete(best);
    chosen.push(candidates[best].id);
    for (const at of left) {
      likeness[at] = Math.max(likeness[at], cosine(candidates[at].vector, candidates[best].vector));
    }
  }
  return chosen;
}
