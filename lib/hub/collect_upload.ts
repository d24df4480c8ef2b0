/** Which files of a run go to the hub, and how they are named there. */
import { z } from "zod";
import { isFolder } from "../files/mod.ts";
import { hubIdOf, listUpload, pathFilter, type UploadFile } from "../models/mod.ts";
import { tokenizerFileNames } from "../tokenizer/mod.ts";
import { listCheckpoints, START_ADAPTER } from "../train/mod.ts";
import { hubCard } from "./hub_card.ts";
import { publicParameters } from "./public_parameters.ts";

/** What to take of a folder. */
export interface CollectOptions {
  /** The name on the hub of the model that an adapter belongs to. Default: what the run names, where that is one. */
  baseModel?: string;
  /** The folder of the run that holds the adapter or model. Default `adapter`, else `model`, else the only one there is. */
  part?: string;
  /** Patterns of paths in the repository, such as `*.safetensors`; a star stands for slashes too. */
  include?: readonly string[];
  exclude?: readonly string[];
}

/** What would go up. */
export interface CollectedUpload {
  /** In the order of their paths. */
  files: UploadFile[];
  /** Sentences for whoever uploads: what was left out or is not as others need it. */
  notes: string[];
}

/** Of a run: its card, curves and charts. Completions and notes stay, since they may quote private data. */
const OF_A_RUN = ["README.md", "metrics.jsonl", "*.svg", "*.png"];
/** What only the trainer that wrote it can use. */
const STATE = ["checkpoint-*/", "*/checkpoint-*/", "optimizer.*", "*.partial"];
/** What a run's owner may not want to show, should a model lie right in the run's folder: its data, and what was written. */
const RECORDS = [
  ...["trainer.json", "train_data.jsonl", "eval_data.jsonl", "completions.jsonl", "notes.jsonl", "parameters.json"],
  `${START_ADAPTER}/`,
];

/**
 * Collects the files of a run, or of the folder of an adapter, a model or an export, as they should be on the hub. Of a run:
 * its adapter or model with the tokenizer (at the top, where everybody looks for them), model card, metrics, charts,
 * TensorBoard's events and parameters. Never checkpoints, caches, hidden files, or parameters that may be secrets. The model
 * card's `base_model` becomes a name on the hub.
 *
 * @throws {Error} when the folder holds neither
 */
export async function collectUpload(folder: string, options: CollectOptions = {}): Promise<CollectedUpload> {
  const { baseModel } = options;
  if (baseModel !== undefined && (!baseModel.includes("/") || await hubIdOf(baseModel) !== baseModel)) {
    throw new Error(
      `baseModel ${JSON.stringify(baseModel)}: expected a name on the hub, such as Qwen/Qwen2.5-0.5B-Instruct`,
    );
  }
  if (!await isFolder(folder)) {
    throw new Error(`${folder}: there is no such folder; expected a run's, or one of an adapter or model`);
  }
  const notes: string[] = [];
  const files = new Map<string, UploadFile>();
  const add = (more: UploadFile[]) => more.forEach((file) => files.set(file.path, file));
  if (await isPlain(folder)) {
    add(await listUpload(folder, { exclude: [...STATE, ...RECORDS] }));
    add(await parametersOf(folder, notes));
  } else {
    const part = await partOf(folder, options.part);
    add(await listUpload(`${folder}/${part}`, { exclude: STATE }));
    if (!files.has("tokenizer.json")) add(await trainedTokenizer(folder));
    add((await listUpload(folder, { include: OF_A_RUN })).filter(({ path }) => !path.includes("/")));
    // Their names hold the machine's.
    const events = await listUpload(folder, { include: ["runs/*events.out.tfevents.*"] });
    add(events.map((file) => ({ ...file, path: file.path.replace(/(tfevents\.\d+)\..*$/, "$1.kiln.0") })));
    add(await parametersOf(folder, notes));
  }
  if (!files.has("tokenizer.json") && [...files.keys()].every((path) => !path.endsWith(".gguf"))) {
    notes.push("There is no tokenizer: whoever loads it has to take the base model's.");
  }
  await mendNames(files, baseModel, notes);
  const isWanted = pathFilter(options);
  const wanted = [...files.values()].filter(({ path }) => isWanted(path));
  return { files: wanted.sort((a, b) => (a.path < b.path ? -1 : 1)), notes };
}

