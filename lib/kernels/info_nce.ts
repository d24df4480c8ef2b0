/**
 * InfoNCE, the contrastive loss with in-batch negatives (van den Oord et al. 2018, arXiv:1807.03748; for retrieval Karpukhin
 * et al. 2020, arXiv:2004.04906): each query should be closer to its own passage than to all others of the batch.
 *
 *   z = Q P^T inverseTemperature + bias,   loss_i = logsumexp_j(z_ij) - z_i,own(i)
 *
 * The symmetric form (Radford et al. 2021, arXiv:2103.00020) also asks each passage for its query: half of the loss above, and
 * half of logsumexp_k(z_k,own(i)) - z_i,own(i). Passages that are nobody's own, hard negatives, have no such half.
 *
 * Backward, with O the one-hot matrix of own passages, c the gradient by the losses, R = softmax of z along rows and C along
 * columns:
 *
 *   dz = c (R - O)   or, symmetric,   c R / 2 + C (O^T c)^T / 2 - c O
 *   dQ = dz P inverseTemperature,   dP = dz^T Q inverseTemperature
 */
import {
  add,
  cast,
  customGradient,
  div,
  equal,
  exp,
  log,
  matmul,
  mul,
  reduceMax,
  reshape,
  scale,
  stopGradient,
  sub,
  sum,
  type Tensor,
} from "../graph/mod.ts";

/** What is compared. */
export interface InfoNceInputs {
  /** [queries, hidden], of length 1. */
  queries: Tensor;
  /** [passages, hidden], of length 1: the queries' own and, where there are, hard negatives. */
  passages: Tensor;
  /** [queries, passages]: 1 at each query's own passage, 0 elsewhere. */
  own: Tensor;
  /** [queries, passages]: `MASKED` where a passage must not count as a negative, such as another copy of the own one; else 0. */
  bias: Tensor;
  /** Rank 0: 1 / temperature. */
  inverseTemperature: Tensor;
}

/** All are [queries]. */
export interface InfoNce {
  /** The one output with a gradient, by queries and passages. */
  losses: Tensor;
  /** 1 where no passage is closer than the own one, else 0. */
  isFirst: Tensor;
}

/**
 * The loss of each query.
 *
 * @param options.symmetric Half of the loss asks each passage for its query. Default false.
 */
export function infoNce(inputs: InfoNceInputs, { symmetric = false }: { symmetric?: boolean } = {}): InfoNce {
  const { queries, passages, own, bias, inverseTemperature } = inputs;
  const [count] = queries.shape;
  const z = add(mul(matmul(queries, passages, { transposeB: true }), inverseTemperature), bias);
  const rows = logSumExp(z, -1);
  const ownScore = sum(mul(z, own), -1);
  const columns = symmetric ? logSumExp(z, 0) : null;
  const towards = columns && sum(mul(own, columns.logSum), -1);
  const perQuery = sub(towards ? scale(add(rows.logSum, towards), 0.5) : rows.logSum, ownScore);
  const isFirst = stopGradient(cast(equal(ownScore, rows.highest), "float32"));
  const [losses] = customGradient([reshape(perQuery, [count])], [queries, passages], ({ outputGradient }) => {
    const c = reshape(outputGradient, [count, 1]);
    let spread = mul(rows.softmax, c);
    if (columns) {
      const perPassage = sum(mul(own, c), 0);
      spread = scale(add(spread, mul(columns.softmax, perPassage)), 0.5);
    }
    const dz = mul(sub(spread, mul(own, c)), inverseTemperature);
    return [matmul(dz, passages), matmul(dz, queries, { transposeA: true })];
  });
  return { losses, isFirst: reshape(isFirst, [count]) };
}

/** The logarithm of the sum of e^z along an axis, which stays with size 1, and what it is made of. */
function logSumExp(z: Tensor, axis: number): { highest: Tensor; logSum: Tensor; softmax: Tensor } {
  const highest = reduceMax(z, axis);
  const exponentials = exp(sub(z, highest));
  const total = sum(exponentials, axis);
  return { highest, logSum: add(highest, log(total)), softmax: div(exponentials, total) };
}
