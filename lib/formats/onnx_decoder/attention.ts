/**
 * Attention of new tokens over a cache that is handed in and handed out, longer by the new tokens, at each run. The cache is
 * held in float32 or float16, and the two products are computed in that type; the softmax always in float32.
 */
import {
  add,
  cast,
  concat,
  type Graph,
  less,
  matmul,
  multiplyDimensions,
  reshape,
  scale,
  softmax,
  stepsToEnd,
  type Tensor,
  where,
} from "../../graph/mod.ts";
import { attentionSizes, MASKED } from "../../kernels/mod.ts";

/** Keys or values of a layer: [batch, kvHeads, tokens, headDim]. */
export interface KeysAndValues {
  keys: Tensor;
  values: Tensor;
}

/**
 * The bias of all layers: each new token sees the tokens up to itself that the mask does not hide. A hidden token itself,
 * padding on the left, sees only what nobody may see, evenly: numbers that are finite and that no other token reads.
 *
 * @param ids int64 [batch, tokens]: the new tokens, which are the last ones of the mask.
 * @param attentionMask int64 [batch, past + tokens]: 1 for tokens, 0 for padding.
 * @returns float32 [batch, 1, 1, tokens, past + tokens]
 */
export function attentionBias(graph: Graph, ids: Tensor, attentionMask: Tensor): Tensor {
  const [batch, total] = attentionMask.shape;
  const tokens = ids.shape[1];
  const [masked, none] = [graph.scalar(MASKED), graph.scalar(0)];
  // Counted from the end, new tokens and keys have the same numbers, however many are in the cache.
  const isLater = less(reshape(stepsToEnd(attentionMask, 1), [1, total]), reshape(stepsToEnd(ids, 1), [tokens, 1]));
  const isPadding = less(cast(attentionMask, "float32"), graph.scalar(0.5));
  const hidden = reshape(where(isPadding, masked, none), [batch, 1, 1, 1, total]);
  return add(where(isLater, masked, none), hidden);
}

/**
 * Attention of the new tokens.
 *
 * @param q float32 [batch, heads, tokens, headDim]
 * @param own Keys and values of the new tokens, float32.
 * @param past Those before them, in the type of the cache.
 * @param bias As `attentionBias` gives it.
 * @returns float32 [batch, heads, tokens, headDim], and the cache with the new tokens.
 */
export function attendWithPast(
  q: Tensor,
  own: KeysAndValues,
  past: KeysAndValues,
  bias: Tensor,
): { attended: Tensor; present: KeysAndValues } {
  const { batch, kvHeads, group, tokens, headDim } = attentionSizes(q, own.keys);
  const type = past.keys.dtype;
  const extended = (cached: Tensor, added: Tensor) => concat([cached, cast(added, type)], 2);
  const keys = extended(past.keys, own.keys);
  const values = extended(past.values, own.values);
  // The query heads of a group are further rows of one product over the keys that they share.
  const rows = reshape(cast(scale(q, 1 / Math.sqrt(headDim)), type), [
    batch,
    kvHeads,
    multiplyDimensions(group, tokens),
    headDim,
  ]);
  const scores = cast(matmul(rows, keys, { transposeB: true }), "float32");
  const total = keys.shape[2];
  const biased = add(reshape(scores, [batch, kvHeads, group, tokens, total]), bias);
  const probabilities = reshape(softmax(biased), scores.shape);
  const context = cast(matmul(cast(probabilities, type), values), "float32");
  return { attended: reshape(context, q.shape), present: { keys, values } };
}
