/** What a trainer was told, in its run's folder: enough to take the same recipe to other tools. */
import { type LoraAdapter, saveAdapter } from "../adapters/mod.ts";
import { denoFileSystem, type FileSystem, isFile, writeFileAtomic } from "../files/mod.ts";
import { carriedFactors } from "../models/mod.ts";
import type { TokenizedExample } from "./batch.ts";
import type { PreferenceExample } from "./dpo_batches.ts";
import { isTrained } from "./dpo_reference.ts";
import { PARAMETERS_FILE } from "./run/mod.ts";
import { type PromptRow, type PromptTokenizer, renderPrompt } from "./rollout/mod.ts";
import type { SessionSetup } from "./session_setup.ts";

/** Trainer, options, model and adapter of a run. */
export const TRAINER_FILE = "trainer.json";

/** Rows that were trained on, one a line. */
export const TRAIN_DATA_FILE = "train_data.jsonl";

/** Rows that were held out. */
export const EVAL_DATA_FILE = "eval_data.jsonl";

/** The adapter as training began, where it had been trained before. */
export const START_ADAPTER = "start_adapter";

/** Data that take more bytes are not written down: some ten million tokens. Each run has a copy of its own. */
const MOST_BYTES = 64 * 2 ** 20;

/** Rows are written in pieces of so many characters: a write for each would take twenty seconds for a million rows. */
const PIECE = 2 ** 18;

/** A prompt that a policy is to complete, with what rewards read of its row. */
export interface RecordedPrompt {
  /** As the model reads it: chat template and prefill applied. */
  prompt: string;
  /** Whether tokens that a tokenizer puts around texts come with it; a chat template has them. */
  addSpecialTokens: boolean;
  columns: Record<string, unknown>;
}

/** A row as it is written down. `trained` are the stretches of learned tokens, [from, to). */
export type RecordedRow =
  | { ids: readonly number[]; trained: readonly (readonly [number, number])[] }
  | PreferenceExample
  | RecordedPrompt;

/** What a trainer adds to its options. */
export interface RunParts {
  train?: () => Iterable<RecordedRow>;
  evaluation?: () => Iterable<RecordedRow>;
  /** What is no option, or is one that JSON cannot hold: reward functions by name. */
  more?: Record<string, unknown>;
}

/**
 * Writes a trainer's record into its `outputDir`, if that is the folder of a run; other folders are left alone.
 *
 * @param resolved The options that decide the curve, with their defaults.
 * @param goesOn Whether the run was begun before: what its adapter was then stays as it was written down.
 * @throws {DiskFullError} naming the file
 */
export async function recordRun(
  setup: SessionSetup,
  resolved: Record<string, unknown>,
  goesOn = false,
): Promise<void> {
  const { trainer, model, adapter, options, totalSteps, stepsPerEpoch, parts = {} } = setup;
  const { outputDir, fileSystem, baseModel = null } = options;
  if (outputDir === undefined || !await isFile(`${outputDir}/${PARAMETERS_FILE}`)) return;
  const { precision, eosTokenIds: _, ...shape } = model.config;
  // In the process that was stopped it has been trained since.
  const told = goesOn ? await toldBefore(`${outputDir}/${TRAINER_FILE}`) : undefined;
  const begunBefore = told ?? (adapter !== undefined && await isTrained(model, adapter));
  const record = {
    format: 1,
    trainer,
    options: { ...plain(options), ...plain(resolved) },
    given: unwritten(options),
    totalSteps,
    stepsPerEpoch,
    model: {
      baseModel,
      folder: await folderOf(baseModel),
      parameters: model.parameterCount,
      precision: precision ?? null,
      shape,
    },
    adapter: adapter ? adapterFacts(adapter, begunBefore) : null,
    data: {
      train: await writeRows(outputDir, TRAIN_DATA_FILE, parts.train, { fileSystem }),
      evaluation: await writeRows(outputDir, EVAL_DATA_FILE, parts.evaluation, { fileSystem }),
    },
    ...parts.more,
  };
  if (begunBefore && adapter && told === undefined) {
    await saveAdapter(model, adapter, `${outputDir}/${START_ADAPTER}`, { baseModel: baseModel ?? "", fileSystem });
  }
  await writeFileAtomic(`${outputDir}/${TRAINER_FILE}`, JSON.stringify(record, null, 2) + "\n", { fileSystem });
}

function adapterFacts(adapter: LoraAdapter, begunBefore: boolean) {
  const { r, loraAlpha, useRslora, modules, trainableTokenIndices = [] } = adapter;
  const tables = trainableTokenIndices.length > 0 ? [] : carriedFactors(adapter).map(([name]) => name);
  return { r, loraAlpha, useRslora, targetModules: [...modules], tables, trainableTokenIndices, begunBefore };
}

