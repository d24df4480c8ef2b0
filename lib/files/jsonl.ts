import type { ZodType } from "zod";
import { appender, type FileAppender } from "./appender.ts";
import type { WriteOptions } from "./atomic.ts";
import { namingDiskFull } from "./disk_full.ts";
import { denoFileSystem, type FileSystem } from "./file_system.ts";
import { folderOf } from "./temporary.ts";

/** A row of a JSONL file is not what it should be. The message names file and line, and says what was expected. */
export class JsonlError extends Error {
  override name = "JsonlError";

  /**
   * @param path the file
   * @param line the row's line, counted from 1
   * @param problem what is wrong with it
   */
  constructor(readonly path: string, readonly line: number, readonly problem: string, options?: ErrorOptions) {
    super(`${path}, line ${line}: ${problem}`, options);
  }
}

/** The rows of a JSONL file. */
export interface JsonlRows<T> {
  rows: T[];
  /** A last line that a crash cut off (no line end, not JSON): left out of `rows` and told here. */
  torn?: { line: number; text: string };
}

/**
 * Reads a JSON Lines file: one JSON value a line, UTF-8, blank lines skipped.
 *
 * @param schema what each row must be; rows come out as the schema makes them
 * @throws {JsonlError} at the first line that is not UTF-8, not JSON, or not what `schema` expects
 */
export async function readJsonl<T>(path: string, schema: ZodType<T>): Promise<JsonlRows<T>> {
  const rows: T[] = [];
  let torn: JsonlRows<T>["torn"];
  for await (const row of eachJsonl(path, schema, (found) => torn = found)) rows.push(row);
  return torn === undefined ? { rows } : { rows, torn };
}

/**
 * The same row by row, for files that do not fit in memory.
 *
 * @param onTorn told about a last line that a crash cut off
 */
export async function* eachJsonl<T>(
  path: string,
  schema: ZodType<T>,
  onTorn?: (torn: { line: number; text: string }) => void,
): AsyncGenerator<T, void, undefined> {
  for await (const { row } of eachRow(path, schema, onTorn)) yield row;
}

/** The same with the place of each row: `end` is the offset of the first byte after it and its line end. */
export async function* eachRow<T>(
  path: string,
  schema: ZodType<T>,
  onTorn?: (torn: { line: number; text: string }) => void,
): AsyncGenerator<{ row: T; end: number }, void, undefined> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let end = 0;
  for await (const { bytes, line, ended } of eachLine(path)) {
    end += bytes.length + (ended ? 1 : 0);
    let text: string;
    let value: unknown;
    try {
      text = decoder.decode(bytes).trim();
    } catch (cause) {
      if (!ended) onTorn?.({ line, text: new TextDecoder().decode(bytes) });
      else throw new JsonlError(path, line, "not UTF-8. Save the file as UTF-8.", { cause });
      return;
    }
    if (text === "") continue;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      const problem = `not JSON: ${shorten(text)}. Expected one JSON value on each line.`;
      if (ended) throw new JsonlError(path, line, problem, { cause });
      onTorn?.({ line, text });
      return;
    }
    const parsed = schema.safeParse(value);
    if (!parsed.success) {
      const problems = parsed.error.issues.map((issue) => `${issue.path.join(".") || "the row"}: ${issue.message}`);
      throw new JsonlError(path, line, `${problems.join("; ")}. The row is ${shorten(text)}`, { cause: parsed.error });
    }
    yield { row: parsed.data, end };
  }
}

const encoder = new TextEncoder();

/** Appends rows to a JSONL file. */
export interface JsonlWriter {
  readonly path: string;
  /**
   * Appends a row; when the promise is fulfilled the row is with the operating system, so that a crash of this process
   * does not lose it. Calls may overlap: rows are written in the order of the calls.
   *
   * @throws {TypeError} when `row` has no JSON form (undefined, a function, a cycle, a bigint)
   * @throws {DiskFullError} when the disk is full; no part of the row stays in the file
   */
  write(row: unknown): Promise<void>;
  /** Flushes the file to disk and closes it. May be called again. */
  close(): Promise<void>;
}

/**
 * Opens a JSONL file to append rows, creating it and its folder when absent. A last line that a crash cut off is
 * removed first, so that the next row does not run into it. NaN and infinities become null, as everywhere in JSON.
 */
export async function jsonlWriter(
  path: string,
  options: Pick<WriteOptions, "fileSystem"> = {},
): Promise<JsonlWriter> {
  const { fileSystem = denoFileSystem } = options;
  const rows = await namingDiskFull(path, () => openRows(path, fileSystem));
  return {
    path,
    write(row) {
      const text = JSON.stringify(row);
      if (text === undefined) throw new TypeError(`A row for ${path} has no JSON form: it is ${typeof row}.`);
      return rows.write(encoder.encode(text + "\n"));
    },
    close: () => rows.close(),
  };
}

/** Opens a file behind its last whole row. */
async function openRows(path: string, fileSystem: FileSystem): Promise<FileAppender> {
  await fileSystem.makeFolder(folderOf(path));
  const file = await fileSystem.append(path);
  try {
    const { length, torn, endless } = await endOfLastRow(path);
    if (torn) await file.truncate(length);
    const rows = appender(file, path, length, { fileSystem });
    if (endless) await rows.write(encoder.encode("\n"));
    return rows;
  } catch (error) {
    file.close();
    throw error;
  }
}

interface Line {
  bytes: Uint8Array;
  /** Counted from 1. */
  line: number;
  /** Whether a line end follows: the last line of a file may lack it. */
  ended: boolean;
}

async function* eachLine(path: string): AsyncGenerator<Line, void, undefined> {
  const file = await Deno.open(path, { read: true });
  const newline = 10;
  let started: Uint8Array[] = [];
  let line = 1;
  // Leaving the loop early closes the file through its stream.
  for await (const chunk of file.readable) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      yield { bytes: joined(started, chunk.subarray(start, end)), line: line++, ended: true };
      started = [];
      start = end + 1;
    }
    if (start < chunk.length) started.push(chunk.slice(start));
  }
  if (started.length > 0) yield { bytes: joined(started, new Uint8Array(0)), line, ended: false };
}

function joined(parts: Uint8Array[], last: Uint8Array): Uint8Array {
  if (parts.length === 0) return last;
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, last.length));
  let offset = 0;
  for (const part of [...parts, last]) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

/**
 * Where the last whole row of a file ends, and what follows it: a cut-off row (`torn`), or a whole one without a line
 * end.
 */
async function endOfLastRow(path: string): Promise<{ length: number; torn: boolean; endless: boolean }> {
  let length = 0;
  let last: Line | undefined;
  for await (const line of eachLine(path)) {
    if (line.ended) length += line.bytes.length + 1;
    last = line;
  }
  if (last === undefined || last.ended) return { length, torn: false, endless: false };
  try {
    JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(last.bytes));
    return { length: length + last.bytes.length, torn: false, endless: true };
  } catch {
    return { length, torn: true, endless: false };
  }
}

function shorten(text: string): string {
  return text.length <= 120 ? text : `${text.slice(0, 117)}...`;
}
