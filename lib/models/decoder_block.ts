/**
 * What all families share: a pre-norm decoder block with grouped-query attention, rotary positions and SwiGLU, and the
 * names and shapes of its weights, which are those of Hugging Face checkpoints.
 *
 *   h = x + o_proj(attention(rotary(q_proj(norm(x))), rotary(k_proj(norm(x))), v_proj(norm(x))))
 *   y = h + down_proj(silu(gate_proj(norm'(h))) up_proj(norm'(h)))
 *
 * A family says which of the linear layers have biases and what else it does with queries and keys.
 */
import { type LoraFactors, loraLinear, mergeHeads, rmsNorm, splitHeads, swiglu, type Weight } from "../kernels/mod.ts";
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

/** What a family's block has that others do not. */
export interface BlockParts {
  /** The linear layers with a bias. */
  biasedModules(config: ModelConfig): readonly LinearModule[];
  /** Shapes of weights beyond the linear layers and the two norms, by their names inside the block. */
  ownWeightShapes?(config: ModelConfig): Record<string, number[]>;
  /** What happens to queries and keys before they are turned by their positions. */
  prepareHeads?(x: Tensor, of: "q" | "k", config: ModelConfig, weight: BlockInputs["weight"]): Tensor;
}

/** What a block is built from. */
export interface BlockInputs {
  /** The hidden state [batch, tokens, hidden]. */
  x: Tensor;
  /** Turns queries or keys [batch, heads, tokens, headDim] by their positions. */
  rotate(x: Tensor): Tensor;
  /** A bias, or a norm's weight, by its name inside the block. */
  weight(name: string): Tensor;
  /** The matrix of a linear layer. */
  matrix(module: LinearModule): Weight;
  /** The low-rank correction of a linear layer, if it has one. */
  lora(module: LinearModule): LoraFactors | undefined;
  /** Attention of q [batch, heads, tokens, headDim] over k and v [batch, kvHeads, tokens, headDim]. */
  attend(q: Tensor, k: Tensor, v: Tensor): Tensor;
}

/** Shapes of one block's weights, by their names inside the block. */
export function sharedWeightShapes(config: ModelConfig, parts: BlockParts): Record<string, number[]> {
  const shapes: Record<string, number[]> = {
    "input_layernorm.weight": [config.hiddenSize],
    "post_attention_layernorm.weight": [config.hiddenSize],
  };
  const biased = parts.biasedModules(config);
  for (const module of LINEAR_MODULES) {
    const [out, inputs] = linearShape(config, module);
    shapes[`${modulePath(module)}.weight`] = [out, inputs];
    if (biased.includes(module)) shapes[`${modulePath(module)}.bias`] = [out];
  }
  return { ...shapes, ...parts.ownWeightShapes?.(config) };
}

/** One decoder block: the next hidden state, and the keys and values that a cache keeps. */
export function sharedDecoderBlock(
  config: ModelConfig,
  parts: BlockParts,
  inputs: BlockInputs,
): { y: Tensor; keys: Tensor; values: Tensor } {
  const { x, rotate, weight, matrix, lora, attend } = inputs;
  const biased = parts.biasedModules(config);
  const linear = (input: Tensor, module: LinearModule) => {
    const bias = biased.includes(module) ? weight(`${modulePath(module)}.bias`) : undefined;
    return loraLinear(input, matrix(module), bias, lora(module));
  };
  const turned = (projected: Tensor, of: "q" | "k", heads: number) => {
    const split = splitHeads(projected, heads, config.headDim);
    return rotate(parts.prepareHeads?.(split, of, config, weight) ?? split);
  };

  const normed = rmsNorm(x, weight("input_layernorm.weight"), config.rmsNormEps);
  const q = turned(linear(normed, "q_proj"), "q", config.heads);
  const keys = turned(linear(normed, "k_proj"), "k", config.kvHeads);
  const values = splitHeads(linear(normed, "v_proj"), config.kvHeads, config.headDim);
  const attended = add(x, linear(mergeHeads(attend(q, keys, values)), "o_proj"));

  const normed2 = rmsNorm(attended, weight("post_attention_layernorm.weight"), config.rmsNormEps);
  const gated = swiglu(linear(normed2, "gate_proj"), linear(normed2, "up_proj"));
  return { y: add(attended, linear(gated, "down_proj")), keys, values };
}
