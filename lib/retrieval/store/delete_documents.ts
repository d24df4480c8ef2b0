import { compileFilter } from "./compile_filter.ts";
import { MAX_IN_VALUES } from "./filter.ts";
import type { PassageTable } from "./passage_table.ts";
import { withoutConflict } from "./without_conflict.ts";

/** Deletes documents by their sources, all their passages at once; sources that the table does not have are none of them. */
export async function deleteDocuments(table: PassageTable, sources: readonly string[]): Promise<void> {
  for (let at = 0; at < sources.length; at += MAX_IN_VALUES) {
    const values = sources.slice(at, at + MAX_IN_VALUES);
    const where = compileFilter({ op: "in", column: "source", values }, []);
    const { numDeletedRows } = await withoutConflict(() => table.lance.delete(where));
    table.changes.commits++;
    table.changes.rows += numDeletedRows;
  }
}
