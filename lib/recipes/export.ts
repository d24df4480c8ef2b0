/** A run as a recipe for another tool, in a folder of its own. */
import {
  checkFolderPath,
  denoFileSystem,
  type FileSystem,
  isFile,
  isFolder,
  writeFileAtomic,
  writeFolderAtomic,
} from "../files/mod.ts";
import { isHubId, resolveModel } from "../models/mod.ts";
import { Tokenizer } from "../tokenizer/mod.ts";
import { findRun, listCheckpoints } from "../train/mod.ts";
import { zeroStage } from "./accelerate.ts";
import { type BatchSplit, splitBatch } from "./batch_sizes.ts";
import type { RecipeFiles } from "./common_files.ts";
import { type Facts, optionValues } from "./facts.ts";
import { llamaFactoryRecipe } from "./llamafactory/write.ts";
import { type Mapping, RecipeError } from "./mapping.ts";
import { readRun, type RecordedRun } from "./read_run.ts";
import { readRunData } from "./run_data.ts";
import { trlRecipe, type WriterInput } from "./trl/write.ts";
import { roundsOf } from "./verl/rounds.ts";
import { verlRecipe } from "./verl/write.ts";

/** The tools that there are recipes for. */
export const RECIPE_TOOLS = ["trl", "llamafactory", "verl"] as const;

/** One of `RECIPE_TOOLS`. */
export type RecipeTool = (typeof RECIPE_TOOLS)[number];

/** What to export, and for which machine. */
export interface ExportRecipeOptions {
  /**
   * A run whose trainer had it as its `outputDir`: its folder, or its name, without a number the newest one (see `findRun`).
   */
  run: string;
  to: RecipeTool;
  /** Where the recipe goes. Default `recipe-TOOL` in the run's folder. An earlier recipe there is replaced. */
  output?: string;
  /** Cards that work together; the batch of a step stays that of the run. Default 1. */
  gpus?: number;
  /** Where runs live. Default `outputs`. */
  outputs?: string;
  /** What the tool loads: a hub id or a folder. Default the run's model. */
  model?: string;
  /** In what the tool computes. Default `"bfloat16"`. */
  dtype?: "bfloat16" | "float32";
  /** Whether TRL's vLLM shares the cards with training. Default `"colocate"`. */
  vllmMode?: "colocate" | "server";
  /** Bytes of a card, by which DeepSpeed's stage is chosen. Default 80e9. */
  gpuMemory?: number;
  /** Stops before anything is written. */
  signal?: AbortSignal;
  /** The disk to write to; tests pass one that fails. */
  fileSystem?: FileSystem;
}

/** What was written. */
export interface ExportedRecipe {
  folder: string;
  /** Paths within the folder, sorted. */
  files: string[];
  mapping: Mapping;
}

/**
 * Writes a run as a recipe for TRL, LLaMA-Factory or verl: configuration, data in the tool's format, launch line, and
 * `MAPPING.md`, which says of each option of the run what became of it. The folder is written whole or not at all.
 *
 * @example
 * ```ts ignore
 * const { folder, mapping } = await exportRecipe({ run: "outputs/01-grpo-gsm8k-001", to: "trl", gpus: 8 });
 * console.log(folder, mapping.options.filter(({ matters }) => matters));
 * ```
 * @throws {RecipeError} when the tool cannot do what the run did, or the batch does not divide; the message says what can
 * @throws Naming the file, when the folder is no run, or its record or data are damaged.
 * @throws {DiskFullError} when the disk is full; an earlier recipe is then still there
 */
