/** Whether a table is as ingestion left it. */
import { cosine } from "../embed/mod.ts";
import { MatchQuery } from "@lancedb/lancedb";
import { z } from "zod";
import { embeddedText } from "../chunk/mod.ts";
import { UNIT_TOLERANCE } from "./commit_batch.ts";
import { canonicalJson } from "./canonical_json.ts";
import { embedderName } from "./description.ts";
import type { StoredRow } from "./passage_rows.ts";
import type { PassageTable } from "./passage_table.ts";
import { listDocuments } from "./stored_documents.ts";

/** Something that should not be so. */
export interface TableProblem {
  kind: "unreadable" | "document" | "id" | "span" | "metadata" | "vector" | "embedder" | "index";
  /** The document's source, where it is about one. */
  source?: string;
  message: string;
}

/** What `verify` found. */
export interface VerifyReport {
  /** Whether there is no problem. */
  ok: boolean;
  documents: number;
  passages: number;
  /** All of them counted, the first 100 kept. */
  problemCount: number;
  problems: TableProblem[];
  /** What to do about them. */
  advice: string[];
}

const KEPT_PROBLEMS = 100;
/** Least cosine between a stored vector and the same passage embedded now; batches of other sizes round otherwise. */
const SAME_VECTOR = 0.999;

/**
 * Checks a whole table: every document's passages are all there and of one version, ids differ, passages lie inside their
 * documents, metadata can be read, vectors are finite and of the length the embedder says, both indexes can be read and know every row, and the embedder still gives
 * the vectors that were stored. Reads every row once. Reports, and throws only when aborted.
 *
 * @param options.embedAgain Passages that are embedded again and compared, spread over the table. Default 4; 0 for none.
 */
export async function verify(
  table: PassageTable,
  { embedAgain = 4, signal }: { embedAgain?: number; signal?: AbortSignal } = {},
): Promise<VerifyReport> {
  const report: VerifyReport = { ok: true, documents: 0, passages: 0, problemCount: 0, problems: [], advice: [] };
  const kinds = new Set<TableProblem["kind"]>();
  const add = (problem: TableProblem) => {
    kinds.add(problem.kind);
    report.problemCount++;
    if (report.problems.length < KEPT_PROBLEMS) report.problems.push(problem);
  };
  const steps = [checkDocuments, checkRows, checkEmbedder, checkIndexes];
  for (const step of steps) {
    try {
      await step({ table, report, add, embedAgain, signal });
    } catch (error) {
      signal?.throwIfAborted();
      add({ kind: step === checkEmbedder ? "embedder" : "unreadable", message: (error as Error).message });
    }
  }
  report.ok = report.problemCount === 0;
  report.advice = adviceFor(kinds);
  return report;
}

interface Checking {
  table: PassageTable;
  report: VerifyReport;
  add: (problem: TableProblem) => void;
  embedAgain: number;
  signal?: AbortSignal;
}

async function checkDocuments({ table, report, add, signal }: Checking): Promise<void> {
  for (const { source, passages, whole } of await listDocuments(table, signal)) {
    report.documents++;
    if (whole) continue;
    add({ kind: "document", source, message: `its ${passages} passages are not those of one version of it` });
  }
}

async function checkRows({ table, report, add, signal }: Checking): Promise<void> {
  const { dimensions, normalized } = table.description.embedder;
  const ids = new Set<string>();
  const columns = ["id", "source", "start", "end", "text", "documentLength", "metadata", "vector"];
  for await (const batch of table.lance.query().select(columns)) {
    signal?.throwIfAborted();
    for (const row of batch as Iterable<StoredRow>) {
      report.passages++;
      const { id, source, start, end, text, documentLength } = row;
      if (ids.has(id)) add({ kind: "id", source, message: `the passage ${id} is there twice` });
      ids.add(id);
      if (!(start >= 0 && start < end && end <= documentLength && text.length === end - start)) {
        const message =
          `passage ${id} says it is ${start} to ${end} of ${documentLength}, with ${text.length} characters`;
        add({ kind: "span", source, message });
      }
      if (!isMetadata(row.metadata)) {
        add({ kind: "metadata", source, message: `the metadata of passage ${id} are no JSON of text values` });
      }
      const vector = row.vector.toArray();
      const length = Math.hypot(...vector);
      const fits = vector.length === dimensions && Number.isFinite(length) && length > 0 &&
        (!normalized || Math.abs(length - 1) <= UNIT_TOLERANCE);
      if (!fits) {
        add({
          kind: "vector",
          source,
          message: `passage ${id} has a vector of ${vector.length} numbers, length ${length}`,
        });
      }
    }
  }
}