/** The tokenizer that a run was trained with, from its newest checkpoint that has one. */
async function trainedTokenizer(run: string): Promise<UploadFile[]> {
  for (const { path } of (await listCheckpoints(run)).reverse()) {
    const files = await listUpload(path, { include: tokenizerFileNames });
    if (files.some(({ path }) => path === "tokenizer.json")) return files;
  }
  return [];
}

/** The folder of an adapter, a model or an export. */
async function isPlain(folder: string): Promise<boolean> {
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  return names.includes("adapter_config.json") || names.includes("config.json") ||
    names.some((name) => name.endsWith(".gguf"));
}

async function partOf(run: string, asked: string | undefined): Promise<string> {
  const parts: string[] = [];
  const checkpoints: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(run)) {
    if (!isDirectory || name.startsWith(".") || name === START_ADAPTER) continue;
    if (!await isPlain(`${run}/${name}`)) continue;
    (name.startsWith("checkpoint-") ? checkpoints : parts).push(name);
  }
  if (asked !== undefined) {
    if ([...parts, ...checkpoints].includes(asked)) return asked;
    throw new Error(
      `${run}/${asked} is no folder of an adapter or model; there are ${list([...parts, ...checkpoints])}`,
    );
  }
  const found = ["adapter", "model"].find((name) => parts.includes(name)) ??
    (parts.length === 1 ? parts[0] : undefined);
  if (found !== undefined) return found;
  if (parts.length > 1) throw new Error(`${run} holds several adapters or models: ${list(parts)}; say which (--part)`);
  const newest = checkpoints.sort((a, b) => Number(/\d+$/.exec(a)) - Number(/\d+$/.exec(b))).at(-1);
  throw new Error(
    `${run} holds no adapter and no model, so there is nothing to publish${
      newest === undefined ? "" : `; its newest checkpoint can be uploaded by --part ${newest}`
    }`,
  );
}

function list(names: string[]): string {
  return names.length === 0 ? "none" : names.sort().join(", ");
}

async function parametersOf(folder: string, notes: string[]): Promise<UploadFile[]> {
  const path = "parameters.json";
  let all: Record<string, unknown>;
  try {
    all = z.record(z.string(), z.unknown()).parse(JSON.parse(await Deno.readTextFile(`${folder}/${path}`)));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) notes.push(`${path} is not a JSON object and stays here.`);
    return [];
  }
  const { parameters, removed } = publicParameters(all);
  if (removed.length > 0) notes.push(`${path} goes up without ${removed.join(", ")}, which may be secret.`);
  return [inMemory(path, JSON.stringify(parameters, null, 2) + "\n")];
}

/** The base model's name, in the card and in the adapter's configuration, as others can look it up. */
async function mendNames(
  files: Map<string, UploadFile>,
  baseModel: string | undefined,
  notes: string[],
): Promise<void> {
  const configPath = "adapter_config.json";
  const config = await jsonOf(files.get(configPath));
  let base = baseModel;
  if (config !== undefined) {
    const named = config.base_model_name_or_path;
    base ??= typeof named === "string" && named !== "" ? await hubIdOf(named) : undefined;
    if (base === undefined) {
      notes.push(
        `${configPath} names ${
          JSON.stringify(named)
        } as its base, which is no name on the hub: give one (--base-model ` +
          "owner/name), or whoever loads the adapter has to know its base.",
      );
    } else if (base !== named) {
      files.set(
        configPath,
        inMemory(configPath, JSON.stringify({ ...config, base_model_name_or_path: base }, null, 2) + "\n"),
      );
    }
  }
  const card = files.get("README.md");
  if (typeof card?.source !== "string") {
    notes.push("There is no README.md: the repository will have no model card.");
    return;
  }
  const text = await Deno.readTextFile(card.source);
  const mended = await hubCard(text, { baseModel: base });
  if (mended !== text) files.set("README.md", inMemory("README.md", mended));
}

async function jsonOf(file: UploadFile | undefined): Promise<Record<string, unknown> | undefined> {
  if (typeof file?.source !== "string") return undefined;
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(await Deno.readTextFile(file.source)));
  } catch (cause) {
    throw new Error(`${file.source}: expected a JSON object`, { cause });
  }
}

function inMemory(path: string, text: string): UploadFile {
  const source = new TextEncoder().encode(text);
  return { path, bytes: source.length, source };
}
