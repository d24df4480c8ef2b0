import type { Filter } from "./filter.ts";
import { nearestPassages } from "./nearest.ts";
import { vectorIndexOf } from "./optimize.ts";
import type { PassageTable } from "./passage_table.ts";

/** How much of exact search the vector index finds. */
export interface RecallReport {
  k: number;
  queries: number;
  /** Mean share of the k nearest passages that the index finds, from 0 to 1; 1 where there is no index. */
  recall: number;
  /** The query that it served worst. */
  worst: { query: string; recall: number };
  /** Such as `IvfPq`; null without one, when both searches are the same. */
  index: string | null;
  /** Mean times of a search. */
  milliseconds: { index: number; exact: number };
}

/**
 * Compares dense search as it is done with comparing every vector. When recall falls below what an application needs, as after
 * the table has become another one, `rebuildIndexes` trains the index anew.
 *
 * @param options.queries Questions as users ask them; at least one.
 * @param options.k Default 10.
 */
export async function measureRecall(
  table: PassageTable,
  { queries, k = 10, filter, signal }: {
    queries: readonly string[];
    k?: number;
    filter?: Filter;
    signal?: AbortSignal;
  },
): Promise<RecallReport> {
  if (queries.length === 0) throw new RangeError("measureRecall: expected at least one query");
  const vectors = await table.embedder.embedQueries(queries, { signal });
  const milliseconds = { index: 0, exact: 0 };
  const find = async (vector: Float32Array, way: keyof typeof milliseconds) => {
    const started = performance.now();
    const found = await nearestPassages(table, vector, { limit: k, filter, exact: way === "exact" });
    milliseconds[way] += (performance.now() - started) / queries.length;
    return found.map(({ chunk }) => chunk.id);
  };
  const recalls: { query: string; recall: number }[] = [];
  for (const [at, query] of queries.entries()) {
    signal?.throwIfAborted();
    const exact = await find(vectors[at], "exact");
    const found = new Set(await find(vectors[at], "index"));
    const hits = exact.filter((id) => found.has(id)).length;
    recalls.push({ query, recall: exact.length === 0 ? 1 : hits / exact.length });
  }
  return {
    k,
    queries: queries.length,
    recall: recalls.reduce((sum, { recall }) => sum + recall, 0) / recalls.length,
    worst: recalls.reduce((worst, each) => each.recall < worst.recall ? each : worst),
    index: (await vectorIndexOf(table))?.indexType ?? null,
    milliseconds,
  };
}
