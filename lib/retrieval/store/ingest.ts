/** Documents into a table: only what is new or changed is cut and embedded, and a document is there whole or not at all. */
import { chunkDocument } from "../chunk/mod.ts";
import type { DocumentFailure, SourceDocument } from "../documents/mod.ts";
import { type BatchDocument, commitBatch } from "./commit_batch.ts";
import { documentHash } from "./document_hash.ts";
import { MAX_IN_VALUES } from "./filter.ts";
import { optimizeIsDue, optimizeTable } from "./optimize.ts";
import type { PassageTable } from "./passage_table.ts";
import { deleteDocuments } from "./delete_documents.ts";
import { listDocuments } from "./stored_documents.ts";

/** What readers of files and crawlers yield. */
export type IngestItem =
  | { document: SourceDocument; failure?: undefined }
  | { failure: DocumentFailure; document?: undefined };

/** A document that did not come in. If the table had it before, it still has it as it was. */
export interface IngestFailure {
  source: string;
  kind: DocumentFailure["kind"] | "duplicate" | "not cut";
  message: string;
}

/** Documents so far, by what became of them. */
export interface IngestCounts {
  added: number;
  updated: number;
  /** Those that the table has already, unchanged. */
  skipped: number;
  deleted: number;
  failed: number;
  /** Passages written. */
  passages: number;
}

/** Where an ingestion stands. */
export interface IngestProgress extends IngestCounts {
  phase: "ingesting" | "deleting" | "indexing";
  /** Documents that were looked at. */
  documents: number;
  /** Passages embedded, a few more than are written. */
  embedded: number;
}

/** What an ingestion did. */
export interface IngestReport extends IngestCounts {
  failures: IngestFailure[];
  seconds: number;
}

/** How `ingest` goes about it. */
export interface IngestOptions {
  /** Stops between two batches; what was written stays, and the next ingestion goes on from there. */
  signal?: AbortSignal;
  onProgress?: (progress: IngestProgress) => void;
  /** Whether documents that the table has and that did not come are deleted. Default false. */
  deleteMissing?: boolean;
  /** Passages that are embedded and written at a time, and then those of the last document. Default 256, at most 10,000. */
  batchPassages?: number;
}

/**
 * Brings documents into a table. A document whose hash the table has is skipped; of one that changed, the old passages go in
 * the same transaction in which the new ones come. Killed at any moment it leaves a table in which every document is whole,
 * and running it again completes it. One process at a time may write to a table.
 *
 * @throws the signal's reason, when aborted
 * @throws {RangeError} when `batchPassages` is out of range
 * @throws {Error} when the embedder fails, or documents that are missing are to be deleted and none came
 */
