/**
 * The Qwen2 family (Qwen2, Qwen2.5): pre-norm decoder blocks with grouped-query attention, biases on q, k and v, rotary
 * positions and SwiGLU (arXiv:2407.10671). Tensor names are those of Hugging Face checkpoints.
 */
import { type LoraFactors, loraLinear, mergeHeads, rmsNorm, rotary, splitHeads, swiglu } from "../kernels/mod.ts";
import { add, type Tensor } from "../graph/mod.ts";
import type { ModelConfig } from "./config.ts";

/** The linear layers of a block that an adapter may attach to, by their names in checkpoints. */
export const LINEAR_MODULES = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"] as const;
export type LinearModule = (typeof LINEAR_MODULES)[number];

/** Where a linear layer stands inside a block: `self_attn.q_proj`, `mlp.down_proj`. */
export function modulePath(module: LinearModule): string {
  return /^[qkvo]_proj$/.test(module) ? `self_attn.${module}` : `mlp.${module}`;
}

/** [out, in] of each linear layer. */
export function linearShape(config: ModelConfig, module: LinearModule): [outputs: number, inputs: number] {
  const { hiddenSize, intermediateSize, heads, kvHeads, headDim } = config;
  switch (module) {
    case "q_proj":
      return [heads * headDim, hiddenSize];
    case "k_proj":
    case "v_proj":
      return [kvHeads * headDim, hiddenSize];
    case "o_proj":
      return [hiddenSize, heads * headDim];
    case "gate_proj":
    case "up_proj":
      return [intermediateSize, hiddenSize];
    case "down_proj":
      return [hiddenSize, intermediateSize];
  }
}

/** Shapes of one block's weights, by their names inside the block. */
export function blockWeightShapes(config: ModelConfig): Record<string, number[]> {
  const shapes: Record<string, number[]> = {
    "input_layernorm.weight": [config.hiddenSize],
    "post_attention_layernorm.weight": [config.hiddenSize],
  };
  for (const module of LINEAR_MODULES) {
    const [out, inputs] = linearShape(config, module);
    shapes[`${modulePath(module)}.weight`] = [out, inputs];
    if (config.attentionBias && /^[qkv]_proj$/.test(module)) shapes[`${modulePath(module)}.bias`] = [out];
  }
  return shapes;
}

/** Shapes of a whole checkpoint's weights, by name. */
export function weightShapes(config: ModelConfig): Record<string, number[]> {
  const shapes: Record<string, number[]> = { "model.embed_tokens.weight": [config.vocabSize, config.hiddenSize] };
  for (let layer = 0; layer < config.layers; layer++) {
    for (const [name, shape] of Object.entries(blockWeightShapes(config))) {
      shapes[`model.layers.${layer}.${name}`] = shape;
    }
  }
  shapes["model.norm.weight"] = [config.hiddenSize];
  if (!config.tieWordEmbeddings) shapes["lm_head.weight"] = [config.vocabSize, config.hiddenSize];
  return shapes;
}

/** What a block is built from. */
export interface BlockInputs {
  /** The hidden state [batch, tokens, hidden]. */
  x: Tensor;
  /** int64 [batch, tokens] */
  positions: Tensor;
  /** Rotary tables [positions, headDim / 2]. */
  cos: Tensor;
  sin: Tensor;
  /** A weight by its name inside the block. */
  weight(name: string): Tensor;
  /** The low-rank correction of a linear layer, if it has one. */
  lora(module: LinearModule): LoraFactors | undefined;
  /** Attention of q [batch, heads, tokens, headDim] over k and v [batch, kvHeads, tokens, headDim]. */
  attend(q: Tensor, k: Tensor, v: Tensor): Tensor;
}

/** One decoder block: the next hidden state, and the keys and values that a cache keeps. */
export function decoderBlock(config: ModelConfig, inputs: BlockInputs): { y: Tensor; keys: Tensor; values: Tensor } {
  const { x, positions, cos, sin, weight, lora, attend } = inputs;
  const linear = (input: Tensor, module: LinearModule) => {
    const path = modulePath(module);
    const hasBias = config.attentionBias && /^[qkv]_proj$/.test(module);
    const bias = hasBias ? weight(`${path}.bias`) : undefined;
    return loraLinear(input, weight(`${path}.weight`), bias, lora(module));
  };

  const normed = rmsNorm(x, weight("input_layernorm.weight"), config.rmsNormEps);
  const q = rotary(splitHeads(linear(normed, "q_proj"), config.heads, config.headDim), positions, cos, sin);
  const keys = rotary(splitHeads(linear(normed, "k_proj"), config.kvHeads, config.headDim), positions, cos, sin);
  const values = splitHeads(linear(normed, "v_proj"), config.kvHeads, config.headDim);
  const attended = add(x, linear(mergeHeads(attend(q, keys, values)), "o_proj"));

  const normed2 = rmsNorm(attended, weight("post_attention_layernorm.weight"), config.rmsNormEps);
  const gated = swiglu(linear(normed2, "gate_proj"), linear(normed2, "up_proj"));
  return { y: add(attended, linear(gated, "down_proj")), keys, values };
}