export async function exportRecipe(options: ExportRecipeOptions): Promise<ExportedRecipe> {
  const { to, gpus = 1, dtype = "bfloat16", vllmMode = "colocate", gpuMemory = 80e9 } = options;
  const { signal, fileSystem = denoFileSystem } = options;
  if (!RECIPE_TOOLS.includes(to)) throw new RangeError(`to "${to}": expected one of ${RECIPE_TOOLS.join(", ")}`);
  if (!(Number.isInteger(gpus) && gpus > 0)) throw new RangeError(`gpus: expected a whole number from 1, got ${gpus}`);
  const run = await readRun(await findRun(options.run, { outputs: options.outputs }) ?? options.run);
  const output = options.output ?? `${run.path.replace(/[/\\]+$/, "")}/recipe-${to}`;
  await refuseOthers(output);
  const own = await modelOf(run, options.model);
  const tokenizer = await tokenizerOf(run, own);
  signal?.throwIfAborted();
  const data = await readRunData(run, tokenizer);
  signal?.throwIfAborted();
  const values = optionValues(run.record, run.method);
  const known: Facts = {
    method: run.method,
    record: run.record,
    values,
    batch: { gpus, perDevice: 1, accumulation: 1, global: gpus },
    model: options.model ?? own,
    dtype,
    hasEvalData: data.held !== null,
    startAdapter: run.startAdapter === null ? null : "start_adapter",
    promptTokens: 0,
    vllmMode,
  };
  const facts = { ...known, batch: batchOf(known, gpus) };
  const input: WriterInput = { run, facts, data, zero: zeroStage(facts, gpuMemory) };
  const { files, mapping } = await WRITERS[to](input);
  await addStartAdapter(files, run);
  signal?.throwIfAborted();
  await writeFolderAtomic(output, async (inside) => {
    for (const [path, contents] of files) {
      await writeFileAtomic(`${inside}/${path}`, contents, { fileSystem });
    }
  }, { fileSystem });
  return { folder: output, files: [...files.keys()].sort(), mapping };
}

const WRITERS: Readonly<
  Record<RecipeTool, (input: WriterInput) => Promise<{ files: RecipeFiles; mapping: Mapping }>>
> = {
  trl: trlRecipe,
  llamafactory: (input) => Promise.resolve(llamaFactoryRecipe(input)),
  verl: verlRecipe,
};

/** A step's batch among the cards. PPO accumulates as many micro-batches as an update needs. */
function batchOf(facts: Facts, gpus: number): BatchSplit {
  const { values, method } = facts;
  const perDevice = Number(values.perDeviceTrainBatchSize);
  if (method !== "ppo") return splitBatch(perDevice, Number(values.gradientAccumulationSteps), gpus);
  const { miniBatch, samples } = roundsOf(facts);
  const episodes = miniBatch * samples;
  let rows = Math.min(perDevice, episodes);
  while (episodes % rows !== 0) rows--;
  return splitBatch(rows, episodes / rows, gpus);
}

/** A recipe may take an earlier one's place, and nothing else's. */
async function refuseOthers(output: string): Promise<void> {
  await checkFolderPath(output);
  if (!await isFolder(output)) return;
  const names: string[] = [];
  for await (const { name } of Deno.readDir(output)) names.push(name);
  if (names.length === 0 || names.includes("mapping.json")) return;
  throw new Error(`${output} holds something that is no recipe (no mapping.json): choose another folder`);
}

/**
 * The model that the run was trained on: a hub id, or a folder's whole path. Where that folder is gone, another one serves
 * that is named instead, if its tokenizer is the same.
 */
async function modelOf({ path, record, parameters }: RecordedRun, instead?: string): Promise<string> {
  const name = record.model.baseModel ?? parameters.model ?? instead;
  if (typeof name !== "string" || name === "") {
    throw new Error(
      `${path}: neither trainer.json (baseModel) nor parameters.json (model) names the model: name it (--model)`,
    );
  }
  // Notebooks name folders as seen from their own.
  const places = [record.model.folder, name, `${path}/../../notebooks/${name}`, `notebooks/${name}`, instead];
  for (const place of places) if (place && await isFolder(place)) return await Deno.realPath(place);
  if (isHubId(name)) return name;
  throw new Error(
    `${path}: the model's folder ${name} is not there any more, and its tokenizer is needed to write the data: name where ` +
      "it is (--model)",
  );
}

/** The tokenizer that the run read its data with: beside the adapter, in a checkpoint, or the model's. */
async function tokenizerOf({ path }: RecordedRun, model: string): Promise<Tokenizer> {
  const checkpoints = (await listCheckpoints(path)).reverse().map(({ path }) => path);
  for (const folder of [`${path}/adapter`, ...checkpoints]) {
    if (await isFile(`${folder}/tokenizer.json`)) return await Tokenizer.load(folder);
  }
  return await Tokenizer.load(await resolveModel(model));
}

async function addStartAdapter(files: RecipeFiles, { startAdapter }: RecordedRun): Promise<void> {
  if (startAdapter === null) return;
  for (const name of ["adapter_config.json", "adapter_model.safetensors"]) {
    try {
      files.set(`start_adapter/${name}`, await Deno.readFile(`${startAdapter}/${name}`));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      throw new RecipeError(`${startAdapter}/${name}: the adapter that training began with is not there`);
    }
  }
}
