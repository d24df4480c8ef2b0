/** Where a run begins: with the adapter that an earlier one left, or with a new one. */
import { z } from "zod";
import { loadAdapter, type LoraAdapter } from "../../adapters/mod.ts";
import type { CausalLM } from "../../models/mod.ts";
import { newestRun } from "./run_names.ts";

/** Which adapter to look for. */
export interface EarlierAdapterOptions {
  /** A folder with a PEFT adapter, `"newest"` for the one in the newest run called `run`, or `"none"`. */
  adapter: string;
  /** The name of the runs among which `"newest"` looks. */
  run: string;
  /** Only runs whose parameters have these values, such as `{ recipe: "qwen" }`. Default: any. */
  parameters?: Readonly<Record<string, unknown>>;
  /** Where runs live; default `outputs`. */
  outputs?: string;
  model: CausalLM;
  /** The model's folder or hub id, as adapters name their base. */
  baseModel: string;
}

/** The adapter, if there is one, and a sentence that says where training begins. */
export interface EarlierAdapter {
  adapter: LoraAdapter | null;
  beginsWith: string;
}

/**
 * Loads the adapter that training should go on from. The newest run's is taken only if it belongs to this model: it names
 * the same base, and is not older than the base's weights. An adapter that is named by its folder has to load.
 *
 * @throws when the adapter of a named folder cannot be read or does not fit the model
 */
export async function earlierAdapter(options: EarlierAdapterOptions): Promise<EarlierAdapter> {
  const { adapter, run, parameters, outputs = "outputs", model, baseModel } = options;
  if (adapter === "none") return { adapter: null, beginsWith: "a new adapter, as asked for" };
  if (adapter !== "newest") {
    return { adapter: await loadAdapter(model, adapter), beginsWith: `the adapter in ${adapter}` };
  }
  const none = (why: string) => ({ adapter: null, beginsWith: `a new adapter, since ${why}` });
  const path = await newestRun(run, { outputs, parameters });
  const which = parameters ? ` with ${JSON.stringify(parameters)}` : "";
  if (path === null) return none(`there is no run called ${run}${which} in ${outputs}`);
  const folder = `${path}/adapter`;
  const problem = await misfit(folder, baseModel);
  if (problem !== null) return none(problem);
  try {
    return { adapter: await loadAdapter(model, folder), beginsWith: `the adapter in ${folder}` };
  } catch (error) {
    return none(error instanceof Error ? error.message : String(error));
  }
}

const configSchema = z.looseObject({ base_model_name_or_path: z.string().nullish() });

/** Why the adapter does not belong to the model as it is now; null if nothing speaks against it. */
async function misfit(folder: string, baseModel: string): Promise<string | null> {
  let text: string;
  try {
    text = await Deno.readTextFile(`${folder}/adapter_config.json`);
  } catch {
    return `${folder} has no adapter: that run did not end`;
  }
  const config = configSchema.safeParse(parseJson(text));
  if (!config.success) return `${folder}/adapter_config.json is not an adapter's configuration`;
  const { base_model_name_or_path: base } = config.data;
  if (base && await place(base) !== await place(baseModel)) {
    return `the adapter in ${folder} belongs to ${base}, not to ${baseModel}`;
  }
  const [made, weights] = [`${folder}/adapter_model.safetensors`, `${baseModel}/model.safetensors`].map(changedAt);
  // Weights that were trained anew have the same shapes: an old adapter would load and do harm.
  if ((await made ?? 0) < (await weights ?? 0)) {
    return `the adapter in ${folder} is older than the weights of ${baseModel}`;
  }
  return null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A folder by its whole path, however it was written; a hub id as it is. */
async function place(model: string): Promise<string> {
  return await Deno.realPath(model).catch(() => model);
}

/** Milliseconds, or undefined where there is no such file. */
async function changedAt(path: string): Promise<number | undefined> {
  return (await Deno.stat(path).catch(() => undefined))?.mtime?.getTime();
}
