/** Low-rank adapters (Hu et al. 2021, arXiv:2106.09685): options as in PEFT's LoraConfig. */
import {
  type AdapterWeights,
  type CausalLM,
  LINEAR_MODULES,
  type LinearModule,
  linearShape,
  loraNames,
  type ModelConfig,
  rowsAt,
  rowsFactor,
  TABLE_MODULES,
  TABLE_NAMES,
  tableFactor,
  type TableModule,
} from "../models/mod.ts";
import type { Random } from "../random/mod.ts";

/** What to attach. Defaults are PEFT's, but for `targetModules`. */
export interface LoraOptions {
  /** Rank; default 8. */
  r?: number;
  /** Default 8. The correction is multiplied by alpha / r. */
  loraAlpha?: number;
  /** Which linear layers; default all seven. PEFT's own default for these families is `q_proj` and `v_proj`. */
  targetModules?: "all-linear" | readonly LinearModule[];
  /** Multiply by alpha / sqrt(r) instead (Kalajdzievski 2023, arXiv:2312.03732). Default false. */
  useRslora?: boolean;
  /**
   * Tables that the adapter carries and trains whole, in float32: what new tokens need. In a tied model the two are one, and
   * either name stands for it. Default: none. It takes 16 bytes for each of a table's numbers, with gradient and moments.
   */
  modulesToSave?: readonly TableModule[];
  /**
   * Ids of tokens whose rows the adapter carries and trains, of the token table and of the head; other rows stay as they
   * are. Far less to learn and to save than whole tables. Default: none. Not together with `modulesToSave`.
   */
  trainableTokenIndices?: readonly number[];
}

/** An adapter with the options it was made from. */
export interface LoraAdapter extends AdapterWeights {
  loraAlpha: number;
  useRslora: boolean;
}

/** What the correction is multiplied by. */
export function loraScaling({ r, loraAlpha, useRslora }: { r: number; loraAlpha: number; useRslora: boolean }): number {
  return loraAlpha / (useRslora ? Math.sqrt(r) : r);
}

/**
 * The shapes of an adapter's factors by their names: `model.layers.0.self_attn.q_proj.lora_A` [r, in] and `.lora_B` [out, r]
 * for each module of each layer.
 */
export function loraShapes(
  config: ModelConfig,
  { modules, r }: { modules: readonly LinearModule[]; r: number },
): Map<string, readonly [number, number]> {
  const shapes = new Map<string, readonly [number, number]>();
  for (let layer = 0; layer < config.layers; layer++) {
    for (const module of modules) {
      const [outputs, inputs] = linearShape(config, module);
      const { a, b } = loraNames(module);
      shapes.set(`model.layers.${layer}.${a}`, [r, inputs]);
      shapes.set(`model.layers.${layer}.${b}`, [outputs, r]);
    }
  }
  return shapes;
}

/**
 * A new adapter for a model, which changes nothing until trained: A is drawn as PEFT draws it (Kaiming-uniform with
 * a = sqrt 5, that is uniform in +-1 / sqrt(in)), B is zero.
 *
 * Tables that it is to carry begin as copies of the model's.
 *
 * @throws When the rank is not a positive integer, alpha not above 0, or a module or token unknown.
 */
export async function createLora(model: CausalLM, random: Random, options: LoraOptions = {}): Promise<LoraAdapter> {
  const { r = 8, loraAlpha = 8, targetModules = "all-linear", useRslora = false } = options;
  if (!Number.isInteger(r) || r < 1) throw new Error(`LoRA rank r: expected a positive integer, got ${r}`);
  if (!(loraAlpha > 0 && Number.isFinite(loraAlpha))) {
    throw new Error(`loraAlpha: expected a number above 0, got ${loraAlpha}`);
  }
  const wanted: readonly string[] = targetModules === "all-linear" ? LINEAR_MODULES : targetModules;
  const unknown = wanted.find((module) => !LINEAR_MODULES.includes(module as LinearModule));
  if (wanted.length === 0 || unknown !== undefined) {
    throw new Error(`targetModules: expected some of ${LINEAR_MODULES.join(", ")}, got ${unknown ?? "none"}`);
  }
  const modules = LINEAR_MODULES.filter((module) => wanted.includes(module));
  checkTables(model.config, options);
  const factors: AdapterWeights["factors"] = new Map();
  for (const [name, shape] of loraShapes(model.config, { modules, r })) {
    const values = new Float32Array(shape[0] * shape[1]);
    if (name.endsWith("lora_A")) {
      const bound = 1 / Math.sqrt(shape[1]);
      for (let i = 0; i < values.length; i++) values[i] = random.uniform(-bound, bound);
    }
    factors.set(name, await model.engine.store(values, shape));
  }
  await addTables(model, factors, options);
  const adapter = { modules, factors, r, loraAlpha, useRslora, scaling: loraScaling({ r, loraAlpha, useRslora }) };
  const ids = options.trainableTokenIndices ?? [];
  return ids.length === 0 ? adapter : { ...adapter, trainableTokenIndices: [...ids] };
}

function checkTables(
  { vocabSize }: ModelConfig,
  { modulesToSave = [], trainableTokenIndices = [] }: LoraOptions,
): void {
  const unknown = modulesToSave.find((module) => !TABLE_MODULES.includes(module));
  if (unknown !== undefined) {
    throw new Error(`modulesToSave: expected some of ${TABLE_MODULES.join(", ")}, got ${unknown}`);
  }
  if (modulesToSave.length > 0 && trainableTokenIndices.length > 0) {
    throw new Error("modulesToSave trains all rows of a table, trainableTokenIndices some: expected one of the two");
  }
  const outside = trainableTokenIndices.find((id) => !(Number.isInteger(id) && id >= 0 && id < vocabSize));
  if (outside !== undefined) {
    throw new Error(
      `trainableTokenIndices: the model has ${vocabSize} tokens, got ${outside}; make room with resizeEmbeddings()`,
    );
  }
  if (new Set(trainableTokenIndices).size < trainableTokenIndices.length) {
    throw new Error("trainableTokenIndices: a token is named twice");
  }
}

/** Copies what an adapter is to carry of the model's tables. */
async function addTables(
  model: CausalLM,
  factors: AdapterWeights["factors"],
  { modulesToSave = [], trainableTokenIndices: ids = [] }: LoraOptions,
): Promise<void> {
  const { vocabSize, hiddenSize, tieWordEmbeddings } = model.config;
  const wanted = ids.length > 0 ? TABLE_MODULES : modulesToSave;
  const modules = tieWordEmbeddings ? TABLE_MODULES.slice(0, Math.min(1, wanted.length)) : wanted;
  for (const module of TABLE_MODULES.filter((module) => modules.includes(module))) {
    const table = await model.readWeight(TABLE_NAMES[module]);
    if (ids.length === 0) {
      factors.set(tableFactor(module), await model.engine.store(table.slice(), [vocabSize, hiddenSize]));
      continue;
    }
    const rows = await model.engine.store(rowsAt(table, ids, hiddenSize), [ids.length, hiddenSize]);
    factors.set(rowsFactor(module), rows);
  }
}

/** The number of trainable weights: r (in + out) for each corrected layer, and what is carried of tables. */
export function loraParameterCount(adapter: AdapterWeights): number {
  let count = 0;
  for (const factor of adapter.factors.values()) count += factor.shape[0] * factor.shape[1];
  return count;
}
