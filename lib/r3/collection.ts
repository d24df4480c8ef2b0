/** Documents to search in, and questions about them. */
import { buildDocument } from "../retrieval/documents/mod.ts";
import { ingest, type IngestOptions, type IngestReport, type PassageTable } from "../retrieval/store/mod.ts";

/** A question with its answer and what supports it. */
export interface R3Question {
  /** Unique in its collection. */
  id: string;
  question: string;
  answer: string;
  /** bridge: each hop asks about what the one before found; comparison, yes_no: about two things that are known. */
  type: "bridge" | "comparison" | "yes_no";
  /** Ids of the documents that answer it together, in the order in which they are needed. */
  support: readonly string[];
}

/** A document of a collection. */
export interface CollectionDocument {
  id: string;
  /** No two documents of a collection have the same. */
  title: string;
  text: string;
}

/**
 * Brings documents into a table, where a document's id is its source. What the table has already is skipped.
 *
 * @throws When one of them does not come in, naming it; and as `ingest` does.
 */
export async function ingestCollection(
  table: PassageTable,
  documents: readonly CollectionDocument[],
  options: IngestOptions = {},
): Promise<IngestReport> {
  const items = documents.map(({ id, title, text }) => ({
    document: buildDocument({
      source: id,
      title,
      mediaType: "text/plain",
      blocks: [{ kind: "paragraph", text }],
    }),
  }));
  const report = await ingest(table, items, options);
  if (report.failures.length > 0) {
    const [{ source, message }] = report.failures;
    throw new Error(`${table}: ${report.failures.length} documents did not come in; the first, ${source}: ${message}`);
  }
  return report;
}
