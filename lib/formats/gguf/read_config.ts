/** A model's configuration from GGUF's metadata. */
import { z } from "zod";
import { rotaryFrequencies } from "../../kernels/mod.ts";
import type { ModelConfig } from "../../models/mod.ts";
import { fitLlama3Scaling } from "./fit_llama3_scaling.ts";
import { GgufError, quote } from "./format.ts";
import type { GgufFile } from "./read.ts";
import { readInteger, readNumber, readText, required } from "./read_metadata.ts";
import { ggufName, ROPE_FREQS } from "./tensor_names.ts";

const positive = z.number().int().positive();

/** Far above any model's: a file that claims more would only make loading hang. */
const sizes = z.object({
  block_count: positive.max(1000),
  context_length: positive.max(2 ** 24),
  embedding_length: positive,
  feed_forward_length: positive,
  "attention.head_count": positive,
  "attention.head_count_kv": positive,
  "attention.key_length": positive,
  "attention.value_length": positive,
  "attention.layer_norm_rms_epsilon": z.number().positive(),
  "rope.freq_base": z.number().positive(),
  "rope.dimension_count": positive,
  "rope.scaling.type": z.enum(["none", "linear"], 'expected "none" or "linear"'),
  "rope.scaling.factor": z.number().nonnegative(),
});

/** Keys that change what a model computes: what is harmless besides their absence. */
const REFUSED: Readonly<Record<string, readonly number[]>> = {
  expert_count: [0],
  expert_used_count: [0],
  "attention.sliding_window": [0],
  "attention.scale": [0],
  "attention.clamp_kqv": [0],
  "attention.max_alibi_bias": [0],
  logit_scale: [0, 1],
  embedding_scale: [0, 1],
  residual_scale: [0, 1],
};

/**
 * Reads it, but for what ends a text, which the tokenizer says. The token table's rows are the vocabulary's size; biases and
 * the head are there or not.
 *
 * @throws {GgufError} naming the key, when the architecture is unknown, a value is missing or impossible, or asks for
 *   something that would be computed wrongly
 */
export async function readConfig(file: GgufFile): Promise<Omit<ModelConfig, "eosTokenIds">> {
  const fail = (problem: string): never => {
    throw new GgufError(file.path, problem);
  };
  const family = readFamily(file);
  if ((readInteger(file, "split.count") ?? 1) > 1) {
    fail("it is one part of a split file; join the parts with llama-gguf-split --merge");
  }
  for (const [key, harmless] of Object.entries(REFUSED)) {
    const value = readNumber(file, `${family}.${key}`) ?? 0;
    if (!harmless.includes(value)) fail(`${family}.${key} ${value} is not supported; expected none`);
  }
  const given = readSizes(file, family);
  const [heads, kvHeads] = [given["attention.head_count"], given["attention.head_count_kv"]];
  const [headDim, hiddenSize] = [given["attention.key_length"], given.embedding_length];
  if (heads % kvHeads !== 0) {
    fail(`${family}.attention.head_count ${heads} is not a multiple of head_count_kv ${kvHeads}`);
  }
  if (headDim % 2 !== 0) fail(`${family}.attention.key_length ${headDim} is odd; rotary embeddings need pairs`);
  for (const key of ["attention.value_length", "rope.dimension_count"] as const) {
    if (given[key] !== headDim) fail(`${family}.${key} ${given[key]}: expected ${headDim}, as attention.key_length is`);
  }
  const has = (weight: string) => file.tensors.has(ggufName(weight));
  const config = {
    family,
    vocabSize: file.info(ggufName("model.embed_tokens.weight")).shape[0],
    hiddenSize,
    intermediateSize: given.feed_forward_length,
    layers: given.block_count,
    heads,
    kvHeads,
    headDim,
    rmsNormEps: shortest(given["attention.layer_norm_rms_epsilon"]),
    ropeTheta: shortest(given["rope.freq_base"]),
    maxPositions: given.context_length,
    tieWordEmbeddings: !has("lm_head.weight"),
    attentionBias: family === "qwen2" || has("model.layers.0.self_attn.q_proj.bias"),
    ...(has("model.layers.0.mlp.up_proj.bias") ? { mlpBias: true } : {}),
  };
  return { ...config, ...await readScaling(file, config, given) };
}

