/** Files of rows as data sets have them: JSON Lines, a JSON list, Parquet. */

/** A row as it stands in its file, or why there is none. */
export interface FileRow {
  /** The line of a JSON Lines file, the row of others; counted from 1. */
  row: number;
  /** What stands there, of any shape. */
  value?: unknown;
  /** Why it cannot be read. */
  problem?: string;
}

/** What ends the name of a file that `readRows` reads. */
export const ROW_FILE = /\.(jsonl|json|parquet)$/;

/**
 * Reads a file of rows: `.jsonl`, `.json` (one list) or `.parquet`. A line that is not JSON is a row with a problem, so that
 * all bad ones can be counted.
 *
 * @throws {Error} naming the file when it is of another kind, or as a whole not what its name says
 */
export async function readRows(file: string): Promise<FileRow[]> {
  switch (ROW_FILE.exec(file)?.[1]) {
    case "jsonl":
      return await readLines(file);
    case "json":
      return await readList(file);
    case "parquet":
      return await readParquet(file);
    default:
      throw new Error(`${file} is neither .jsonl, .json nor .parquet: expected a file of rows in one of these forms`);
  }
}

async function readLines(file: string): Promise<FileRow[]> {
  const rows: FileRow[] = [];
  (await readText(file)).split("\n").forEach((line, index) => {
    if (line.trim() === "") return;
    try {
      rows.push({ row: index + 1, value: JSON.parse(line) });
    } catch {
      // The parser's own message speaks of "line 1": each line is parsed alone.
      rows.push({ row: index + 1, problem: `not JSON: ${shortened(line)}` });
    }
  });
  return rows;
}

async function readList(file: string): Promise<FileRow[]> {
  const text = await readText(file);
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (cause) {
    const hint = text.trimStart().startsWith("{") ? "; if each line is a row, call the file .jsonl" : "";
    throw new Error(`${file} is not JSON (${cause instanceof Error ? cause.message : cause})${hint}`, { cause });
  }
  if (!Array.isArray(list)) throw new Error(`${file}: expected a JSON list of rows, got ${shortened(text)}`);
  return list.map((value: unknown, index) => ({ row: index + 1, value }));
}

async function readParquet(file: string): Promise<FileRow[]> {
  // Loaded on demand: the native library takes a while, and most runs read JSON or generated rows.
  const { default: pl } = await import("nodejs-polars");
  let records: unknown[];
  try {
    records = pl.readParquet(file).toRecords();
  } catch (cause) {
    throw new Error(`${file} cannot be read as Parquet: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
  return records.map((value, index) => ({ row: index + 1, value }));
}

/** The decoder also removes a leading byte-order mark. */
async function readText(file: string): Promise<string> {
  return new TextDecoder().decode(await Deno.readFile(file));
}

function shortened(text: string): string {
  return text.length <= 100 ? text : `${text.slice(0, 97)}...`;
}
