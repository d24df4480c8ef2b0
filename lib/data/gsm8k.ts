import { z } from "zod";
import type { HubOptions } from "../models/mod.ts";
import { Random, type RandomSeed } from "../random/mod.ts";
import { goldAnswer, parseNumber } from "./gsm8k_answer.ts";
import { readRows } from "./read_rows.ts";

/** A question of GSM8K (grade-school mathematics) with its worked answer, which ends in a line `#### RESULT`. */
export const gsm8kRow = z.object({
  question: z.string().refine((text) => text.trim() !== "", "expected a text, got none"),
  answer: z.string().refine(endsInNumber, 'expected worked steps and a last line "#### NUMBER"'),
});

/** One row of the data set. */
export type Gsm8kRow = z.infer<typeof gsm8kRow>;

/** A row that was left out. */
export interface BadRow {
  file: string;
  /** The line in a JSONL file, the row in a Parquet file; counted from 1. */
  row: number;
  problem: string;
}

/** What was read. */
export interface Gsm8kRows {
  rows: Gsm8kRow[];
  badRows: BadRow[];
  /** The files the rows come from. */
  files: string[];
}

export interface LoadGsm8kOptions {
  /**
   * A `.jsonl` or `.parquet` file (taken whole, whatever `split` says), a folder that holds one for each split
   * (`train.jsonl`, `test.parquet`, `main/train-00000-of-00001.parquet`), or a hub id such as `openai/gsm8k`.
   */
  source: string;
  /** Default "train". */
  split?: "train" | "test";
  /** At most this many rows, taken after shuffling. Default: all. */
  limit?: number;
  /** Shuffles the rows; without it they keep the file's order. */
  shuffleSeed?: RandomSeed;
  /** What a malformed row does: stop with an error (default), or be left out and listed in `badRows`. */
  onBadRow?: "error" | "skip";
  /** For a hub id: revision, cache folder, token, progress and the like. */
  hub?: HubOptions;
}

/**
 * Reads GSM8K, or any data set in its format.
 *
 * @throws {Error} naming file and row when a row is malformed (unless skipped), or when the source has no such file
 * @throws {HubError} when a hub id cannot be downloaded
 */
export async function loadGsm8k(options: LoadGsm8kOptions): Promise<Gsm8kRows> {
  const { source, split = "train", limit, shuffleSeed, onBadRow = "error", hub } = options;
  if (limit !== undefined && (!Number.isInteger(limit) || limit < 0)) {
    throw new RangeError(`limit is ${limit}: expected a whole number of rows`);
  }
  const files = await findFiles(source, split, hub);
  const found: Gsm8kRows = { rows: [], badRows: [], files };
  for (const file of files) {
    for (const { row, value, problem = addRow(found.rows, value) } of await readRows(file)) {
      if (problem !== null) found.badRows.push({ file, row, problem });
    }
  }
  if (onBadRow === "error" && found.badRows.length > 0) throw badRowsError(found);
  if (shuffleSeed !== undefined) found.rows = new Random(shuffleSeed).shuffle(found.rows);
  if (limit !== undefined) found.rows = found.rows.slice(0, limit);
  return found;
}

function endsInNumber(answer: string): boolean {
  return answer.includes("####") && parseNumber(goldAnswer(answer)) !== null;
}

/** Adds the row if it is one; else says what is wrong with it. */
function addRow(rows: Gsm8kRow[], value: unknown): string | null {
  const parsed = gsm8kRow.safeParse(value);
  if (parsed.success) {
    rows.push(parsed.data);
    return null;
  }
  return parsed.error.issues.map((issue) => `${issue.path.join(".") || "the row"}: ${issue.message}`).join("; ");
}

function badRowsError({ rows, badRows }: Gsm8kRows): Error {
  const first = badRows[0];
  const count = `${badRows.length} of ${rows.length + badRows.length} rows ${badRows.length === 1 ? "is" : "are"} bad`;
  const unit = first.file.endsWith(".parquet") ? "row" : "line";
  return new Error(
    `${first.file}, ${unit} ${first.row}: ${first.problem} (${count}; onBadRow: "skip" leaves such rows out)`,
  );
}

const SPLIT_FILE = /^(train|test)(?:-\d+-of-(\d+))?\.(jsonl|parquet)$/;

async function findFiles(source: string, split: "train" | "test", hub?: HubOptions): Promise<string[]> {
  const stat = await Deno.stat(source).catch(() => null);
  if (stat?.isDirectory) return await filesOfFolder(source, split);
  if (stat !== null) {
    if (/\.(jsonl|parquet)$/.test(source)) return [source];
    throw new Error(`${source} is neither .jsonl nor .parquet: give one of those, a folder of them or a hub id`);
  }
  if (/^[\w.-]+\/[\w.-]+$/.test(source) && !/\.(jsonl|parquet)$/.test(source)) {
    return [await download(source, split, hub)];
  }
  throw new Error(
    `${source} does not exist: expected a .jsonl or .parquet file, a folder, or a hub id as openai/gsm8k`,
  );
}

/** The split's files in the folder itself, else in `main` (the hub's layout); JSONL before Parquet, shards in order. */
async function filesOfFolder(folder: string, split: "train" | "test"): Promise<string[]> {
  for (const inside of [folder, `${folder}/main`]) {
    const names: string[] = [];
    try {
      for await (const entry of Deno.readDir(inside)) names.push(entry.name);
    } catch (error) {
      if (inside === folder) throw error;
      continue;
    }
    for (const extension of ["jsonl", "parquet"]) {
      const matches = names.map((name) => SPLIT_FILE.exec(name)).filter((match) => match !== null)
        .filter((match) => match[1] === split && match[3] === extension);
      if (matches.length === 0) continue;
      const whole = matches.find((match) => match[2] === undefined);
      if (whole !== undefined) return [`${inside}/${whole[0]}`];
      const expected = Number(matches[0][2]);
      if (matches.length !== expected) {
        throw new Error(
          `${inside} holds ${matches.length} of the ${expected} shards of ${split}.${extension}: fetch the rest`,
        );
      }
      return matches.map((match) => `${inside}/${match[0]}`).sort();
    }
  }
  throw new Error(
    `${folder} has no ${split} file: expected ${split}.jsonl or ${split}.parquet in it or in its folder main`,
  );
}

/** The hub's Parquet file of a split, in the layout of openai/gsm8k. */
async function download(repo: string, split: "train" | "test", hub?: HubOptions): Promise<string> {
  // Loaded on demand, so that local data needs none of the model code.
  const { downloadFile } = await import("../models/mod.ts");
  return await downloadFile(repo, `main/${split}-00000-of-00001.parquet`, { ...hub, repoType: "dataset" });
}
