/** What is to be exported: a run, an adapter, a model, each by its folder or name, a name on the hub, or a GGUF file. */
import { basename, dirname, isAbsolute, relative, resolve } from "node:path";
import { readAdapterConfig } from "../../adapters/mod.ts";
import { isFile, isFolder } from "../../files/mod.ts";
import { hubIdOf, type HubOptions, isHubId, resolveModel } from "../../models/mod.ts";
import { findCheckpoint } from "../../train/checkpoint/mod.ts";
import { findRun } from "../../train/run/mod.ts";

/** A model that can be opened. */
export interface FoundSource {
  /** What it is called in file names and cards. */
  name: string;
  /** A folder in Hugging Face's layout, or a .gguf file. */
  model: string;
  /** The folder of an adapter for it. */
  adapter?: string;
  /** How the model itself is named: a hub id, or a whole path. */
  base: string;
  /** The run that made it. */
  run?: string;
}

/** Where to look. */
export interface FindSourceOptions {
  /** Where runs live. Default `outputs`. */
  outputs?: string;
  /** The model that an adapter belongs to, a folder or hub id. Default: what its adapter_config.json names. */
  baseModel?: string;
  /** For what has to be downloaded. */
  hub?: HubOptions;
}

/**
 * Finds what is meant. In this order:
 *
 * - a file `*.gguf`
 * - the folder of an adapter (adapter_config.json) or a model (config.json)
 * - a run, by its folder or its name (see `findRun`): its `adapter`, its `model`, or its newest whole checkpoint
 * - a hub id, such as `Qwen/Qwen2.5-0.5B-Instruct`, which is downloaded once
 *
 * An adapter's base is looked for as it is named, from here, from the adapter's folder and from those around it, since runs
 * name it as it was seen from where they ran; and on the hub.
 *
 * @throws naming what was looked for and where
 */
export async function findSource(what: string, options: FindSourceOptions = {}): Promise<FoundSource> {
  const { outputs = "outputs" } = options;
  if (isGguf(what)) {
    if (await isFile(what)) return gguf(what);
    throw new Error(`${what}: there is no such file`);
  }
  const there = await findRun(what, { outputs });
  if (there !== null) return await inFolder(there, options);
  // A slip in a path is not asked of the hub.
  if (!isHubId(what) || await isFolder(dirname(what))) {
    throw new Error(
      `${what}: there is no such folder; expected a run or model's folder, the name of a run in ${outputs}, newest:NAME, a ` +
        ".gguf file, or a name on the hub such as Qwen/Qwen2.5-0.5B-Instruct",
    );
  }
  const folder = await resolveModel(what, options.hub);
  const found = await inFolder(folder, options);
  return { ...found, name: basename(what), ...(found.adapter ? {} : { base: what }) };
}

/** Whether a model's path is that of a GGUF file. */
export function isGguf(path: string): boolean {
  return path.endsWith(".gguf");
}

function gguf(path: string): FoundSource {
  return { name: basename(path, ".gguf"), model: path, base: resolve(path) };
}

/** What is in a folder: an adapter, a model, or the run that made them. */
async function inFolder(folder: string, options: FindSourceOptions): Promise<FoundSource> {
  const own = await modelIn(folder, nameOf(folder), options);
  if (own) return { ...own, ...await runAround(folder) };
  for (const inside of ["adapter", "model"]) {
    const found = await modelIn(`${folder}/${inside}`, nameOf(folder), options);
    if (found) return { ...found, run: folder };
  }
  const broken: string[] = [];
  const checkpoint = await findCheckpoint(folder, {
    onBroken: ({ path }, problem) => broken.push(`${path} is passed over: ${problem}`),
  });
  const found = checkpoint && await modelIn(checkpoint.path, nameOf(checkpoint.path), options);
  if (found) return { ...found, run: folder };
  throw new Error(
    [
      `${folder} has nothing to export: looked for adapter_config.json (an adapter) and config.json (a model) in it, in its ` +
      "adapter/ and model/, and in its newest whole checkpoint-N",
      ...broken,
    ].join("; "),
  );
}

/** The adapter or model that lies in a folder itself; null where there is none. */
async function modelIn(folder: string, name: string, options: FindSourceOptions): Promise<FoundSource | null> {
  if (await isFile(`${folder}/adapter_config.json`)) {
    const { baseModel } = await readAdapterConfig(`${folder}/adapter_config.json`);
    return { name, adapter: folder, ...await findBase(folder, options.baseModel ?? baseModel, options) };
  }
  if (!await isFile(`${folder}/config.json`)) return null;
  return { name, model: folder, base: await hubIdOf(folder) ?? resolve(folder) };
}

/** Finds the model that an adapter belongs to. */
async function findBase(
  adapter: string,
  named: string | null,
  { hub }: FindSourceOptions,
): Promise<Pick<FoundSource, "model" | "base">> {
  const config = `${adapter}/adapter_config.json`;
  if (!named) throw new Error(`${config}: base_model_name_or_path is not set: name the base model (--base-model)`);
  const around = [resolve("."), ...ancestors(resolve(adapter))];
  for (const folder of around) {
    const path = resolve(folder, named);
    if (await isFile(`${path}/config.json`)) return { model: path, base: await hubIdOf(path) ?? path };
  }
  if (isHubId(named)) return { model: await resolveModel(named, hub), base: named };
  throw new Error(
    `${config}: there is no model ${named}: looked for its config.json from here and from ${adapter} upwards: name the base ` +
      "model (--base-model)",
  );
}

/** A folder and those that it lies in, the innermost first. */
function ancestors(folder: string): string[] {
  const outer = dirname(folder);
  return outer === folder ? [folder] : [folder, ...ancestors(outer)];
}

/** A name with the run's in it for what lies in its folder, so that exports are not all called "adapter". */
function nameOf(folder: string): string {
  const [own, outer] = [basename(resolve(folder)), basename(dirname(resolve(folder)))];
  if (["adapter", "model"].includes(own)) return outer;
  return /^checkpoint-\d+$/.test(own) ? `${outer}-${own}` : own;
}

/** The run that a folder is, or lies in. */
async function runAround(folder: string): Promise<{ run?: string }> {
  const outer = dirname(resolve(folder));
  // As it was named: a whole path would come into messages and cards.
  for (const place of [folder, isAbsolute(folder) ? outer : relative(".", outer) || "."]) {
    if (await isFile(`${place}/parameters.json`)) return { run: place };
  }
  return {};
}
