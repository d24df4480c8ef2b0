/** medical-o1-reasoning-SFT (Chen et al. 2024, arXiv:2412.18925): medical questions with a chain of thought and an answer. */
import { z } from "zod";
import type { HubOptions } from "../models/mod.ts";
import { Random, type RandomSeed } from "../random/mod.ts";
import type { BadRow } from "./gsm8k.ts";
import { readRows, ROW_FILE } from "./read_rows.ts";

const text = z.string({ error: ({ input }) => `expected a text, got ${input == null ? "none" : typeof input}` })
  .refine((value) => value.trim() !== "", "expected a text, got an empty one");

/** A question, the reasoning, and the answer that follows from it, under the data set's own names. */
export const medicalO1Row = z.object({ Question: text, Complex_CoT: text, Response: text });

/** One row of the data set. */
export type MedicalO1Row = z.infer<typeof medicalO1Row>;

/** What was read. */
export interface MedicalO1Rows {
  rows: MedicalO1Row[];
  badRows: BadRow[];
  /** The files the rows come from. */
  files: string[];
}

/** The hub's file of each part; a mix has general questions among the medical ones. */
const SUBSET_FILES = {
  en: "medical_o1_sft.json",
  zh: "medical_o1_sft_Chinese.json",
  en_mix: "medical_o1_sft_mix.json",
  zh_mix: "medical_o1_sft_mix_Chinese.json",
} as const;

/** A part of the data set by its language. */
export type MedicalO1Subset = keyof typeof SUBSET_FILES;

/** What to read, and what becomes of bad rows. */
export interface LoadMedicalO1Options {
  /**
   * A `.jsonl`, `.json` (a list, as on the hub) or `.parquet` file, a folder that holds one (`train.jsonl`,
   * `medical_o1_sft.json`, `train-00000-of-00002.parquet`, `en/train/0000.parquet`), or a hub id such as
   * `FreedomIntelligence/medical-o1-reasoning-SFT`.
   */
  source: string;
  /** Default "en". A file is taken whole, whatever this says. */
  subset?: MedicalO1Subset;
  /** At most this many rows, taken after shuffling. Default: all. */
  limit?: number;
  /** Shuffles the rows; without it they keep the file's order. */
  shuffleSeed?: RandomSeed;
  /** What a bad row does: stop with an error (default), or be left out and listed in `badRows`. */
  onBadRow?: "error" | "skip";
  /** Says what else is wrong with a row that has all its texts, such as being far too long; null when nothing is. */
  check?: (row: MedicalO1Row) => string | null;
  /** For a hub id: revision, cache folder, token, progress and the like. */
  hub?: HubOptions;
}

/**
 * Reads medical-o1-reasoning-SFT, or any data set with its three columns; others are left out.
 *
 * @throws {Error} naming file and row when a row lacks a text, has an empty one or fails `check` (unless skipped), when no
 *   row is left, or when the source has no such file
 * @throws {HubError} when a hub id cannot be downloaded
 */
export async function loadMedicalO1(options: LoadMedicalO1Options): Promise<MedicalO1Rows> {
  const { source, subset = "en", limit, shuffleSeed, onBadRow = "error", check = () => null, hub } = options;
  if (limit !== undefined && (!Number.isInteger(limit) || limit < 0)) {
    throw new RangeError(`limit is ${limit}: expected a whole number of rows`);
  }
  const files = await findFiles(source, subset, hub);
  const found: MedicalO1Rows = { rows: [], badRows: [], files };
  for (const file of files) {
    for (const { row, value, problem } of await readRows(file)) {
      const parsed = problem === undefined ? parseRow(value, check) : problem;
      if (typeof parsed === "string") found.badRows.push({ file, row, problem: parsed });
      else found.rows.push(parsed);
    }
  }
  const { rows, badRows } = found;
  if (badRows.length > 0 && (onBadRow === "error" || rows.length === 0)) throw badRowsError(found);
  if (rows.length === 0) throw new Error(`${files.join(", ")}: there are no rows`);
  if (shuffleSeed !== undefined) found.rows = new Random(shuffleSeed).shuffle(rows);
  if (limit !== undefined) found.rows = found.rows.slice(0, limit);
  return found;
}

