/**
 * Causal grouped-query attention (Vaswani et al. 2017, arXiv:1706.03762; Ainslie et al. 2023, arXiv:2305.13245).
 *
 *   P = softmax(Q K^T / sqrt(headDim) + bias),   O = P V
 *
 * Each key-value head serves heads / kvHeads query heads: those share one matrix product, as further rows of Q.
 *
 * Backward, with D = rowsum(dO O), which equals rowsum(dP P) and costs headDim numbers a row instead of one for each key
 * (Dao et al. 2022, arXiv:2205.14135):
 *
 *   dV = P^T dO,   dP = dO V^T,   dS = P (dP - D),   dQ = dS K / sqrt(headDim),   dK = dS^T Q / sqrt(headDim)
 */
import {
  add,
  customGradient,
  type Dimension,
  matmul,
  mul,
  multiplyDimensions,
  reshape,
  softmax,
  sub,
  sum,
  type Tensor,
  transpose,
} from "../graph/mod.ts";

/** A score this low leaves nothing after the softmax, and stays finite in float32 sums. */
export const MASKED = -1e9;

/** [batch, tokens, heads * headDim] as [batch, heads, tokens, headDim]. */
export function splitHeads(x: Tensor, heads: number, headDim: number): Tensor {
  const [batch, tokens] = x.shape;
  return transpose(reshape(x, [batch, tokens, heads, headDim]), [0, 2, 1, 3]);
}

/** [batch, heads, tokens, headDim] as [batch, tokens, heads * headDim]. */
export function mergeHeads(x: Tensor): Tensor {
  const [batch, heads, tokens, headDim] = x.shape;
  return reshape(transpose(x, [0, 2, 1, 3]), [batch, tokens, multiplyDimensions(heads, headDim)]);
}

/**
 * Attention over one stretch of tokens. No gradient flows to the bias.
 *
 * @param q [batch, heads, tokens, headDim]
 * @param k, v [batch, kvHeads, tokens, headDim]
 * @param bias [batch, 1, 1, tokens, tokens]: 0 where a token may look, `MASKED` where not; see `causalBias`.
 * @returns [batch, heads, tokens, headDim]
 */
export function attention(q: Tensor, k: Tensor, v: Tensor, bias: Tensor): Tensor {
  const { batch, kvHeads, group, tokens, headDim } = attentionSizes(q, k);
  const scale = 1 / Math.sqrt(headDim);
  const grouped = reshape(q, [batch, kvHeads, multiplyDimensions(group, tokens), headDim]);
  const scores = matmul(grouped, k, { transposeB: true, scale });
  const biased = add(reshape(scores, [batch, kvHeads, group, tokens, tokens]), bias);
  const probabilities = reshape(softmax(biased), scores.shape);
  const context = matmul(probabilities, v);

  const [attended] = customGradient([context], [grouped, k, v], ({ outputGradient }) => {
    const rowSums = sum(mul(outputGradient, context), -1);
    const dProbabilities = matmul(outputGradient, v, { transposeB: true });
    const dScores = mul(probabilities, sub(dProbabilities, rowSums));
    return [
      matmul(dScores, k, { scale }),
      matmul(dScores, grouped, { transposeA: true, scale }),
      matmul(probabilities, outputGradient, { transposeA: true }),
    ];
  });
  return reshape(attended, q.shape);
}

/** The sizes of attention; `group` is the number of query heads that share a key-value head. Throws when they do not. */
export function attentionSizes(q: Tensor, k: Tensor) {
  const [batch, heads, tokens, headDim] = q.shape as [Dimension, number, Dimension, number];
  const kvHeads = k.shape[1] as number;
  if (heads % kvHeads !== 0) throw new Error(`attention: ${heads} heads do not share ${kvHeads} key-value heads`);
  return { batch, kvHeads, group: heads / kvHeads, tokens, headDim };
}

/**
 * The bias that lets each token look at earlier tokens of its own document.
 *
 * @param documents [batch, tokens]: which document a token belongs to; negative for padding, which nothing looks at.
 * @returns Float32Array [batch, 1, 1, tokens, tokens]. A padding token looks at itself, so that its softmax is finite.
 */
export function causalBias(documents: Int32Array, batch: number, tokens: number): Float32Array<ArrayBuffer> {
  const bias = new Float32Array(batch * tokens * tokens).fill(MASKED);
  for (let row = 0; row < batch; row++) {
    for (let query = 0; query < tokens; query++) {
      const document = documents[row * tokens + query];
      const start = (row * tokens + query) * tokens;
      bias[start + query] = 0;
      if (document < 0) continue;
      for (let key = 0; key < query; key++) if (documents[row * tokens + key] === document) bias[start + key] = 0;
    }
  }
  return bias;
}
