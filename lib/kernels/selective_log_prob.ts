/**
 * The vocabulary head for training: log-probability of one chosen token a row, and the entropy, without keeping logits.
 *
 *   z = h W^T inverseTemperature,   logProb = z[target] - logsumexp(z),   entropy = logsumexp(z) - sum(softmax(z) z)
 *
 * Backward, with p = softmax(z) and c the gradient by logProb times inverseTemperature:
 *
 *   dz = -c p, and c added at `target`;   dh = dz W,   dW = dz^T h
 *
 * What training raises is a score of each row, which is logProb unless an objective says otherwise:
 *
 *   smoothed by e:   score = (1 - e) logProb + e mean(z - logsumexp(z)),   dz = -c p + c e / vocabulary, and c (1 - e) at `target`
 *   dft:             score = p[target] logProb with p[target] held constant: the gradient of logProb times p[target]
 *
 * (Szegedy et al., arXiv:1512.00567, as transformers' LabelSmoother; Wu et al., arXiv:2508.05629, as TRL's `dft`.)
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
  mean,
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

/** What is raised for each token. The default is its log-probability. */
export interface TokenObjective {
  /** `"dft"` weights each log-probability by its own probability, so that unlikely tokens teach less. Default `"nll"`. */
  lossType?: "nll" | "dft";
  /** The share of the target that is spread evenly over the whole vocabulary; from 0, the default, to below 1. */
  labelSmoothingFactor?: number;
}

/** What the head gives for each row; all are [rows]. */
export interface SelectiveLogProb {
  /** What the objective raises: the one output with a gradient. By default it is `logProb` itself. */
  score: Tensor;
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
 * @param objective What `score` is.
 * @throws When the objective smooths outside [0, 1), or smooths a dft loss, which no definition covers.
 */
export function selectiveLogProb(
  hidden: Tensor,
  weight: Tensor,
  target: Tensor,
  inverseTemperature: Tensor,
  objective: TokenObjective = {},
): SelectiveLogProb {
  const { lossType = "nll", labelSmoothingFactor: smoothing = 0 } = objective;
  checkObjective(objective);
  const rows = hidden.shape[0];
  const vocabulary = Number(weight.shape[0]);
  // Scaling the rows is cheaper than scaling the logits.
  const logits = linear(mul(hidden, inverseTemperature), weight);
  // From here on all is relative to the highest logit: the log-probability of a likely token is a small number, which the
  // difference of two large ones would round away.
  const shifted = sub(logits, reduceMax(logits, -1));
  const exponentials = exp(shifted);
  const total = sum(exponentials, -1);
  const logTotal = log(total);
  const chosen = takeOne(shifted, target);
  const chosenLogProb = sub(chosen, reshape(logTotal, [rows]));
  const expected = sum(mul(exponentials, shifted), -1);
  const entropy = stopGradient(reshape(sub(logTotal, div(expected, total)), [rows]));
  const number = (value: number) => hidden.graph.scalar(value);
  const isGreedy = stopGradient(cast(equal(chosen, number(0)), "float32"));

  let value = chosenLogProb;
  if (lossType === "dft") value = mul(exp(chosenLogProb), chosenLogProb);
  if (smoothing > 0) {
    const everyLogProb = reshape(sub(mean(shifted, -1), logTotal), [rows]);
    value = add(mul(chosenLogProb, number(1 - smoothing)), mul(everyLogProb, number(smoothing)));
  }
  const [score] = customGradient([value], [hidden, weight], ({ outputGradient }) => {
    let c = mul(outputGradient, inverseTemperature);
    if (lossType === "dft") c = mul(c, exp(chosenLogProb));
    let spread = mul(exponentials, neg(div(reshape(c, [rows, 1]), total)));
    if (smoothing > 0) {
      spread = add(spread, reshape(mul(c, number(smoothing / vocabulary)), [rows, 1]));
      c = mul(c, number(1 - smoothing));
    }
    const dLogits = addOne(spread, target, c);
    return [matmul(dLogits, weight), matmul(dLogits, hidden, { transposeA: true })];
  });
  const logProb = value === chosenLogProb ? score : stopGradient(chosenLogProb);
  return { score, logProb, entropy, isGreedy };
}

/**
 * Finds an objective that means nothing.
 *
 * @throws {RangeError} naming the option
 */
export function checkObjective({ lossType = "nll", labelSmoothingFactor = 0 }: TokenObjective): void {
  if (lossType !== "nll" && lossType !== "dft") {
    throw new RangeError(`lossType: expected "nll" or "dft", got ${JSON.stringify(lossType)}`);
  }
  if (!(labelSmoothingFactor >= 0 && labelSmoothingFactor < 1)) {
    throw new RangeError(`labelSmoothingFactor: expected a number from 0 to below 1, got ${labelSmoothingFactor}`);
  }
  if (lossType === "dft" && labelSmoothingFactor > 0) {
    throw new RangeError('labelSmoothingFactor: expected 0 with lossType "dft", which has no smoothed form');
  }
}