/** The row, or what is wrong with it. */
function parseRow(value: unknown, check: (row: MedicalO1Row) => string | null): MedicalO1Row | string {
  const parsed = medicalO1Row.safeParse(value);
  if (parsed.success) return check(parsed.data) ?? parsed.data;
  return parsed.error.issues.map((issue) => `${issue.path.join(".") || "the row"}: ${issue.message}`).join("; ");
}

function badRowsError({ rows, badRows }: MedicalO1Rows): Error {
  const [first] = badRows;
  const count = `${badRows.length} of ${rows.length + badRows.length} rows ${badRows.length === 1 ? "is" : "are"} bad`;
  const hint = rows.length === 0
    ? "expected the columns Question, Complex_CoT and Response"
    : 'onBadRow: "skip" leaves such rows out';
  const unit = first.file.endsWith(".jsonl") ? "line" : "row";
  return new Error(`${first.file}, ${unit} ${first.row}: ${first.problem} (${count}; ${hint})`);
}

async function findFiles(source: string, subset: MedicalO1Subset, hub?: HubOptions): Promise<string[]> {
  const stat = await Deno.stat(source).catch(() => null);
  if (stat?.isDirectory) return await filesOfFolder(source, subset);
  // A file that is of no kind that can be read is refused by readRows, by name.
  if (stat !== null) return [source];
  if (/^[\w.-]+\/[\w.-]+$/.test(source) && !ROW_FILE.test(source)) {
    // Loaded on demand, so that local data needs none of the model code.
    const { downloadFile } = await import("../models/mod.ts");
    return [await downloadFile(source, SUBSET_FILES[subset], { ...hub, repoType: "dataset" })];
  }
  throw new Error(
    `${source} does not exist: expected a .jsonl, .json or .parquet file, a folder, or a hub id as ` +
      "FreedomIntelligence/medical-o1-reasoning-SFT",
  );
}

const SHARD = /^(?:train-\d+-of-(\d+)|\d{4,})\.parquet$/;

/** The hub's file of the part, one called `train`, Parquet shards here or where the hub's converter puts them, or the only one. */
async function filesOfFolder(folder: string, subset: MedicalO1Subset): Promise<string[]> {
  for (const inside of [folder, `${folder}/data`, `${folder}/${subset}/train`, `${folder}/${subset}`]) {
    const names = await rowFiles(inside);
    const whole = [SUBSET_FILES[subset], "train.jsonl", "train.json", "train.parquet"]
      .find((name) => names.includes(name));
    if (whole !== undefined) return [`${inside}/${whole}`];
    const shards = names.filter((name) => SHARD.test(name));
    if (shards.length === 0) continue;
    const expected = Number(SHARD.exec(shards[0])![1] ?? shards.length);
    if (shards.length === expected) return shards.map((name) => `${inside}/${name}`);
    throw new Error(`${inside} holds ${shards.length} of the ${expected} Parquet shards: fetch the rest`);
  }
  const ofOtherParts: readonly string[] = Object.values(SUBSET_FILES);
  const others = (await rowFiles(folder)).filter((name) => !ofOtherParts.includes(name));
  if (others.length === 1) return [`${folder}/${others[0]}`];
  const there = others.length === 0 ? "none" : others.join(", ");
  throw new Error(
    `${folder}: expected ${SUBSET_FILES[subset]}, train.jsonl, train.json, train.parquet or a single file of rows, ` +
      `found ${there}; name the file that is meant`,
  );
}

/** The names of a folder's files of rows, sorted; none when it is not there. */
async function rowFiles(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const entry of Deno.readDir(folder)) {
      if (!entry.isDirectory && ROW_FILE.test(entry.name)) names.push(entry.name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) throw error;
  }
  return names.sort();
}
