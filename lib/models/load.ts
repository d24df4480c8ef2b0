/** A model from and to a Hugging Face folder, or a new one with random weights. */
import type { DeviceTensor, Engine } from "../engine/mod.ts";
import { writeFileAtomic, writeFilesTogether, type WriteOptions } from "../files/mod.ts";
import type { Random } from "../random/mod.ts";
import { CausalLM } from "./causal_lm.ts";
import { configJson, type ModelConfig, parseConfig, parseGenerationEos } from "./config.ts";
import { weightShapes } from "./families.ts";
import {
  checkPrecision,
  type PrecisionOptions,
  resolvePrecision,
  storeWeight,
  weightForm,
  type WeightPrecision,
} from "./precision.ts";
import { checkTensors, initialWeight, readConfigText } from "./model_folder.ts";
import { openCheckpoint, type TensorSource, type TensorToWrite, writeCheckpoint } from "./safetensors.ts";

/** Called while weights are read: tensors done and in all. */
export type LoadProgress = (done: number, total: number) => void;

/**
 * Loads a model from a folder in Hugging Face's layout (config.json and safetensors, single or sharded). Weights of F32, F16
 * and BF16 are read exactly and held as float32, or in the `precision` asked for: each is converted as soon as it is read,
 * so that the whole model never exists in float32.
 *
 * @param options.precision `"float32"` (default), `"float16"`, `"8bit"` or `"4bit"`, or more exactly what `PrecisionOptions`
 *   say. All but float32 are frozen: they are trained through an adapter (QLoRA, Dettmers et al. 2023, arXiv:2305.14314).
 * @throws When the configuration is not one Kiln can run, a tensor is missing or of another shape, or a block has one that
 *   would not be used; the message names the file and the tensor.
 */
export async function loadModel(
  folder: string,
  options: {
    engine: Engine;
    precision?: WeightPrecision | PrecisionOptions;
    onProgress?: LoadProgress;
    signal?: AbortSignal;
  },
): Promise<CausalLM> {
  const { engine, signal, onProgress } = options;
  const { checkpoint, config: own } = await openModelFolder(folder);
  const weights = new Map<string, DeviceTensor>();
  let config: ModelConfig;
  try {
    config = withPrecision(own, options);
    const shapes = weightShapes(config);
    const names = Object.keys(shapes);
    for (const [done, name] of names.entries()) {
      signal?.throwIfAborted();
      const shape = shapes[name];
      const numbers = await checkpoint.readF32(name);
      await storeWeight(engine, weights, name, shape, numbers, weightForm(name, shape, config));
      onProgress?.(done + 1, names.length);
    }
  } catch (error) {
    weights.forEach((tensor) => tensor.dispose());
    throw error;
  } finally {
    checkpoint.close();
  }
  return new CausalLM(engine, config, weights);
}

/**
 * Opens a model's folder to read its weights one by one: the names and shapes are those of `weightShapes(config)`. Close the
 * checkpoint when done.
 *
 * @throws as `loadModel`; no tensor has been read then
 */
export async function openModelFolder(folder: string): Promise<{ config: ModelConfig; checkpoint: TensorSource }> {
  const config = await readConfig(folder);
  const checkpoint = await openCheckpoint(folder);
  try {
    const ignored = [".rotary_emb.inv_freq"]; // old Llamas' tables
    checkTensors(checkpoint, weightShapes(config), { blocks: "model.layers.", ignored });
    return { config, checkpoint };
  } catch (error) {
    checkpoint.close();
    throw error;
  }
}

/** The configuration with the form that the model's weights are to have. Throws when the engine cannot hold it. */
function withPrecision(
  config: ModelConfig,
  { engine, precision }: { engine: Engine; precision?: WeightPrecision | PrecisionOptions },
): ModelConfig {
  const resolved = resolvePrecision(precision);
  checkPrecision(resolved, engine);
  return resolved.weights === "float32" ? config : { ...config, precision: resolved };
}

/** Reads the configuration of a model folder, with the end-of-text ids of its generation_config.json where it has one. */
export async function readConfig(folder: string): Promise<ModelConfig> {
  const { text, path } = await readConfigText(folder);
  const config = parseConfig(text, path);
  const generationPath = `${folder}/generation_config.json`;
  let generation: string;
  try {
    generation = await Deno.readTextFile(generationPath);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return config;
    throw new Error(`${generationPath}: cannot be read (${(error as Error).message})`);
  }
  return { ...config, eosTokenIds: parseGenerationEos(generation, generationPath) ?? config.eosTokenIds };
}

/**
 * A model with random weights: matrices from a normal distribution of standard deviation `initializerRange` (0.02 unless
 * told), norms 1, biases 0.
 */
export async function createModel(
  config: ModelConfig,
  options: {
    engine: Engine;
    random: Random;
    initializerRange?: number;
    precision?: WeightPrecision | PrecisionOptions;
  },
): Promise<CausalLM> {
  const { engine, random, initializerRange = 0.02 } = options;
  const ownConfig = withPrecision(config, options);
  const weights = new Map<string, DeviceTensor>();
  for (const [name, shape] of Object.entries(weightShapes(config))) {
    const data = initialWeight(name, shape, random, initializerRange);
    await storeWeight(engine, weights, name, shape, data, weightForm(name, shape, ownConfig));
  }
  return new CausalLM(engine, ownConfig, weights);
}

/** Options of `saveModel`. */
export interface SaveModelOptions extends Pick<WriteOptions, "fileSystem"> {
  /** Default `"BF16"`, rounded to the nearest, ties to even. */
  dtype?: "F32" | "F16" | "BF16";
  /** Weights beyond this are split over several files. Default 5 GB. */
  maxShardBytes?: number;
}

/** Weights of an earlier save, which would contradict the new ones where those have other names. */
export const WEIGHT_FILE = /^model(-\d{5}-of-\d{5})?\.safetensors(\.index\.json)?$/;

/**
 * Writes config.json, generation_config.json and the float32 weights into a folder, as transformers reads them. The folder is made
 * if needed; other files in it, such as a tokenizer, stay. The new model takes the place of an earlier one as a whole.
 *
 * @throws When the weights are held in less than float32, or {DiskFullError} when the disk is full. As after every failure, an
 *   earlier model is then still there.
 */
export async function saveModel(model: CausalLM, folder: string, options: SaveModelOptions = {}): Promise<void> {
  const { dtype = "BF16", maxShardBytes, fileSystem } = options;
  model.needFullPrecision("saving a model");
  const tensors = Object.keys(weightShapes(model.config)).map((name): TensorToWrite => {
    const tensor = model.weight(name);
    const data = async () => await model.engine.read(tensor) as Float32Array;
    return { name, dtype, shape: [...tensor.shape], data };
  });
  const config = configJson(model.config);
  config.torch_dtype = { F32: "float32", F16: "float16", BF16: "bfloat16" }[dtype];
  const ends = config.eos_token_id === null ? {} : { eos_token_id: config.eos_token_id };
  const files = { "config.json": config, "generation_config.json": { ...ends, do_sample: true } };
  const write = async (inside: string) => {
    await writeCheckpoint(inside, tensors, { maxShardBytes, metadata: { format: "pt" }, fileSystem });
    for (const [name, json] of Object.entries(files)) {
      await writeFileAtomic(`${inside}/${name}`, JSON.stringify(json, null, 2) + "\n", { fileSystem });
    }
  };
  await writeFilesTogether(folder, write, { fileSystem, supersedes: (name) => WEIGHT_FILE.test(name) });
}
