/**
 * Attention of new tokens over keys and values that lie in several tensors, for devices that keep a cache of their own:
 * what was read long ago, what was read recently, and the new tokens.
 *
 *   P = softmax([Q K_1^T + bias_1, Q K_2^T + bias_2, ...] / ...),   O = P_1 V_1 + P_2 V_2 + ...
 *
 * Keys are kept with the tokens last, so that no step transposes a cache; query heads that share a key-value head are
 * further rows of one product, which reads its keys once. (The CPU is fastest with neither: see `cachedAttention`.) No
 * gradient is ever asked for.
 */
import { add, concat, matmul, multiplyDimensions, reshape, scale, softmax, split, type Tensor } from "../graph/mod.ts";
import { attentionSizes } from "./attention.ts";

/** Some of the keys and values. */
export interface AttentionPart {
  /** [batch, kvHeads, headDim, keys]: of the key at each place one column. */
  keys: Tensor;
  /** [batch, kvHeads, keys, headDim] */
  values: Tensor;
  /** Broadcasts to [batch, 1, 1, tokens, keys]: 0 where a token may look, `MASKED` where not. */
  bias: Tensor;
}

/**
 * @param q [batch, heads, tokens, headDim]
 * @param parts Each with one key at least.
 * @param lengths int64: the number of keys of each part; only needed where one is a named size.
 * @returns [batch, heads, tokens, headDim]
 */
export function attendInParts(q: Tensor, parts: readonly AttentionPart[], lengths?: Tensor): Tensor {
  const { batch, kvHeads, group, tokens, headDim } = attentionSizes(q, parts[0].keys);
  const queries = multiplyDimensions(group, tokens);
  const grouped = reshape(scale(q, 1 / Math.sqrt(headDim)), [batch, kvHeads, queries, headDim]);
  const keysOf = (part: AttentionPart) => part.keys.shape[3];
  const scores = concat(
    parts.map((part) => {
      const ofPart = matmul(grouped, part.keys);
      return add(reshape(ofPart, [batch, kvHeads, group, tokens, keysOf(part)]), part.bias);
    }),
    -1,
  );
  const probabilities = softmax(scores);
  const flat = reshape(probabilities, [batch, kvHeads, queries, scores.shape[4]]);
  const shares = split(flat, -1, parts.map(keysOf), lengths);
  const attended = parts.map((part, i) => matmul(shares[i], part.values)).reduce(add);
  return reshape(attended, q.shape);
}
