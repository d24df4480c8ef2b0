/** What a trainer was told, in its run's folder: enough to take the same recipe to other tools. */
import { type LoraAdapter, saveAdapter } from "../adapters/mod.ts";
import { type FileSystem, writeFileAtomic } from "../files/mod.ts";
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

/** Data of more tokens (or prompts of more characters) are not written down: a copy of some 100 MB in each run. */
const MOST_NUMBERS = 20_000_000;

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
 * @throws {DiskFullError} naming the file
 */
export async function recordRun(setup: SessionSetup, resolved: Record<string, unknown>): Promise<void> {
  const { trainer, model, adapter, options, totalSteps, stepsPerEpoch, parts = {} } = setup;
  const { outputDir, fileSystem, baseModel = null } = options;
  if (outputDir === undefined || !await isFile(`${outputDir}/${PARAMETERS_FILE}`)) return;
  const { precision, eosTokenIds: _, ...shape } = model.config;
  const begunBefore = adapter !== undefined && await isTrained(model, adapter);
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
      train: await writeRows(outputDir, TRAIN_DATA_FILE, parts.train, fileSystem),
      evaluation: await writeRows(outputDir, EVAL_DATA_FILE, parts.evaluation, fileSystem),
    },
    ...parts.more,
  };
  if (begunBefore) {
    await saveAdapter(model, adapter, `${outputDir}/${START_ADAPTER}`, { baseModel: baseModel ?? "", fileSystem });
  }
  await writeFileAtomic(`${outputDir}/${TRAINER_FILE}`, JSON.stringify(record, null, 2) + "\n", { fileSystem });
}

function adapterFacts(adapter: LoraAdapter, begunBefore: boolean) {
  const { r, loraAlpha, useRslora, modules, trainableTokenIndices = [] } = adapter;
  const tables = trainableTokenIndices.length > 0 ? [] : carriedFactors(adapter).map(([name]) => name);
  return { r, loraAlpha, useRslora, targetModules: [...modules], tables, trainableTokenIndices, begunBefore };
}

/** Writes rows down, unless they are too many; says what there is. */
async function writeRows(
  folder: string,
  file: string,
  rows: RunParts["train"],
  fileSystem?: FileSystem,
): Promise<{ rows: number; numbers: number; file: string | null } | null> {
  if (rows === undefined) return null;
  let [count, numbers] = [0, 0];
  for (const row of rows()) {
    count++;
    numbers += "ids" in row
      ? row.ids.length
      : "chosenIds" in row
      ? row.promptIds.length + row.chosenIds.length + row.rejectedIds.length
      : row.prompt.length;
  }
  if (numbers > MOST_NUMBERS) return { rows: count, numbers, file: null };
  const bytes = new TextEncoder();
  function* lines() {
    for (const row of rows!()) yield bytes.encode(JSON.stringify(row, bigint) + "\n");
  }
  await writeFileAtomic(`${folder}/${file}`, lines(), { fileSystem });
  return { rows: count, numbers, file };
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

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}
