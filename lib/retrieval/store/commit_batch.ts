import { makeArrowTable } from "@lancedb/lancedb";
import { type Chunk, embeddedText } from "../chunk/mod.ts";
import { compileFilter } from "./compile_filter.ts";
import { embedderName } from "./description.ts";
import { type PassageRow, passageRows, passageSchema } from "./passage_rows.ts";
import type { PassageTable } from "./passage_table.ts";
import { withoutConflict } from "./without_conflict.ts";

/** A document that is cut and waits for its vectors. */
export interface BatchDocument {
  /** At least one, all of one source. */
  chunks: Chunk[];
  hash: string;
  /** Of the document's text. */
  length: number;
  /** Whether the table has passages of it. */
  replaces: boolean;
}

/**
 * Embeds whole documents and writes them in one transaction, in which the passages of documents that they replace go.
 *
 * @throws {Error} naming the embedder, when it gives anything but a finite vector of its own size for each passage
 */
export async function commitBatch(
  table: PassageTable,
  documents: readonly BatchDocument[],
  { signal, onEmbedded }: { signal?: AbortSignal; onEmbedded?: (done: number) => void },
): Promise<void> {
  const texts = documents.flatMap(({ chunks }) => chunks.map(embeddedText));
  const vectors = await table.embedder.embedPassages(texts, { signal, onProgress: (done) => onEmbedded?.(done) });
  checkVectors(table, vectors, texts.length);
  signal?.throwIfAborted();
  let at = 0;
  const rows = documents.flatMap((document) => {
    const own = vectors.slice(at, at += document.chunks.length);
    return passageRows({ ...document, vectors: own }, table.description.filterColumns);
  });
  await writeRows(table, rows, documents.filter(({ replaces }) => replaces).map(({ chunks }) => chunks[0].source));
  table.changes.commits++;
  table.changes.rows += rows.length;
}

async function writeRows(table: PassageTable, rows: PassageRow[], replaced: string[]): Promise<void> {
  const data = makeArrowTable(rows, { schema: passageSchema(table.description) });
  // Appending reads nothing of the table; a merge reads all ids.
  if (replaced.length === 0) {
    await withoutConflict(() => table.lance.add(data));
    return;
  }
  const where = compileFilter({ op: "in", column: "source", values: replaced }, []);
  await withoutConflict(() =>
    table.lance.mergeInsert("id").whenMatchedUpdateAll().whenNotMatchedInsertAll()
      .whenNotMatchedBySourceDelete({ where }).execute(data)
  );
}

function checkVectors({ embedder: { description } }: PassageTable, vectors: Float32Array[], count: number): void {
  const fail = (why: string): never => {
    throw new Error(`the embedder ${embedderName(description)} ${why}; nothing of this batch was written`);
  };
  if (vectors.length !== count) fail(`gave ${vectors.length} vectors for ${count} passages`);
  for (const vector of vectors) {
    if (vector.length !== description.dimensions) fail(`gave a vector of ${vector.length} numbers`);
    const length = Math.hypot(...vector);
    if (!Number.isFinite(length) || length === 0) fail(`gave a vector of length ${length}`);
    if (description.normalized && Math.abs(length - 1) > UNIT_TOLERANCE) {
      fail(`gave a vector of length ${length.toFixed(4)} and says that they have length 1`);
    }
  }
}

/** How far the length of a vector of float32 may be from 1; 16-bit models stay below it too. */
export const UNIT_TOLERANCE = 0.01;
