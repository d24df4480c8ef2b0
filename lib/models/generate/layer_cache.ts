/**
 * How the layers of a program reach the keys and values of earlier tokens, and which new ones they give out. There are
 * three forms:
 *
 * `"host"`: one cache a layer in this process's memory, which the program only reads; it gives out the new tokens' rows.
 *
 * `"prompt"` and `"step"`, for a cache that never leaves its device: what was read long ago is the `base`, which a program
 * cannot write into either. A prompt's rows are given out, to be put behind the base. A single new token is written into
 * a block of `RECENT_SLOTS` places beside it: the block is given out anew at each step, and the base is copied only when
 * the block is full.
 */
import { equal, type Graph, greater, reshape, type Tensor, transposeLast, where } from "../../graph/mod.ts";
import { attendInParts, cachedAttention, MASKED } from "../../kernels/mod.ts";
import type { ModelConfig } from "../config.ts";

export type CacheForm = "host" | "prompt" | "step";

/** Single tokens that are read before the base is copied: few are copied often, many are copied at each step. */
export const RECENT_SLOTS = 32;

/** What a layer's cache and its new rows are called. */
export function cacheNames(layer: number) {
  return {
    keys: `cache.${layer}.keys`,
    values: `cache.${layer}.values`,
    recentKeys: `recent.${layer}.keys`,
    recentValues: `recent.${layer}.values`,
    newKeys: `new.${layer}.keys`,
    newValues: `new.${layer}.values`,
  };
}

/** A layer's attention: from queries, keys and values of the new tokens; what the cache keeps is added to `outputs`. */
type CacheAttention = (
  layer: number,
  [q, k, v]: readonly [Tensor, Tensor, Tensor],
  outputs: Record<string, Tensor>,
) => Tensor;

/**
 * Declares what all layers share and returns their attention.
 *
 * Inputs of the host's form: `bias` [batch, 1, 1, tokens, cached + tokens], `lengths` int64 [2], the numbers of cached and
 * new tokens, and each layer's cache [batch, kvHeads, 1, cached, headDim]; its new rows are [batch, kvHeads, tokens,
 * headDim].
 *
 * Inputs of the device's forms: `baseBias` [batch, 1, 1, 1, cached] and each layer's base; `causalBias` [tokens, tokens]
 * and `lengths` int64 [2] of base and new tokens; or `slot` [1], the place to write to, and each layer's recent block,
 * with `lengths` of base and block. Keys are [batch, kvHeads, headDim, places], values [batch, kvHeads, places, headDim].
 */
export function cacheAttention(form: CacheForm, graph: Graph, config: ModelConfig): CacheAttention {
  if (form === "host") return hostAttention(graph, config);
  const { kvHeads, headDim } = config;
  const bias = graph.input("baseBias", ["batch", 1, 1, 1, "cached"]);
  const lengths = graph.input("lengths", [2], "int64");
  const base = (layer: number) => ({
    keys: graph.input(cacheNames(layer).keys, ["batch", kvHeads, headDim, "cached"]),
    values: graph.input(cacheNames(layer).values, ["batch", kvHeads, "cached", headDim]),
    bias,
  });
  const written = form === "prompt" ? promptRows(graph) : recentBlock(graph, config);
  return (layer, [q, k, v], outputs) => {
    const { newKeys, newValues } = cacheNames(layer);
    const own = written(layer, k, v);
    outputs[newKeys] = own.keys;
    outputs[newValues] = own.values;
    return attendInParts(q, [base(layer), own], lengths);
  };
}

function hostAttention(graph: Graph, { kvHeads, headDim }: ModelConfig): CacheAttention {
  const bias = graph.input("bias", ["batch", 1, 1, "tokens", "cached + tokens"]);
  const lengths = graph.input("lengths", [2], "int64");
  return (layer, [q, k, v], outputs) => {
    const names = cacheNames(layer);
    const cache = {
      keys: graph.input(names.keys, ["batch", kvHeads, 1, "cached", headDim]),
      values: graph.input(names.values, ["batch", kvHeads, 1, "cached", headDim]),
      lengths,
    };
    outputs[names.newKeys] = k;
    outputs[names.newValues] = v;
    return cachedAttention(q, k, v, cache, bias);
  };
}

/** Several new tokens: each sees those before it, and padding on the right is seen by nothing before it. */
function promptRows(graph: Graph) {
  const bias = graph.input("causalBias", ["tokens", "tokens"]);
  return (_layer: number, k: Tensor, v: Tensor) => ({ keys: transposeLast(k), values: v, bias });
}

/** One new token a row, written into the same place of the block in every row. */
function recentBlock(graph: Graph, { kvHeads, headDim }: ModelConfig) {
  const slot = graph.input("slot", [1]);
  const count = Float32Array.from({ length: RECENT_SLOTS }, (_, place) => place);
  const places = graph.constant(count, [RECENT_SLOTS]);
  const [isSlot, isSlotRow] = [equal(places, slot), equal(graph.constant(count, [RECENT_SLOTS, 1]), slot)];
  const bias = where(greater(places, slot), graph.scalar(MASKED), graph.scalar(0));
  return (layer: number, k: Tensor, v: Tensor) => {
    const { recentKeys, recentValues } = cacheNames(layer);
    const keys = graph.input(recentKeys, ["batch", kvHeads, headDim, RECENT_SLOTS]);
    const values = graph.input(recentValues, ["batch", kvHeads, RECENT_SLOTS, headDim]);
    return {
      keys: where(isSlot, reshape(k, ["batch", kvHeads, headDim, 1]), keys),
      values: where(isSlotRow, v, values),
      bias,
    };
  };
}
