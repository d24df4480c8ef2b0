/**
 * The vocabulary head for training: log-probability of one chosen token a row, and the entropy, without keeping logits.
 *
 *   z = h W^T inverseTemperature,   logProb = z[target] - logsumexp(z),   entropy = logsumexp(z) - sum(softmax(z) z)
 *
 * Backward, with p = softmax(z) and c the gradient by logProb times inverseTemperature:
 *
 *   dz = -c p, and c added at `target`;   dh = dz W,   dW = dz^T h
 *
 * Callers pass chunks of rows, so that [rows, vocabulary] stays small, as the fused cross-entropy of Liger-Kernel does
 * (arXiv:2410.10989). No gradient flows through the entropy or isGreedy, which are metrics, nor to the temperature.
 */
import {
  add,
  addOne,
  cast,
  customGradient,
  div,
  equal,
  exp,
  linear,
  log,
  matmul,
  mul,
  neg,
  reduceMax,
  reshape,
  stopGradient,
  sub,
  sum,
  takeOne,
  type Tensor,
} from "../graph/mod.ts";

/** What the head gives for each row; all are [rows]. */
export interface SelectiveLogProb {
  logProb: Tensor;
  entropy: Tensor;
  /** 1 where `target` has the highest logit, else 0: what token accuracy counts. */
  isGreedy: Tensor;
}

/**
 * @param hidden [rows, hidden], already normalised.
 * @param weight [vocabulary, hidden]
 * @param target int64 [rows]
 * @param inverseTemperature Rank 0: 1 / temperature of the policy whose log-probabilities are meant.
 */
export function selectiveLogProb(
  hidden: Tensor,
  weight: Tensor,
  target: Tensor,
  inverseTemperature: Tensor,
): SelectiveLogProb {
  const rows = hidden.shape[0];
  // Scaling the rows is cheaper than scaling the logits.
  const logits = linear(mul(hidden, inverseTemperature), weight);
  const highest = reduceMax(logits, -1);
  const exponentials = exp(sub(logits, highest));
  const total = sum(exponentials, -1);
  const logSumExp = add(log(total), highest);
  const chosen = takeOne(logits, target);
  const value = sub(chosen, reshape(logSumExp, [rows]));
  const expected = sum(mul(exponentials, logits), -1);
  const entropy = stopGradient(reshape(sub(logSumExp, div(expected, total)), [rows]));
  const isGreedy = stopGradient(cast(equal(chosen, reshape(highest, [rows])), "float32"));

  const [logProb] = customGradient([value], [hidden, weight], ({ outputGradient }) => {
    const c = mul(outputGradient, inverseTemperature);
    const spread = mul(exponentials, neg(div(reshape(c, [rows, 1]), total)));
    const dLogits = addOne(spread, target, c);
    return [matmul(dLogits, weight), matmul(dLogits, hidden, { transposeA: true })];
  });
  return { logProb, entropy, isGreedy };
}
