/** Tables of passages on LanceDB. */
import { connect, type Connection, Index, type Table } from "@lancedb/lancedb";
import { chunkDocument, type ChunkOptions } from "../chunk/mod.ts";
import type { Embedder } from "../embed/mod.ts";
import {
  checkFullText,
  DEFAULT_FILTER_COLUMNS,
  DEFAULT_FULL_TEXT,
  type FullTextSettings,
  readDescription,
  refuseOther,
  type TableDescription,
} from "./description.ts";
import { checkTableName, isObjectStore, type Location, parseLocation } from "./location.ts";
import { passageSchema } from "./passage_rows.ts";
import { checkStorageOptions, storageProblem } from "./storage_options.ts";
import { withoutConflict } from "./without_conflict.ts";
import { spareNativeThreads } from "./native_threads.ts";

/** Where a table lies and how its passages are made. */
export interface OpenTableOptions {
  /**
   * A folder (made when absent), `memory://` (gone when the table is closed; each opening is a new one), or an object store:
   * `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`, in a bucket that is there.
   */
  uri: string;
  /** Letters, digits, `_`, `-` and `.`. */
  name: string;
  /** Stays the caller's, who disposes of it after the table is closed. */
  embedder: Embedder;
  /** How documents are cut. A table that is there already has its own. */
  chunking?: ChunkOptions;
  /** The keys of metadata that filters can ask for. Default `topic` and `language`; a table that is there has its own. */
  filterColumns?: readonly string[];
  /** How words are found. Default: English, with stems, without stop words; a table that is there has its own. */
  fullText?: Partial<FullTextSettings>;
  /**
   * From how many passages on there is a vector index; below, every vector is compared, which is exact and fast enough.
   * Default 100,000; LanceDB needs 256.
   */
  indexAbove?: number;
  /**
   * For object stores, as LanceDB names them: `awsAccessKeyId`, `awsSecretAccessKey`, `region`, `endpoint` (of MinIO and others
   * who speak Amazon's protocol), `allowHttp` (`"true"` where that endpoint is not https); `accountName`, `accountKey`;
   * `googleServiceAccount`. Default: what the environment says (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT,
   * AWS_ALLOW_HTTP, AWS_DEFAULT_REGION; AZURE_STORAGE_ACCOUNT_NAME, AZURE_STORAGE_ACCOUNT_KEY; GOOGLE_SERVICE_ACCOUNT), which
   * keeps keys out of programs. They are never logged, and not kept in the table.
   */
  storageOptions?: Record<string, string>;
  signal?: AbortSignal;
}

/** Rows below which no vector index can be trained. */
const LEAST_INDEXED = 256;

/** A table of passages. Made by {@link openTable}. */
export class PassageTable {
  /** Changes since the table was last put in order, by this process. */
  readonly changes = { commits: 0, rows: 0 };

  readonly name: string;
  /** As it was given. */
  readonly uri: string;
  readonly description: TableDescription;
  readonly embedder: Embedder;
  readonly indexAbove: number;
  /** LanceDB's own table, for what is not offered here. */
  readonly lance: Table;
  readonly #connection: Connection;

  constructor(
    parts: Pick<PassageTable, "name" | "uri" | "description" | "embedder" | "indexAbove" | "lance">,
    connection: Connection,
  ) {
    this.name = parts.name;
    this.uri = parts.uri;
    this.description = parts.description;
    this.embedder = parts.embedder;
    this.indexAbove = parts.indexAbove;
    this.lance = parts.lance;
    this.#connection = connection;
  }

  /** Passages in it. */
  countPassages(): Promise<number> {
    return this.lance.countRows();
  }

  /** Releases what LanceDB holds; a table in memory is gone. The embedder stays open. */
  close(): void {
    this.lance.close();
    this.#connection.close();
  }

  /** How errors name it. */
  toString(): string {
    return `table "${this.name}" at ${this.uri}`;
  }
}

/**
 * Opens a table of passages, or makes one. Several processes may read it while one writes.
 *
 * LanceDB writes files beside the old ones and then names a new version, so a process killed at any moment leaves the version
 * before; but it does not flush to the disk, so a power failure may lose or break what was written last. A table can always be
 * made again from its documents; `verify` says whether it must. In an object store a version is named by a write that succeeds
 * only where nothing stands yet (`If-None-Match: *`): of two writers one is told, and writes again. A store that does not know
 * such writes lets the later one win, and rows are lost: there, one process at a time may write. LanceDB reads and writes natively: Deno's permissions for
 * files and network do not hold it.
 *
 * @throws {TypeError} when the location, the name or a column's name cannot be, {RangeError} when the chunking or the language cannot
 * @throws {Error} when the table was made with another embedder or otherwise, naming both; when an object store cannot be reached
 *   or refuses, saying what to do
 */