/** What an earlier record says of the adapter's beginning; undefined where there is none that can be read. */
async function toldBefore(path: string): Promise<boolean | undefined> {
  try {
    const begunBefore: unknown = JSON.parse(await Deno.readTextFile(path))?.adapter?.begunBefore;
    return typeof begunBefore === "boolean" ? begunBefore : undefined;
  } catch {
    // The run is older than records, or was cut off before its own was written.
    return undefined;
  }
}

/** Says that rows are not to be written down. */
class NotWrittenDown extends Error {}

/** Writes rows down, unless they are too many, or JSON cannot hold them; says what there is. */
async function writeRows(
  folder: string,
  file: string,
  rows: RunParts["train"],
  options: { fileSystem?: FileSystem },
): Promise<{ rows: number; numbers: number; file: string | null } | null> {
  if (rows === undefined) return null;
  const path = `${folder}/${file}`;
  let [count, numbers] = [0, 0];
  const add = (row: RecordedRow) => {
    count++;
    numbers += numbersOf(row);
  };
  try {
    await writeFileAtomic(path, pieces(rows(), add), options);
    return { rows: count, numbers, file };
  } catch (error) {
    if (!(error instanceof NotWrittenDown)) throw error;
    // An earlier trainer's, which would be taken for this one's.
    await (options.fileSystem ?? denoFileSystem).remove(path);
    [count, numbers] = [0, 0];
    for (const row of rows()) add(row);
    return { rows: count, numbers, file: null };
  }
}

/** Rows as lines, many in a piece. */
function* pieces(rows: Iterable<RecordedRow>, onRow: (row: RecordedRow) => void): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  let [lines, bytes] = ["", 0];
  const flush = () => {
    const piece = encoder.encode(lines);
    lines = "";
    bytes += piece.length;
    if (bytes > MOST_BYTES) throw new NotWrittenDown();
    return piece;
  };
  for (const row of rows) {
    onRow(row);
    lines += line(row);
    if (lines.length >= PIECE) yield flush();
  }
  if (lines !== "") yield flush();
}

function line(row: RecordedRow): string {
  try {
    return JSON.stringify(row, bigint) + "\n";
  } catch {
    // A column that refers to itself, say: training does not need it on the disk.
    throw new NotWrittenDown();
  }
}

function numbersOf(row: RecordedRow): number {
  if ("ids" in row) return row.ids.length;
  return "chosenIds" in row ? row.promptIds.length + row.chosenIds.length + row.rejectedIds.length : row.prompt.length;
}

/** Tokenized examples as rows: which tokens are learned, as stretches. */
export function* exampleRows(examples: readonly TokenizedExample[]): Generator<RecordedRow> {
  for (const { ids, lossMask } of examples) {
    const trained: [number, number][] = [];
    lossMask.forEach((isTrained, token) => {
      if (!isTrained) return;
      const last = trained.at(-1);
      if (last?.[1] === token) last[1]++;
      else trained.push([token, token + 1]);
    });
    yield { ids: [...ids], trained };
  }
}

/** Pairs as rows. */
export function* pairRows(pairs: readonly PreferenceExample[]): Generator<RecordedRow> {
  for (const { promptIds, chosenIds, rejectedIds } of pairs) yield { promptIds, chosenIds, rejectedIds };
}

/** Prompts as rows, as the model reads them. */
export function* promptRows<Columns>(
  { trainDataset, tokenizer, prefill }: {
    trainDataset: readonly PromptRow<Columns>[];
    tokenizer: PromptTokenizer;
    prefill?: string;
  },
): Generator<RecordedRow> {
  for (const row of trainDataset) {
    const { prompt: given, ...columns } = row as PromptRow<Record<string, unknown>>;
    const isText = typeof given === "string";
    yield { prompt: renderPrompt({ prompt: given }, tokenizer, prefill), addSpecialTokens: isText, columns };
  }
}

/** Values that JSON holds as they are; models, functions and data sets are left out. */
function plain(values: object): Record<string, unknown> {
  const isScalar = (value: unknown) => value === null || ["string", "number", "boolean"].includes(typeof value);
  const isPlain = (value: unknown): boolean =>
    isScalar(value) || (Array.isArray(value) ? value.every(isScalar) : isRecord(value) && isPlainRecord(value));
  const isPlainRecord = (record: object) =>
    Object.values(record).every((value) => value === undefined || isPlain(value));
  return Object.fromEntries(Object.entries(values).filter(([, value]) => isPlain(value)));
}

/** Names of the options that were given and that JSON cannot hold. */
function unwritten(options: object): string[] {
  const written = plain(options);
  return Object.entries(options).filter(([name, value]) => value !== undefined && !(name in written)).map(([name]) =>
    name
  )
    .sort();
}

function isRecord(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function bigint(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}` : value;
}

/** The whole path of a model's folder, which may be named as seen from somewhere else; null for a hub id. */
async function folderOf(baseModel: string | null): Promise<string | null> {
  return baseModel === null ? null : await Deno.realPath(baseModel).catch(() => null);
}
