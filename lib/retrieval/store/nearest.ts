import { CHUNK_COLUMNS, chunkOf, type StoredRow } from "./passage_rows.ts";
import { type FoundPassage, steadyScore, steadyTop } from "./found_passage.ts";
import type { PassageTable } from "./passage_table.ts";
import { compileFilter } from "./compile_filter.ts";
import type { Filter } from "./filter.ts";

/** What to find. */
export interface FindOptions {
  /** Passages at most. */
  limit: number;
  filter?: Filter;
}

/**
 * Candidates of the vector index whose distance is computed exactly, for each passage asked for: their order by the index's
 * few bits is rough. With ten, the retrieval benchmark finds 99% of the ten nearest of 100,000 passages.
 */
const REFINE_FACTOR = 10;

/**
 * The passages whose vectors are nearest to a query's, by cosine (to four decimals), the nearest first.
 *
 * @param options.exact Compares with every vector, index or not. Default false.
 */
export async function nearestPassages(
  table: PassageTable,
  queryVector: Float32Array,
  { limit, filter, exact = false }: FindOptions & { exact?: boolean },
): Promise<FoundPassage[]> {
  const where = filter && compileFilter(filter, table.description.filterColumns);
  return await steadyTop(limit, async (count) => {
    let query = table.lance.query().nearestTo(queryVector).column("vector").distanceType("cosine")
      .select([...CHUNK_COLUMNS, "_distance"]).limit(count);
    query = exact ? query.bypassVectorIndex() : query.refineFactor(REFINE_FACTOR);
    if (where !== undefined) query = query.where(where);
    const rows: (StoredRow & { _distance: number })[] = await query.toArray();
    return rows.map((row) => ({ chunk: chunkOf(row), score: steadyScore(1 - row._distance) }));
  });
}

/** The vectors of passages, by id. */
export async function vectorsOf(table: PassageTable, ids: readonly string[]): Promise<Map<string, Float32Array>> {
  if (ids.length === 0) return new Map();
  const where = compileFilter({ op: "in", column: "id", values: [...ids] }, []);
  const rows: Pick<StoredRow, "id" | "vector">[] = await table.lance.query().where(where).select(["id", "vector"])
    .toArray();
  return new Map(rows.map(({ id, vector }) => [id, vector.toArray()]));
}
