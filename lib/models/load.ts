/** A model from and to a Hugging Face folder, or a new one with random weights. */
import type { DeviceTensor, Engine } from "../engine/mod.ts";
import { writeFileAtomic } from "../files/mod.ts";
import type { Random } from "../random/mod.ts";
import { CausalLM } from "./causal_lm.ts";
import { configJson, type ModelConfig, parseConfig } from "./config.ts";
import { weightShapes } from "./qwen2.ts";
import { openCheckpoint, type TensorToWrite, writeCheckpoint } from "./safetensors.ts";

/** Called while weights are read: tensors done and in all. */
export type LoadProgress = (done: number, total: number) => void;

/**
 * Loads a model from a folder in Hugging Face's layout (config.json and safetensors, single or sharded). Weights of F32, F16
 * and BF16 are read exactly and held as float32.
 *
 * @throws When the configuration is not one Kiln can run, or a tensor is missing or of another shape; the message names
 *   the file and the tensor.
 */
export async function loadModel(
  folder: string,
  options: { engine: Engine; onProgress?: LoadProgress; signal?: AbortSignal },
): Promise<CausalLM> {
  const config = await readConfig(folder);
  const shapes = weightShapes(config);
  const names = Object.keys(shapes);
  const checkpoint = await openCheckpoint(folder);
  const weights = new Map<string, DeviceTensor>();
  try {
    // All shapes are checked before the first tensor is read.
    for (const name of names) checkShape(checkpoint.path, name, checkpoint.info(name).shape, shapes[name]);
    for (const [done, name] of names.entries()) {
      options.signal?.throwIfAborted();
      weights.set(name, await options.engine.store(await checkpoint.readF32(name), shapes[name]));
      options.onProgress?.(done + 1, names.length);
    }
  } finally {
    checkpoint.close();
  }
  return new CausalLM(options.engine, config, weights);
}

/** Reads the configuration of a model folder, with the end-of-text ids of its generation_config.json where it has one. */
export async function readConfig(folder: string): Promise<ModelConfig> {
  const path = `${folder}/config.json`;
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    throw new Error(`${path}: cannot be read (${(error as Error).message}); expected a Hugging Face model folder`);
  }
  const config = parseConfig(text, path);
  try {
    const generation: unknown = JSON.parse(await Deno.readTextFile(`${folder}/generation_config.json`));
    const ids = (generation as { eos_token_id?: number | number[] }).eos_token_id;
    if (ids !== undefined) return { ...config, eosTokenIds: [ids].flat() };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      throw new Error(`${folder}/generation_config.json: ${(error as Error).message}`);
    }
  }
  return config;
}

function checkShape(path: string, name: string, actual: readonly number[], expected: readonly number[]): void {
  if (actual.length === expected.length && actual.every((length, axis) => length === expected[axis])) return;
  throw new Error(`${path}: tensor "${name}" is [${actual}], but config.json asks for [${expected}]`);
}

/**
 * A model with random weights: matrices from a normal distribution of standard deviation `initializerRange` (0.02 unless
 * told), norms 1, biases 0.
 */
export async function createModel(
  config: ModelConfig,
  options: { engine: Engine; random: Random; initializerRange?: number },
): Promise<CausalLM> {
  const { engine, random, initializerRange = 0.02 } = options;
  const weights = new Map<string, DeviceTensor>();
  for (const [name, shape] of Object.entries(weightShapes(config))) {
    const data = new Float32Array(shape.reduce((a, b) => a * b));
    if (name.endsWith("norm.weight")) data.fill(1);
    else if (!name.endsWith(".bias")) {
      for (let i = 0; i < data.length; i++) data[i] = random.normal() * initializerRange;
    }
    weights.set(name, await engine.store(data, shape));
  }
  return new CausalLM(engine, config, weights);
}

/**
 * Writes config.json, generation_config.json and the weights into an existing folder, as transformers reads them.
 *
 * @param options.dtype Default `"BF16"`, rounded to the nearest even.
 */
export async function saveModel(
  model: CausalLM,
  folder: string,
  options: { dtype?: "F32" | "F16" | "BF16"; maxShardBytes?: number } = {},
): Promise<void> {
  const { dtype = "BF16", maxShardBytes } = options;
  const tensors: TensorToWrite[] = [];
  for (const name of Object.keys(weightShapes(model.config))) {
    const tensor = model.weight(name);
    const data = await model.engine.read(tensor) as Float32Array;
    tensors.push({ name, dtype, shape: [...tensor.shape], data });
  }
  await Deno.mkdir(folder, { recursive: true });
  await writeCheckpoint(folder, tensors, { maxShardBytes, metadata: { format: "pt" } });
  const json = configJson(model.config);
  json.torch_dtype = { F32: "float32", F16: "float16", BF16: "bfloat16" }[dtype];
  await writeFileAtomic(`${folder}/config.json`, JSON.stringify(json, null, 2) + "\n");
  const generation = { eos_token_id: json.eos_token_id, do_sample: true };
  await writeFileAtomic(`${folder}/generation_config.json`, JSON.stringify(generation, null, 2) + "\n");
}
