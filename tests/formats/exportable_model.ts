/** Models of every family that can be exported: with a tokenizer, which the golden ones do not have. */
import { createLora, type LoraAdapter, type LoraOptions } from "../../lib/adapters/mod.ts";
import type { Engine } from "../../lib/engine/mod.ts";
import { type CausalLM, createModel, type ModelConfig, resizeEmbeddings, saveModel } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { addTokens, Tokenizer } from "../../lib/tokenizer/mod.ts";
import { HOUSE_MODEL } from "../support/house_model.ts";

const SIZES = {
  vocabSize: 4096,
  hiddenSize: 64,
  intermediateSize: 96,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headDim: 16,
  rmsNormEps: 1e-6,
  ropeTheta: 1e4,
  maxPositions: 256,
  eosTokenIds: [2],
};

/** A configuration of each kind, by name. */
export const KINDS: Readonly<Record<string, ModelConfig>> = {
  "qwen2 tied": { ...SIZES, family: "qwen2", tieWordEmbeddings: true, attentionBias: true },
  "qwen2 untied": { ...SIZES, family: "qwen2", tieWordEmbeddings: false, attentionBias: true },
  "qwen3 tied": { ...SIZES, family: "qwen3", tieWordEmbeddings: true, attentionBias: false, headDim: 32 },
  "llama untied": {
    ...SIZES,
    family: "llama",
    tieWordEmbeddings: false,
    attentionBias: false,
    ropeScaling: {
      type: "llama3",
      factor: 8,
      lowFrequencyFactor: 1,
      highFrequencyFactor: 4,
      originalMaxPositions: 64,
    },
  },
};

/** Writes a random model with the house's tokenizer. */
export async function writeModel(
  folder: string,
  config: ModelConfig,
  engine: Engine,
  options: { dtype?: "F32" | "BF16"; maxShardBytes?: number } = {},
): Promise<void> {
  const model = await createModel(config, { engine, random: new Random("exportable"), initializerRange: 0.1 });
  for (const tensor of model.weights.values()) {
    // Norms of 1 and biases of 0 would hide where they are missing.
    const numbers = tensor.data as Float32Array;
    if (tensor.shape.length === 1) numbers.forEach((value, at) => numbers[at] = value + 0.1 * Math.sin(at));
  }
  await saveModel(model, folder, { dtype: "F32", ...options });
  const { files } = await Tokenizer.load(HOUSE_MODEL);
  for (const [name, bytes] of files) {
    if (name !== "generation_config.json") await Deno.writeFile(`${folder}/${name}`, bytes);
  }
  await model.dispose();
}

/** An adapter all of whose numbers are random. */
export async function randomAdapter(model: CausalLM, options: LoraOptions = {}): Promise<LoraAdapter> {
  const random = new Random("adapter");
  const adapter = await createLora(model, random, { r: 6, loraAlpha: 12, ...options });
  for (const tensor of adapter.factors.values()) {
    (tensor.data as Float32Array).forEach((value, at, all) => all[at] = value + 0.05 * random.normal());
  }
  return adapter;
}

/** Two tokens more than the house's tokenizer has, and a model with room for them. */
export async function withNewTokens(
  model: CausalLM,
): Promise<{ wider: CausalLM; tokenizer: Tokenizer; ids: number[] }> {
  const tokenizer = addTokens(await Tokenizer.load(HOUSE_MODEL), ["<begin_search>", "<end_search>"]);
  const wider = await resizeEmbeddings(model, tokenizer.vocabSize);
  return { wider, tokenizer, ids: [tokenizer.vocabSize - 1, tokenizer.vocabSize - 2] };
}
