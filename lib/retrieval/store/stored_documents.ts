import type { StoredRow } from "./passage_rows.ts";
import type { PassageTable } from "./passage_table.ts";

/** A document as a table has it. */
export interface StoredDocument {
  source: string;
  title: string;
  /** Passages that are there. */
  passages: number;
  /** Of the document, the chunking and the embedder. */
  hash: string;
  /** Whether all its passages are there, once each and of one version. Always so, unless two processes wrote at once. */
  whole: boolean;
}

/** The documents of a table, in the order of their sources. */
export async function listDocuments(table: PassageTable, signal?: AbortSignal): Promise<StoredDocument[]> {
  const documents = new Map<string, StoredDocument & { expected: number }>();
  const ids = new Set<string>();
  const columns = ["id", "source", "title", "documentHash", "documentChunks"];
  for await (const batch of table.lance.query().select(columns)) {
    signal?.throwIfAborted();
    for (
      const row of batch as Iterable<Pick<StoredRow, "id" | "source" | "title" | "documentHash" | "documentChunks">>
    ) {
      const { id, source, title, documentHash: hash, documentChunks: expected } = row;
      const document = documents.get(source) ?? { source, title, passages: 0, hash, whole: true, expected };
      documents.set(source, document);
      document.passages++;
      document.whole &&= !ids.has(id) && hash === document.hash && expected === document.expected;
      ids.add(id);
    }
  }
  return [...documents.values()]
    .map(({ expected, ...document }) => ({ ...document, whole: document.whole && document.passages === expected }))
    .sort((a, b) => (a.source < b.source ? -1 : 1));
}