function readFamily(file: GgufFile): ModelConfig["family"] {
  const architecture = required(file, "general.architecture", readText(file, "general.architecture"));
  if (architecture === "qwen2" || architecture === "qwen3" || architecture === "llama") return architecture;
  throw new GgufError(
    file.path,
    `general.architecture ${
      quote(architecture)
    } is not known; Kiln runs "qwen2" (Qwen2, Qwen2.5), "qwen3" (dense) and ` +
      '"llama" (Llama 2 and 3, SmolLM2, TinyLlama)',
  );
}

/** The numbers, with llama.cpp's defaults where a file leaves them out. */
function readSizes(file: GgufFile, family: string): z.infer<typeof sizes> {
  const key = (name: string) => `${family}.${name}`;
  const number = (name: string) => readNumber(file, key(name));
  const must = (name: string) => required(file, key(name), number(name));
  const [heads, hidden] = [must("attention.head_count"), must("embedding_length")];
  const keyLength = number("attention.key_length") ?? hidden / heads;
  const scale = number("rope.scaling.factor") ?? number("rope.scale_linear") ?? 0;
  const parsed = sizes.safeParse({
    block_count: must("block_count"),
    context_length: must("context_length"),
    embedding_length: hidden,
    feed_forward_length: must("feed_forward_length"),
    "attention.head_count": heads,
    "attention.head_count_kv": number("attention.head_count_kv") ?? heads,
    "attention.key_length": keyLength,
    "attention.value_length": number("attention.value_length") ?? keyLength,
    "attention.layer_norm_rms_epsilon": must("attention.layer_norm_rms_epsilon"),
    "rope.freq_base": number("rope.freq_base") ?? 10000,
    "rope.dimension_count": number("rope.dimension_count") ?? keyLength,
    "rope.scaling.type": readText(file, key("rope.scaling.type")) ?? "linear",
    "rope.scaling.factor": scale,
  });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new GgufError(file.path, `${key(issue.path.join("."))}: ${issue.message}`);
}

/** How rotary frequencies are lowered: all by a factor, or each by its own, as Llama 3's are. */
async function readScaling(
  file: GgufFile,
  { family, headDim, ropeTheta }: Pick<ModelConfig, "family" | "headDim" | "ropeTheta">,
  given: z.infer<typeof sizes>,
): Promise<Pick<ModelConfig, "ropeScaling">> {
  const factor = given["rope.scaling.type"] === "linear" ? shortest(given["rope.scaling.factor"]) : 0;
  const isLinear = factor !== 0 && factor !== 1;
  if (!file.tensors.has(ROPE_FREQS)) return isLinear ? { ropeScaling: { type: "linear", factor } } : {};
  if (isLinear) {
    throw new GgufError(file.path, `it has both ${family}.rope.scaling.factor and ${ROPE_FREQS}; expected one`);
  }
  const factors = await file.readF32(ROPE_FREQS);
  if (factors.length !== headDim / 2) {
    throw new GgufError(file.path, `tensor "${ROPE_FREQS}" has ${factors.length} numbers; expected ${headDim / 2}`);
  }
  if (factors.every((one) => one === 1)) return {};
  const ropeScaling = fitLlama3Scaling(factors, rotaryFrequencies({ headDim, theta: ropeTheta }), {
    original: readInteger(file, `${family}.rope.scaling.original_context_length`),
    factor: readNumber(file, "kiln.rope.factor"),
    low: readNumber(file, "kiln.rope.low_frequency_factor"),
    high: readNumber(file, "kiln.rope.high_frequency_factor"),
  });
  if (ropeScaling) return { ropeScaling };
  throw new GgufError(
    file.path,
    `tensor "${ROPE_FREQS}" is no scaling of Llama 3's kind, the only one by frequency that Kiln computes`,
  );
}

/** The shortest decimal that float32 rounds to the same number: 1e-6, not 9.999999974752427e-7. */
function shortest(number: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(number.toPrecision(digits));
    if (Math.fround(short) === Math.fround(number)) return short;
  }
  return number;
}