export async function ingest(
  table: PassageTable,
  documents: AsyncIterable<IngestItem> | Iterable<IngestItem>,
  options: IngestOptions = {},
): Promise<IngestReport> {
  const { signal, onProgress, deleteMissing = false, batchPassages = 256 } = options;
  if (!Number.isInteger(batchPassages) || batchPassages < 1 || batchPassages > MAX_IN_VALUES) {
    throw new RangeError(`batchPassages: expected 1 to ${MAX_IN_VALUES.toLocaleString("en")}, got ${batchPassages}`);
  }
  const started = performance.now();
  signal?.throwIfAborted();
  const stored = new Map((await listDocuments(table, signal)).map((each) => [each.source, each]));
  /** Sources that came, and those of them that came as documents: what failed may come again and be well. */
  const seen = new Set<string>();
  const read = new Set<string>();
  const failures: IngestFailure[] = [];
  const progress: IngestProgress = {
    phase: "ingesting",
    documents: 0,
    added: 0,
    updated: 0,
    skipped: 0,
    deleted: 0,
    failed: 0,
    passages: 0,
    embedded: 0,
  };
  const report = () => onProgress?.({ ...progress });
  const failed = (failure: IngestFailure) => {
    failures.push(failure);
    progress.failed++;
  };

  let batch: BatchDocument[] = [];
  let waiting = 0;
  async function commit(): Promise<void> {
    if (batch.length === 0) return;
    const before = progress.embedded;
    await commitBatch(table, batch, {
      signal,
      onEmbedded: (done) => {
        progress.embedded = before + done;
        report();
      },
    });
    for (const { replaces, chunks } of batch) {
      progress[replaces ? "updated" : "added"]++;
      progress.passages += chunks.length;
    }
    batch = [];
    waiting = 0;
    report();
    if (optimizeIsDue(table.changes, await table.countPassages())) await optimizeTable(table);
  }

  for await (const item of documents) {
    signal?.throwIfAborted();
    progress.documents++;
    const { source } = item.document === undefined ? item.failure : item.document;
    seen.add(source);
    if (item.document === undefined) {
      failed(item.failure);
    } else if (read.has(source)) {
      failed({ source, kind: "duplicate", message: "a document of this source came before; sources must differ" });
    } else {
      read.add(source);
      const known = stored.get(source);
      const hash = documentHash(item.document, table.description);
      if (known?.whole && known.hash === hash) {
        progress.skipped++;
      } else {
        const cut = cutDocument(table, item.document);
        if ("failure" in cut) {
          failed(cut.failure);
        } else {
          // What two writers left of a document goes first: a merge would keep rows that are there twice.
          if (known && !known.whole) await deleteDocuments(table, [source]);
          waiting += cut.chunks.length;
          batch.push({ chunks: cut.chunks, hash, length: item.document.text.length, replaces: known?.whole ?? false });
        }
      }
    }
    report();
    if (waiting >= batchPassages) await commit();
  }
  await commit();

  if (deleteMissing) {
    progress.phase = "deleting";
    report();
    signal?.throwIfAborted();
    // A file of rows or a folder that could not be read may still have all that it had.
    const unread = failures.flatMap(({ source }) => [`${source}#`, `${source}/`]);
    const missing = [...stored.keys()].filter((source) =>
      !seen.has(source) && !unread.some((file) => source.startsWith(file))
    );
    if (seen.size === 0 && missing.length > 0) {
      throw new Error(
        `${table}: no documents came, and deleting the missing ones would empty it; nothing was deleted. Check where the ` +
          `documents are read from, or delete them by deleteDocuments()`,
      );
    }
    await deleteDocuments(table, missing);
    progress.deleted = missing.length;
  }
  progress.phase = "indexing";
  report();
  signal?.throwIfAborted();
  if (await hasLooseEnds(table)) await optimizeTable(table);
  const { added, updated, skipped, deleted, passages } = progress;
  const seconds = (performance.now() - started) / 1000;
  return { added, updated, skipped, deleted, failed: failures.length, passages, failures, seconds };
}

/** A document that cannot be cut does not end the ingestion of the others. */
function cutDocument(
  { embedder, description }: PassageTable,
  document: SourceDocument,
): { chunks: BatchDocument["chunks"] } | { failure: IngestFailure } {
  const { source } = document;
  try {
    const chunks = chunkDocument(document, embedder, description.chunking);
    if (chunks.length === 0) return { failure: { source, kind: "empty", message: "it has no text to find" } };
    if (new Set(chunks.map(({ id }) => id)).size < chunks.length) throw new Error("two of its passages have one id");
    const stray = chunks.find((chunk) => chunk.source !== source);
    if (stray) throw new Error(`a passage of it has the source "${stray.source}"`);
    return { chunks };
  } catch (error) {
    return { failure: { source, kind: "not cut", message: `it could not be cut: ${(error as Error).message}` } };
  }
}

/** Changes of this run, or of one that was killed before it could put the table in order. */
async function hasLooseEnds(table: PassageTable): Promise<boolean> {
  if (table.changes.commits > 0) return true;
  return (await table.lance.listIndices()).some(({ numUnindexedRows }) => (numUnindexedRows ?? 0) > 0);
}
