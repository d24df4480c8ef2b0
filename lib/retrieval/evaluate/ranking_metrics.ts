/**
 * Metrics of one ranking, by the definitions of trec_eval (Manning, Raghavan & Schütze 2008, Introduction to
 * Information Retrieval, chapter 8). Rankings are ids, the best first. An id that comes again, such as an article of
 * which a second passage is found, keeps its place and counts nothing there.
 */

/** The share of the relevant ids that are among the first `k`. */
export function recallAtK(ranking: readonly string[], relevant: readonly string[], k: number): number {
  return relevantAmong(ranking, relevant, k) / new Set(relevant).size;
}

/** The share of the first `k` places that hold a relevant id; places that are not filled count as wrong. */
export function precisionAtK(ranking: readonly string[], relevant: readonly string[], k: number): number {
  return relevantAmong(ranking, relevant, k) / k;
}

/** One over the place of the first relevant id among the first `k`, else 0. Its mean over questions is MRR. */
export function reciprocalRank(ranking: readonly string[], relevant: readonly string[], k = Infinity): number {
  const wanted = checked(relevant, k);
  const first = ranking.slice(0, k).findIndex((id) => wanted.has(id));
  return first < 0 ? 0 : 1 / (first + 1);
}

/**
 * Normalized discounted cumulative gain of the first `k` (Järvelin & Kekäläinen 2002): each gain divided by the
 * logarithm of its place, log2(place + 1), over the same sum for the best order there could be. Gains are taken as
 * they are, not as powers of two.
 *
 * @param relevant Ids of gain 1, or gains by id; an id that is not there has 0.
 * @throws {RangeError} When `k` is not a whole number above 0, a gain is negative or not finite, or none is above 0.
 */
export function ndcgAtK(
  ranking: readonly string[],
  relevant: readonly string[] | ReadonlyMap<string, number>,
  k: number,
): number {
  const gains = new Map(relevant instanceof Map ? relevant : [...relevant as readonly string[]].map((id) => [id, 1]));
  for (const [id, gain] of gains) {
    if (!Number.isFinite(gain) || gain < 0) throw new RangeError(`the gain of '${id}' is ${gain}: expected 0 or more`);
  }
  checked([...gains].filter(([, gain]) => gain > 0).map(([id]) => id), k);
  const best = [...gains.values()].sort((a, b) => b - a);
  const seen = new Set<string>();
  const found = ranking.slice(0, k).map((id) => {
    const gain = seen.has(id) ? 0 : gains.get(id) ?? 0;
    seen.add(id);
    return gain;
  });
  return discounted(found) / discounted(best.slice(0, k));
}

function discounted(gains: readonly number[]): number {
  return gains.reduce((sum, gain, index) => sum + gain / Math.log2(index + 2), 0);
}

function relevantAmong(ranking: readonly string[], relevant: readonly string[], k: number): number {
  const wanted = checked(relevant, k);
  return new Set(ranking.slice(0, k).filter((id) => wanted.has(id))).size;
}

function checked(relevant: readonly string[], k: number): Set<string> {
  if (k !== Infinity && (!Number.isInteger(k) || k < 1)) {
    throw new RangeError(`k is ${k}: expected a whole number above 0`);
  }
  if (relevant.length === 0) {
    throw new RangeError("no id is relevant: questions without an answer have no ranking metrics, leave them out");
  }
  return new Set(relevant);
}
