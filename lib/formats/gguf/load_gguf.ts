/** A GGUF file as a model that is ready to run. */
import type { DeviceTensor, Engine } from "../../engine/mod.ts";
import {
  CausalLM,
  checkPrecision,
  type LoadProgress,
  type PrecisionOptions,
  resolvePrecision,
  storeWeight,
  weightForm,
  type WeightPrecision,
  weightShapes,
} from "../../models/mod.ts";
import type { Tokenizer } from "../../tokenizer/mod.ts";
import type { ModelSource } from "../model_source.ts";
import { openGgufSource } from "./open_gguf_source.ts";

/** Options of `loadGguf`. */
export interface LoadGgufOptions {
  engine: Engine;
  /** In what form the model holds its weights, whatever the file has: as in `loadModel`. Default `"float32"`. */
  precision?: WeightPrecision | PrecisionOptions;
  /** In the place of the file's own: see `openGgufSource`. */
  tokenizer?: Tokenizer;
  /** Told of tensors done and in all. */
  onProgress?: LoadProgress;
  signal?: AbortSignal;
}

/**
 * Loads a model and its tokenizer from a GGUF file. Weights are dequantised, one at a time, and held in the `precision` asked
 * for: a Q4_K file becomes a float32 model of the same numbers unless told otherwise.
 *
 * @throws {GgufError} as `openGgufSource` does
 */
export async function loadGguf(
  path: string,
  options: LoadGgufOptions,
): Promise<{ model: CausalLM; tokenizer: Tokenizer }> {
  const source = await openGgufSource(path, options);
  try {
    return { model: await loadSource(source, options), tokenizer: source.tokenizer };
  } finally {
    source.close();
  }
}

/** Loads all weights of a source. It stays open. */
export async function loadSource(
  source: ModelSource,
  options: Omit<LoadGgufOptions, "tokenizer">,
): Promise<CausalLM> {
  const { engine, onProgress, signal } = options;
  const precision = resolvePrecision(options.precision);
  checkPrecision(precision, engine);
  const config = precision.weights === "float32" ? source.config : { ...source.config, precision };
  const shapes = Object.entries(weightShapes(config));
  const weights = new Map<string, DeviceTensor>();
  try {
    for (const [done, [name, shape]] of shapes.entries()) {
      signal?.throwIfAborted();
      const numbers = await source.read(name);
      await storeWeight(engine, weights, name, shape, numbers, weightForm(name, shape, config));
      onProgress?.(done + 1, shapes.length);
    }
  } catch (error) {
    weights.forEach((tensor) => tensor.dispose());
    throw error;
  }
  return new CausalLM(engine, config, weights);
}
