/**
 * Attention of new tokens over a cache of keys and values and over themselves: the decode step (one new token a row), the
 * prefill of a prompt (an empty cache), and anything between.
 *
 *   P = softmax([Q C_K^T, Q K^T] / sqrt(headDim) + bias),   O = P [C_V; V]
 *
 * The cache is only read. The caller writes the new keys and values into it: returning a whole cache would copy it at each
 * step. No gradient is ever asked for.
 */
import { add, concat, matmul, reshape, scale, softmax, split, type Tensor } from "../graph/mod.ts";
import { attentionSizes } from "./attention.ts";

/** What the new tokens look back at. */
export interface CachedKeysAndValues {
  /** [batch, kvHeads, 1, cached, headDim] */
  keys: Tensor;
  /** [batch, kvHeads, 1, cached, headDim] */
  values: Tensor;
  /** int64 [2]: the numbers of cached and of new tokens. */
  lengths: Tensor;
}

/**
 * Attention over a cache and the new tokens. On WebGPU the cache cannot be empty: there, give it one position that the bias
 * masks.
 *
 * @param q [batch, heads, tokens, headDim]
 * @param k, v [batch, kvHeads, tokens, headDim] of the new tokens.
 * @param bias [batch, 1, 1, tokens, cached + tokens]: 0 where a token may look, `MASKED` where not.
 * @returns [batch, heads, tokens, headDim]
 */
export function cachedAttention(q: Tensor, k: Tensor, v: Tensor, cache: CachedKeysAndValues, bias: Tensor): Tensor {
  const { batch, kvHeads, group, tokens, headDim } = attentionSizes(q, k);
  // Each query head is a product of its own over its group's keys, which broadcast: with one new token that product has a
  // single row, which ONNX Runtime computes straight from memory, where for two rows it would first copy the keys.
  // It does so only for products without a factor, so the scale is applied to the queries.
  const scaled = reshape(scale(q, 1 / Math.sqrt(headDim)), [batch, kvHeads, group, tokens, headDim]);
  const ofGroup = (x: Tensor) => reshape(x, [batch, kvHeads, 1, tokens, headDim]);
  const scores = concat([
    matmul(scaled, cache.keys, { transposeB: true }),
    matmul(scaled, ofGroup(k), { transposeB: true }),
  ], -1);
  const probabilities = softmax(add(scores, bias));
  const [old, own] = split(probabilities, -1, [cache.keys.shape[3], tokens], cache.lengths);
  return reshape(add(matmul(old, cache.values), matmul(own, ofGroup(v))), q.shape);
}
