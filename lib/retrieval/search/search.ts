/** Search over a table of passages: dense, by words, or both. */
import { embeddedText } from "../chunk/mod.ts";
import {
  byScore,
  type FoundPassage,
  matchingPassages,
  nearestPassages,
  type PassageTable,
  vectorsOf,
} from "../store/mod.ts";
import { maximalMarginalRelevance } from "./diversity.ts";
import { minMaxFusion, reciprocalRankFusion } from "./fusion.ts";
import { type Fusion, readOptions, type SearchMode, type SearchOptions } from "./options.ts";
import type { ScoreParts, SearchResult } from "./result.ts";

type Side = Exclude<SearchMode, "hybrid">;

/** What one side found for one query. */
interface SideRanking {
  side: Side;
  found: FoundPassage[];
}

/**
 * Finds passages for a question. Each side gives its candidates, for each query where it was rewritten; rankings are fused; the
 * best of the fused may be scored by a reranker; what is below a floor is left out.
 *
 * Results come in the order of `score`, which is the last of these that there is: the reranker's, the fused, the side's own. Equal
 * scores come in the order of ids, so that the same search on the same table gives the same results.
 *
 * @param query Plain words: punctuation, quotes and words such as AND mean nothing. An empty one finds nothing.
 * @throws {TypeError} for a filter that cannot be, {RangeError} for another option that cannot
 */
export async function search(table: PassageTable, query: string, options: SearchOptions = {}): Promise<SearchResult[]> {
  const read = readOptions(options);
  const { mode, k, fusion, floor, candidates, rerank, rerankPool, rewrite, diversity, filter, signal } = read;
  signal?.throwIfAborted();
  if (query.trim() === "") return [];

  const queries = await queriesFor(query, rewrite, signal);
  const rankings: SideRanking[] = [];
  if (mode !== "fullText") {
    const vectors = await table.embedder.embedQueries(queries, { signal });
    for (const vector of vectors) {
      const found = await nearestPassages(table, vector, { limit: candidates, filter });
      rankings.push({ side: "dense", found: aboveFloor(found, floor.dense) });
      signal?.throwIfAborted();
    }
  }
  if (mode !== "dense") {
    for (const words of queries) {
      const found = await matchingPassages(table, words, { limit: candidates, filter });
      rankings.push({ side: "fullText", found: aboveFloor(found, floor.fullText) });
      signal?.throwIfAborted();
    }
  }

  let results = rankings.length === 1 ? alone(rankings[0]) : fuse(rankings, fusion);
  results = results.filter(({ parts }) => parts.fused === undefined || parts.fused >= (floor.fused ?? -Infinity));
  if (rerank !== undefined && results.length > 0) {
    results = results.slice(0, rerankPool);
    const passages = results.map(({ chunk }) => embeddedText(chunk));
    const scores = await (typeof rerank === "function"
      ? rerank(query, passages, { signal, results })
      : rerank.rerank(query, passages, { signal, results }));
    signal?.throwIfAborted();
    results = reranked(results, scores).filter(({ score }) =>
      score >= (floor.rerank ?? -Infinity)
    );
  }
  if (diversity !== undefined && results.length > k) results = await diverse(table, results, k, diversity.lambda);
  return results.slice(0, k);
}

async function queriesFor(
  query: string,
  rewrite: SearchOptions["rewrite"],
  signal: AbortSignal | undefined,
): Promise<string[]> {
  if (rewrite === undefined) return [query];
  const rewritten = (await rewrite(query, { signal })).map((each) => each.trim()).filter((each) => each !== "");
  signal?.throwIfAborted();
  // A rewriter that has nothing to say must not leave the user without results.
  return rewritten.length === 0 ? [query] : [...new Set(rewritten)];
}

function aboveFloor(found: FoundPassage[], floor = -Infinity): FoundPassage[] {
  return found.filter(({ score }) => score >= floor);
}

function alone({ side, found }: SideRanking): SearchResult[] {
  return found.map(({ chunk, score }, at) => {
    const parts: ScoreParts = {};
    parts[side] = { score, rank: at + 1 };
    return { chunk, score, parts };
  });
}

function fuse(rankings: readonly SideRanking[], fusion: Fusion): SearchResult[] {
  const lists = rankings.map(({ found }) => found.map(({ chunk, score }) => ({ id: chunk.id, score })));
  const fused = fusion.kind === "rrf"
    ? reciprocalRankFusion(lists, fusion.k)
    : minMaxFusion(lists.map((ranking, at) => ({ ranking, weight: sideWeight(rankings, at, fusion.denseWeight) })));
  const results = new Map<string, SearchResult>();
  for (const { side, found } of rankings) {
    for (const [at, { chunk, score }] of found.entries()) {
      const total = fused.get(chunk.id)!;
      const result = results.get(chunk.id) ?? { chunk, score: total, parts: { fused: total } };
      results.set(chunk.id, result);
      keepBest(result.parts, side, { score, rank: at + 1 });
    }
  }
  return [...results.values()].sort(byScore);
}

/** A side's weight is shared by its queries, so that it counts the same however many there are. */
function sideWeight(rankings: readonly SideRanking[], at: number, denseWeight = 0.5): number {
  if (!(denseWeight >= 0 && denseWeight <= 1)) {
    throw new RangeError(`fusion.denseWeight: expected a number from 0 to 1, got ${denseWeight}`);
  }
  const { side } = rankings[at];
  const own = rankings.filter((each) => each.side === side).length;
  if (own === rankings.length) return 1 / own;
  return (side === "dense" ? denseWeight : 1 - denseWeight) / own;
}

/** Of several queries, the one that ranked the passage best is told. */
function keepBest(parts: ScoreParts, side: Side, part: { score: number; rank: number }): void {
  const old = parts[side];
  const isBetter = old === undefined || part.rank < old.rank || (part.rank === old.rank && part.score > old.score);
  if (isBetter) parts[side] = part;
}

function reranked(results: readonly SearchResult[], scores: ArrayLike<number>): SearchResult[] {
  if (scores.length !== results.length) {
    throw new Error(`the reranker gave ${scores.length} scores for ${results.length} passages; expected one for each`);
  }
  return results.map(({ chunk, parts }, at) => {
    const score = scores[at];
    if (Number.isNaN(score)) throw new Error(`the reranker gave NaN for the passage ${chunk.id}; expected a number`);
    return { chunk, score, parts: { ...parts, rerank: score } };
  }).sort(byScore);
}

async function diverse(
  table: PassageTable,
  results: SearchResult[],
  k: number,
  lambda: number,
): Promise<SearchResult[]> {
  const vectors = await vectorsOf(table, results.map(({ chunk }) => chunk.id));
  const candidates = results.flatMap(({ chunk, score }) => {
    // Another process may have deleted it since.
    const vector = vectors.get(chunk.id);
    return vector === undefined ? [] : [{ id: chunk.id, score, vector }];
  });
  const chosen = new Set(maximalMarginalRelevance(candidates, k, lambda));
  return results.filter(({ chunk }) => chosen.has(chunk.id));
}