function isMetadata(json: string): boolean {
  try {
    return metadataSchema.safeParse(JSON.parse(json)).success;
  } catch {
    return false;
  }
}

const metadataSchema = z.record(z.string(), z.string());

async function checkEmbedder({ table, report, add, embedAgain, signal }: Checking): Promise<void> {
  const [now, stored] = [table.embedder.description, table.description.embedder];
  if (canonicalJson(now) !== canonicalJson(stored)) {
    add({
      kind: "embedder",
      message: `the table is ${embedderName(stored)}'s, and the embedder is ${embedderName(now)}`,
    });
  }
  const count = Math.min(embedAgain, report.passages);
  if (count <= 0) return;
  const offsets = Array.from({ length: count }, (_, at) => Math.floor(at * report.passages / count));
  const rows: StoredRow[] = [];
  for (const offset of offsets) rows.push(...await table.lance.query().offset(offset).limit(1).toArray());
  const texts = rows.map(({ title, headings, text }) => embeddedText({ title, headings: [...headings], text }));
  const vectors = await table.embedder.embedPassages(texts, { signal });
  for (const [at, { id, source, vector }] of rows.entries()) {
    const likeness = cosine(vector.toArray(), vectors[at]);
    if (likeness >= SAME_VECTOR) continue;
    const message = `passage ${id}, embedded again, has cosine ${likeness.toFixed(4)} with its stored vector`;
    add({ kind: "embedder", source, message });
  }
}

async function checkIndexes({ table, add }: Checking): Promise<void> {
  const { lance } = table;
  const indices = await lance.listIndices();
  if (!indices.some(({ columns }) => columns.includes("searchText"))) {
    add({ kind: "index", message: "there is no full-text index" });
  }
  const [row]: StoredRow[] = await lance.query().limit(1).toArray();
  for (const { name, columns, numUnindexedRows = 0 } of indices) {
    if (numUnindexedRows > 0) add({ kind: "index", message: `${numUnindexedRows} passages are not in ${name} yet` });
    if (row === undefined) continue;
    // What is listed may not be there: only a search opens the files of an index.
    const query = columns.includes("vector")
      ? lance.query().nearestTo(row.vector.toArray()).select(["id", "_distance"])
      : lance.query().fullTextSearch(new MatchQuery(row.searchText, "searchText")).select(["id", "_score"]);
    try {
      await query.limit(1).toArray();
    } catch (error) {
      add({ kind: "index", message: `${name} cannot be read: ${(error as Error).message}` });
    }
  }
}

function adviceFor(kinds: ReadonlySet<TableProblem["kind"]>): string[] {
  const advice: string[] = [];
  if (kinds.has("unreadable")) {
    advice.push("Files of the table are missing or broken: delete its folder and ingest the documents again.");
  }
  if (kinds.has("document") || kinds.has("id")) {
    advice.push("Ingest the documents again: those that are not whole are replaced. One process at a time may write.");
  }
  if (kinds.has("span") || kinds.has("metadata") || kinds.has("vector")) {
    advice.push("Delete the documents named by deleteDocuments() and ingest them again.");
  }
  if (kinds.has("embedder")) {
    advice.push("Open the table with the embedder that made it, or ingest the documents into a new table.");
  }
  if (kinds.has("index")) {
    advice.push("Bring the indexes up to date: optimizeTable(); where they cannot be read, rebuildIndexes().");
  }
  return advice;
}
