/** Preference data from files: rows of TRL and of LLaMA-Factory alike. */
import { type BadRow, readRows, ROW_FILE } from "../data/mod.ts";
import { Random, type RandomSeed } from "../random/mod.ts";
import { fromLlamaFactory, type PreferenceRow, readPreferenceRow } from "./preference_rows.ts";

/** What was read. */
export interface LoadedPreferences {
  rows: PreferenceRow[];
  badRows: BadRow[];
  /** The files the rows come from. */
  files: string[];
}

/** What to read, and what becomes of bad rows. */
export interface LoadPreferencesOptions {
  /**
   * A `.jsonl`, `.json` (a list) or `.parquet` file, or a folder that holds some: those whose names begin with "train" (also
   * in its folder `data`, as on the hub), or the only one.
   */
  source: string;
  /** At most this many rows, taken after shuffling. Default: all. */
  limit?: number;
  /** Shuffles the rows; without it they keep the files' order. */
  shuffleSeed?: RandomSeed;
  /** What a bad row does: stop with an error (default), or be left out and listed in `badRows`. */
  onBadRow?: "error" | "skip";
}

/**
 * Reads rows of the shapes of `readPreferenceRow` (`{prompt, chosen, rejected}` of texts or messages, or whole chats) and of
 * `fromLlamaFactory` (`{instruction, input, chosen, rejected}`, or `{conversations, chosen, rejected}`), each row by its own
 * columns.
 *
 * @throws {Error} naming file and row when a row has none of these shapes (unless skipped), when no row is left, or when
 *   there is no such file
 */
export async function loadPreferences(options: LoadPreferencesOptions): Promise<LoadedPreferences> {
  const { source, limit, shuffleSeed, onBadRow = "error" } = options;
  if (limit !== undefined && (!Number.isInteger(limit) || limit < 0)) {
    throw new RangeError(`limit is ${limit}: expected a whole number of rows`);
  }
  const files = await filesOf(source);
  const found: LoadedPreferences = { rows: [], badRows: [], files };
  for (const file of files) {
    for (const { row, value, problem } of await readRows(file)) {
      const read = problem === undefined ? readAnyRow(value) : problem;
      if (typeof read === "string") found.badRows.push({ file, row, problem: read });
      else found.rows.push(read);
    }
  }
  const { rows, badRows } = found;
  if (badRows.length > 0 && (onBadRow === "error" || rows.length === 0)) {
    const [{ file, row, problem }] = badRows;
    const hint = rows.length === 0 ? "" : '; onBadRow: "skip" leaves such rows out';
    throw new Error(
      `${file}, row ${row}: ${problem} (${badRows.length} of ${rows.length + badRows.length} bad${hint})`,
    );
  }
  if (rows.length === 0) throw new Error(`${files.join(", ")}: there are no rows`);
  const ordered = shuffleSeed === undefined ? rows : new Random(shuffleSeed).shuffle(rows);
  return { ...found, rows: ordered.slice(0, limit) };
}

/** The row, or what is wrong with it. */
function readAnyRow(value: unknown): PreferenceRow | string {
  try {
    const isRow = typeof value === "object" && value !== null;
    const isLlamaFactory = isRow && ("instruction" in value || "conversations" in value);
    return isLlamaFactory ? fromLlamaFactory([value])[0] : readPreferenceRow(value);
  } catch (error) {
    // The reader counts the rows that it was given: one.
    return (error instanceof Error ? error.message : String(error)).replace(/^row 0: /, "");
  }
}

async function filesOf(source: string): Promise<string[]> {
  const stat = await Deno.stat(source).catch(() => null);
  if (stat === null) {
    throw new Error(
      `${source} does not exist: expected a .jsonl, .json or .parquet file of preference rows, or a folder that holds one`,
    );
  }
  if (!stat.isDirectory) return [source];
  const all = [...await rowFiles(source), ...await rowFiles(`${source}/data`)];
  const training = all.filter((file) => /\/train[^/]*$/.test(file));
  if (training.length > 0) return training;
  if (all.length === 1) return all;
  throw new Error(
    `${source}: expected files called train..., or a single file of rows; found ${
      all.join(", ") || "none"
    }; name the file`,
  );
}

async function rowFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      if (!isDirectory && ROW_FILE.test(name)) files.push(`${folder}/${name}`);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) throw error;
  }
  return files.sort();
}
