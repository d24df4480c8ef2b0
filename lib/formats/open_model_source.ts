/** A model on disk as an export reads it: no engine, and no more than about one weight in memory. */
import { basename, resolve } from "node:path";
import { type AdapterFile, mergedWeights, openAdapter } from "../adapters/mod.ts";
import { isFolder } from "../files/mod.ts";
import { openModelFolder } from "../models/mod.ts";
import { readTokenizerFiles, Tokenizer } from "../tokenizer/mod.ts";
import type { ModelSource } from "./model_source.ts";

/** What to open. */
export interface ModelSourceOptions {
  /** A folder in Hugging Face's layout: config.json, safetensors (one file or shards), tokenizer. */
  model: string;
  /** A PEFT adapter's folder, which is merged in: as `mergeAdapter` does it, bit for bit. Default: none. */
  adapter?: string;
  /** Where the tokenizer is from. Default: the adapter's folder where it has one, else the model's. */
  tokenizer?: string;
  /** Default: the name of the adapter's folder, or else the model's. */
  name?: string;
}

/**
 * Opens a model, with an adapter merged into it, weight by weight when they are asked for. Tokens that the adapter brings are
 * in the configuration, the tables and the tokenizer.
 *
 * The tokenizer beside the adapter is the one that it was trained with, and so is its chat template. A token that ends a turn
 * there ends texts of the merged model too, besides those of the base.
 *
 * @throws When a file is missing or damaged, the adapter belongs to another model, or the tokenizer has more tokens than the
 *   model; the message names the file.
 */
export async function openModelSource(options: ModelSourceOptions): Promise<ModelSource> {
  const { model, adapter: adapterFolder } = options;
  const { config: baseConfig, checkpoint } = await openModelFolder(model);
  let adapter: AdapterFile | undefined;
  const close = () => {
    checkpoint.close();
    adapter?.close();
  };
  try {
    const base = { config: baseConfig, readWeight: (name: string) => checkpoint.readF32(name) };
    if (adapterFolder !== undefined) adapter = await openAdapter(base, adapterFolder);
    const merged = adapter ? mergedWeights(base, adapter) : { config: baseConfig, read: base.readWeight };
    const tokenizer = await openTokenizer(options);
    tokenizer.assertFits(merged.config.vocabSize);
    return {
      name: options.name ?? basename(resolve(adapterFolder ?? model)),
      config: { ...merged.config, eosTokenIds: [...new Set([...merged.config.eosTokenIds, ...tokenizer.eosTokenIds])] },
      tokenizer,
      configJson: JSON.parse(await Deno.readTextFile(`${model}/config.json`)),
      read: (name) => merged.read(name),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** The tokenizer, with the model's generation_config.json where its own folder has none: the ends of texts are in it. */
async function openTokenizer({ model, adapter, tokenizer }: ModelSourceOptions): Promise<Tokenizer> {
  const folder = tokenizer ?? (adapter !== undefined && await hasTokenizer(adapter) ? adapter : model);
  const files = new Map(await readTokenizerFiles(folder));
  if (!files.has("generation_config.json")) {
    const generation = await Deno.readFile(`${model}/generation_config.json`).catch(() => undefined);
    if (generation) files.set("generation_config.json", generation);
  }
  return new Tokenizer(folder, files);
}

async function hasTokenizer(folder: string): Promise<boolean> {
  return await isFolder(folder) && (await Deno.stat(`${folder}/tokenizer.json`).catch(() => null))?.isFile === true;
}