export async function openTable(options: OpenTableOptions): Promise<PassageTable> {
  const { uri, name, embedder, signal, indexAbove = 100_000 } = options;
  signal?.throwIfAborted();
  const location = parseLocation(uri);
  checkTableName(name);
  checkStorageOptions(location.kind, options.storageOptions);
  if (!(indexAbove >= 0)) throw new RangeError(`indexAbove: expected a number of passages, got ${indexAbove}`);
  checkChunking(embedder, options.chunking);
  checkFullText(options.fullText);
  const asked = {
    embedder: { ...embedder.description },
    // Through JSON, as it will be remembered.
    chunking: options.chunking && JSON.parse(JSON.stringify(options.chunking)) as ChunkOptions,
    filterColumns: options.filterColumns && [...options.filterColumns],
    fullText: options.fullText && { ...DEFAULT_FULL_TEXT, ...options.fullText },
  };
  spareNativeThreads();
  const connection = await connect(location.uri, {
    storageOptions: options.storageOptions,
    // A handle sees what other processes wrote; asking costs a listing of files, which on a network is a request.
    readConsistencyInterval: isObjectStore(location) ? 5 : 0,
  });
  try {
    signal?.throwIfAborted();
    const where = `table "${name}" at ${uri}`;
    const lance = await openExisting(connection, name, where, location) ?? await create(connection, name, {
      embedder: asked.embedder,
      chunking: asked.chunking ?? {},
      filterColumns: asked.filterColumns ?? [...DEFAULT_FILTER_COLUMNS],
      fullText: asked.fullText ?? DEFAULT_FULL_TEXT,
    });
    const description = readDescription((await lance.schema()).metadata, where);
    refuseOther(where, description, asked);
    signal?.throwIfAborted();
    const parts = { name, uri, description, embedder, indexAbove: Math.max(LEAST_INDEXED, indexAbove), lance };
    const table = new PassageTable(parts, connection);
    await ensureFullTextIndex(table);
    return table;
  } catch (error) {
    connection.close();
    throw error;
  }
}

async function openExisting(
  connection: Connection,
  name: string,
  where: string,
  location: Location,
): Promise<Table | null> {
  try {
    return await connection.openTable(name);
  } catch (cause) {
    const { message } = cause as Error;
    const problem = isObjectStore(location) ? storageProblem(location, message) : null;
    if (problem !== null) throw new Error(`${where}: ${problem}`);
    // Also where a process was killed when it had made the folder and no version yet.
    if (/was not found/i.test(message)) return null;
    throw new Error(
      `${where}: LanceDB cannot open it (${
        message.slice(0, 300)
      }). If the location is right and can be reached, files of the ` +
        `table are damaged: delete ${name}.lance there and ingest the documents again.`,
      { cause },
    );
  }
}

async function create(connection: Connection, name: string, description: TableDescription): Promise<Table> {
  try {
    const schema = passageSchema(description);
    return await connection.createEmptyTable(name, schema);
  } catch (error) {
    // Another process may just have made it, or be about to: LanceDB's own words for that are a conflict.
    if (!/already exists|conflict/i.test((error as Error).message)) throw error;
    return await connection.openTable(name);
  }
}

/** A table without full-text index finds no words, and LanceDB does not say so. */
async function ensureFullTextIndex(table: PassageTable): Promise<void> {
  // Another process that opens the new table makes it at the same moment: then it is there when one looks again.
  await withoutConflict(async () => {
    await table.lance.checkoutLatest();
    const indices = await table.lance.listIndices();
    if (!indices.some(({ columns }) => columns.includes("searchText"))) await createFullTextIndex(table);
  });
}

/** Makes the full-text index, or makes it anew. Without positions: nobody searches for phrases, and it is half as large. */
export async function createFullTextIndex({ lance, description }: PassageTable): Promise<void> {
  await lance.createIndex("searchText", { config: Index.fts({ withPosition: false, ...description.fullText }) });
}

/** Options that do not fit the embedder would else fail every document. */
function checkChunking(embedder: Embedder, chunking: ChunkOptions | undefined): void {
  const nothing = {
    source: "",
    title: "",
    mediaType: "text/plain",
    text: "",
    blocks: [],
    metadata: {},
    untrusted: false,
  };
  chunkDocument(nothing, embedder, chunking);
}
