import { MatchQuery } from "@lancedb/lancedb";
import { compileFilter } from "./compile_filter.ts";
import { type FoundPassage, steadyScore, steadyTop } from "./found_passage.ts";
import type { FindOptions } from "./nearest.ts";
import { refreshFullText } from "./optimize.ts";
import { CHUNK_COLUMNS, chunkOf, type StoredRow } from "./passage_rows.ts";
import type { PassageTable } from "./passage_table.ts";

/**
 * The passages that hold words of a query, by BM25 (k1 1.2, b 0.75, to four decimals, over the whole table whatever the
 * filter), the best first. The query is plain words: punctuation and words such as AND mean nothing.
 *
 * Passages that are not in the index yet LanceDB 0.31 finds in part only, so the index is brought up to date first.
 */
export async function matchingPassages(
  table: PassageTable,
  words: string,
  { limit, filter }: FindOptions,
): Promise<FoundPassage[]> {
  const where = filter && compileFilter(filter, table.description.filterColumns);
  await refreshFullText(table);
  const match = new MatchQuery(words.toWellFormed(), "searchText");
  return await steadyTop(limit, async (count) => {
    let query = table.lance.query().fullTextSearch(match).select([...CHUNK_COLUMNS, "_score"]).limit(count);
    if (where !== undefined) query = query.where(where);
    const rows: (StoredRow & { _score: number })[] = await query.toArray();
    return rows.map((row) => ({ chunk: chunkOf(row), score: steadyScore(row._score) }));
  });
}
