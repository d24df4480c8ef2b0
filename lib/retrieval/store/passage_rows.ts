/** Passages as rows of a table, and back. */
import { Bool, Field, FixedSizeList, Float32, Int32, List, Schema, Utf8 } from "apache-arrow";
import type { Chunk } from "../chunk/mod.ts";
import { descriptionMetadata, type TableDescription } from "./description.ts";

/** A row as it is written. Columns of metadata stand beside these under their own names. */
export type PassageRow = {
  id: string;
  source: string;
  title: string;
  headings: string[];
  page: number | null;
  start: number;
  end: number;
  text: string;
  /** What full-text search reads: title, headings (the title not again) and text. */
  searchText: string;
  tokens: number;
  /** All of it, as JSON; the keys that filters can ask for have columns of their own too. */
  metadata: string;
  untrusted: boolean;
  documentHash: string;
  /** How many rows its document has: what verifying, and a second ingestion after a crash, count by. */
  documentChunks: number;
  /** Length of the document's text. */
  documentLength: number;
  vector: Float32Array;
};

/** What every table has; keys of metadata cannot take these names. */
const COLUMNS = {
  id: new Utf8(),
  source: new Utf8(),
  title: new Utf8(),
  headings: new List(new Field("item", new Utf8(), false)),
  page: new Int32(),
  start: new Int32(),
  end: new Int32(),
  text: new Utf8(),
  searchText: new Utf8(),
  tokens: new Int32(),
  metadata: new Utf8(),
  untrusted: new Bool(),
  documentHash: new Utf8(),
  documentChunks: new Int32(),
  documentLength: new Int32(),
} as const;

/** The columns that a chunk is read from. */
export const CHUNK_COLUMNS: readonly string[] = [
  "id",
  "source",
  "title",
  "headings",
  "page",
  "start",
  "end",
  "text",
  "tokens",
  "metadata",
  "untrusted",
];

/**
 * The Arrow schema of a table. Without one LanceDB would make every number a float64.
 *
 * @throws {TypeError} naming a key of metadata that cannot be a column
 */
export function passageSchema(description: TableDescription): Schema {
  const { filterColumns, embedder } = description;
  for (const [at, name] of filterColumns.entries()) {
    const why = !/^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(name)
      ? `expected a letter, then letters, digits and "_", 64 at most`
      : Object.hasOwn(COLUMNS, name) || name === "vector"
      ? "every table has a column of that name"
      : filterColumns.indexOf(name) < at
      ? "it is there twice"
      : null;
    if (why !== null) throw new TypeError(`filterColumns: "${name}" cannot be a column: ${why}`);
  }
  return new Schema([
    ...Object.entries(COLUMNS).map(([name, type]) => new Field(name, type, name === "page")),
    ...filterColumns.map((name) => new Field(name, new Utf8(), true)),
    new Field("vector", new FixedSizeList(embedder.dimensions, new Field("item", new Float32(), false)), false),
  ], descriptionMetadata(description));
}

/** A document's passages as rows. */
export function passageRows(
  { chunks, vectors, hash, length }: { chunks: Chunk[]; vectors: Float32Array[]; hash: string; length: number },
  filterColumns: readonly string[],
): PassageRow[] {
  return chunks.map((chunk, at) => ({
    ...Object.fromEntries(
      filterColumns.map((name) => [name, Object.hasOwn(chunk.metadata, name) ? chunk.metadata[name] : null]),
    ),
    id: chunk.id,
    source: chunk.source,
    title: chunk.title,
    headings: chunk.headings,
    page: chunk.page ?? null,
    start: chunk.start,
    end: chunk.end,
    text: chunk.text,
    searchText: [...new Set([chunk.title, ...chunk.headings]), chunk.text].join("\n"),
    tokens: chunk.tokens,
    metadata: JSON.stringify(chunk.metadata),
    untrusted: chunk.untrusted,
    documentHash: hash,
    documentChunks: chunks.length,
    documentLength: length,
    vector: vectors[at],
  }));
}

/** A row as LanceDB gives it back: lists are Arrow's vectors. */
export interface StoredRow extends Omit<PassageRow, "headings" | "vector"> {
  headings: Iterable<string>;
  vector: { toArray(): Float32Array };
}

/** A row's passage. */
export function chunkOf(row: Pick<StoredRow, keyof Chunk>): Chunk {
  return {
    id: row.id,
    source: row.source,
    title: row.title,
    headings: [...row.headings],
    ...(row.page === null ? {} : { page: row.page }),
    start: row.start,
    end: row.end,
    text: row.text,
    tokens: row.tokens,
    metadata: JSON.parse(row.metadata),
    untrusted: row.untrusted,
  };
}
