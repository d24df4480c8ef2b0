/**
 * The losses of GRPO and its relatives over the log-probabilities of a micro-batch's completions, with their gradients.
 *
 * The loss is written once, as a graph; its derivative by the log-probabilities comes from the graph's own
 * differentiation, and both are evaluated in float64: there are only as many numbers as completion tokens.
 *
 * Sources: GRPO arXiv:2402.03300, DAPO arXiv:2503.14476, Dr. GRPO arXiv:2503.20783, GSPO arXiv:2507.18071, CISPO
 * arXiv:2506.13585, SAPO arXiv:2511.20347, two-sided clipping arXiv:2505.07291. Behaviour is TRL's.
 */
import {
  add,
  clip,
  div,
  evaluate,
  exp,
  gradients,
  Graph,
  greater,
  min,
  mul,
  ndarray,
  neg,
  scale,
  sigmoid,
  stopGradient,
  sub,
  sum,
  type Tensor,
  where,
} from "../graph/mod.ts";

/** How per-token losses become one number. */
export type GrpoLossType = "grpo" | "bnpo" | "dr_grpo" | "dapo" | "cispo" | "sapo";

const LOSS_TYPES: readonly string[] = ["grpo", "bnpo", "dr_grpo", "dapo", "cispo", "sapo"];

/** Options with TRL's names and defaults. */
export interface GrpoLossOptions {
  /** Default `"dapo"`. */
  lossType?: GrpoLossType;
  /** Whether the ratio of probabilities is one per token or one per sequence (GSPO). Default `"token"`. */
  importanceSamplingLevel?: "token" | "sequence";
  /** Ratios are clipped below 1 - epsilon; default 0.2. */
  epsilon?: number;
  /** Ratios are clipped above 1 + epsilonHigh; default: epsilon. For CISPO it is the highest weight itself. */
  epsilonHigh?: number;
  /** An upper bound on the ratio where the advantage is negative; default none. */
  delta?: number | null;
  /** The weight of the KL divergence from the reference policy; default 0, which needs no reference. */
  beta?: number;
  /** Weigh the KL term by the probability ratio, which makes its gradient unbiased off-policy. Default false. */
  useBiasCorrectionKl?: boolean;
  /** Temperatures of SAPO's soft gate for positive and negative advantages; default 1 and 1.05. */
  sapoTemperaturePos?: number;
  sapoTemperatureNeg?: number;
}

/** A micro-batch: one list of numbers per completion, one number per token of it. */
export interface GrpoLossInputs {
  /** The policy's log-probabilities. */
  logProbs: readonly (readonly number[])[];
  /** Those of the policy that sampled; absent on-policy, where the ratio is exactly 1. */
  oldLogProbs?: readonly (readonly number[])[];
  /** Those of the reference policy; needed when beta is not 0. */
  referenceLogProbs?: readonly (readonly number[])[];
  /** One per completion. */
  advantages: readonly number[];
  /** False for completions that are left out of the loss (truncated ones, when those are masked). */
  active: readonly boolean[];
  /** Micro-batches of the optimizer step. */
  accumulationSteps: number;
  /** Active tokens of an optimizer step, by which dapo and cispo divide: of all steps of a rollout, the mean. */
  tokensInStep: number;
  /** By which dr_grpo divides, instead of the actual lengths. */
  maxCompletionLength: number;
}

/** The loss, its gradient, and what TRL logs about it. */
export interface GrpoLoss {
  loss: number;
  /** By each log-probability, in the layout of the inputs. */
  gradients: number[][];
  /** `clip_ratio/*`, `kl` and `cispo_clip_ratio` where they apply. */
  metrics: Record<string, number>;
}

/** Throws an error that names the option whose value is unknown or out of range. */
export function checkGrpoLossOptions(options: GrpoLossOptions): void {
  const { lossType = "dapo", importanceSamplingLevel: level = "token", epsilon = 0.2, beta = 0 } = options;
  const { epsilonHigh = epsilon } = options;
  if (!LOSS_TYPES.includes(lossType)) {
    throw new RangeError(`lossType "${lossType}": expected one of ${LOSS_TYPES.join(", ")}`);
  }
  if (level !== "token" && level !== "sequence") {
    throw new RangeError(`importanceSamplingLevel "${level}": expected token or sequence`);
  }
  for (const [name, value] of Object.entries({ epsilon, epsilonHigh, beta })) {
    if (!(value >= 0 && Number.isFinite(value))) {
      throw new RangeError(`${name}: expected a number from 0, got ${value}`);
    }
  }
}

/** Computes the loss of a micro-batch and its gradient by each log-probability. */
export function grpoLoss(inputs: GrpoLossInputs, options: GrpoLossOptions = {}): GrpoLoss {
  const { lossType = "dapo", epsilon = 0.2, beta = 0 } = options;
  const { epsilonHigh = epsilon } = options;
  if (beta !== 0 && !inputs.referenceLogProbs) throw new Error(`beta is ${beta}: the reference's log-probs are needed`);
  const sequences = inputs.logProbs.length;
  const tokens = Math.max(1, ...inputs.logProbs.map((row) => row.length));
  const shape = [sequences, tokens];
  const graph = new Graph();
  const logProbs = graph.input("logProbs", shape);
  const oldLogProbs = inputs.oldLogProbs ? graph.input("oldLogProbs", shape) : stopGradient(logProbs);
  const mask = graph.input("mask", shape);
  const advantages = graph.input("advantages", [sequences, 1]);

  const logRatio = sub(logProbs, oldLogProbs);
  const lengths = graph.input("lengths", [sequences, 1]);
  const bySequence = options.importanceSamplingLevel === "sequence";
  const logWeight = bySequence ? div(sum(mul(logRatio, mask), 1), lengths) : logRatio;
  const ratio = exp(logWeight);
  const bounded = options.delta == null ? ratio : min(ratio, graph.scalar(options.delta));
  let perToken = policyLoss({ lossType, ratio, bounded, advantages, logProbs, epsilon, epsilonHigh, options });
  let kl: Tensor | null = null;
  if (beta !== 0) {
    // The k3 estimator of http://joschu.net/blog/kl-approx.html: never negative, and low in variance.
    const difference = sub(graph.input("referenceLogProbs", shape), logProbs);
    kl = sub(sub(exp(difference), difference), graph.scalar(1));
    if (options.useBiasCorrectionKl) kl = mul(kl, ratio);
    perToken = add(perToken, scale(kl, beta));
  }
  // Sequence-level values have one column: the mask repeats them over the sequence's tokens.
  const weights = graph.input("weights", shape);
  const loss = sum(mul(perToken, weights), [0, 1]);
  const [dLogProbs] = gradients([{ tensor: loss, gradient: graph.constant([1], [1, 1]) }], [logProbs]);

  const maskValues = maskOf(inputs, tokens);
  const counts = maskValues.map((row) => row.reduce((a, b) => a + b, 0));
  const feeds = {
    logProbs: padded(inputs.logProbs, tokens),
    oldLogProbs: padded(inputs.oldLogProbs ?? [], tokens),
    referenceLogProbs: padded(inputs.referenceLogProbs ?? [], tokens),
    mask: ndarray(shape, maskValues.flat()),
    advantages: ndarray([sequences, 1], inputs.advantages),
    lengths: ndarray([sequences, 1], counts.map((count) => Math.max(1, count))),
    weights: ndarray(shape, tokenWeights(lossType, maskValues, counts, inputs).flat()),
  };
  const outputs = [loss, dLogProbs, bounded, ...(kl ? [kl] : [])];
  const [lossValue, gradient, ratioValue, klValue] = evaluate(outputs, feeds);
  const metrics = clipMetrics(lossType, ratioValue.data, ratioValue.shape[1], maskValues, inputs.advantages, {
    low: 1 - epsilon,
    high: lossType === "cispo" ? epsilonHigh : 1 + epsilonHigh,
  });
  if (klValue) metrics.kl = maskedMean((row, token) => klValue.data[row * tokens + token], maskValues);
  return {
    loss: lossValue.data[0],
    gradients: inputs.logProbs.map((row, i) => Array.from(gradient.data.subarray(i * tokens, i * tokens + row.length))),
    metrics,
  };
}

/** The loss of each token (or of each sequence, in one column) before the KL term. */
function policyLoss({ lossType, ratio, bounded, advantages, logProbs, epsilon, epsilonHigh, options }: {
  lossType: GrpoLossType;
  ratio: Tensor;
  bounded: Tensor;
  advantages: Tensor;
  logProbs: Tensor;
  epsilon: number;
  epsilonHigh: number;
  options: GrpoLossOptions;
}): Tensor {
  const { graph } = ratio;
  switch (lossType) {
    case "grpo":
    case "bnpo":
    case "dr_grpo":
    case "dapo":
      return neg(min(mul(bounded, advantages), mul(clip(ratio, 1 - epsilon, 1 + epsilonHigh), advantages)));
    case "cispo": {
      // The weight is clipped and not differentiated: every token keeps a gradient.
      const weight = stopGradient(min(ratio, graph.scalar(epsilonHigh)));
      return neg(mul(mul(weight, advantages), logProbs));
    }
    case "sapo": {
      const { sapoTemperaturePos = 1, sapoTemperatureNeg = 1.05 } = options;
      const isPositive = greater(advantages, graph.scalar(0));
      const temperature = where(isPositive, graph.scalar(sapoTemperaturePos), graph.scalar(sapoTemperatureNeg));
      const inverse = where(isPositive, graph.scalar(4 / sapoTemperaturePos), graph.scalar(4 / sapoTemperatureNeg));
      const gate = mul(sigmoid(mul(temperature, sub(ratio, graph.scalar(1)))), inverse);
      return neg(mul(gate, advantages));
    }
    default:
      throw new RangeError(`lossType "${lossType}": expected one of ${LOSS_TYPES.join(", ")}`);
  }
}

/** What each token's loss is multiplied by, so that a plain sum gives the loss of that type. */
function tokenWeights(
  lossType: GrpoLossType,
  mask: readonly number[][],
  counts: readonly number[],
  { accumulationSteps, tokensInStep, maxCompletionLength }: GrpoLossInputs,
): number[][] {
  const active = counts.reduce((a, b) => a + b, 0);
  const weightOfRow = (row: number): number => {
    switch (lossType) {
      case "grpo":
      case "sapo":
        return 1 / (Math.max(1, counts[row]) * mask.length * accumulationSteps);
      case "bnpo":
        return 1 / (Math.max(1, active) * accumulationSteps);
      case "dr_grpo":
        return 1 / (mask.length * maxCompletionLength * accumulationSteps);
      default:
        return 1 / Math.max(1, tokensInStep);
    }
  };
  return mask.map((row, i) => row.map((bit) => bit * weightOfRow(i)));
}

/** 1 for tokens that count, else 0. */
function maskOf({ logProbs, active }: GrpoLossInputs, tokens: number): number[][] {
  return logProbs.map((row, i) => Array.from({ length: tokens }, (_, t) => active[i] && t < row.length ? 1 : 0));
}

function padded(rows: readonly (readonly number[])[], tokens: number) {
  return ndarray([rows.length, tokens], rows.flatMap((row) => [...row, ...new Array(tokens - row.length).fill(0)]));
}

/** The mean over the tokens that count. */
function maskedMean(value: (row: number, token: number) => number, mask: readonly number[][]): number {
  let [total, count] = [0, 0];
  mask.forEach((bits, row) =>
    bits.forEach((bit, token) => {
      if (bit === 0) return;
      total += value(row, token);
      count++;
    })
  );
  return total / Math.max(1, count);
}

/** How often the clip held a ratio back, as TRL counts it. */
function clipMetrics(
  lossType: GrpoLossType,
  ratios: Float64Array,
  columns: number,
  mask: readonly number[][],
  advantages: readonly number[],
  bounds: { low: number; high: number },
): Record<string, number> {
  const at = (row: number, token: number) => ratios[row * columns + (columns === 1 ? 0 : token)];
  const isLow = (row: number, token: number) => at(row, token) < bounds.low && advantages[row] < 0 ? 1 : 0;
  const isHigh = (row: number, token: number) => at(row, token) > bounds.high && advantages[row] > 0 ? 1 : 0;
  // One ratio a sequence is averaged over sequences, also masked ones; one a token over the tokens that count.
  const counted = columns === 1 ? mask.map(() => [1]) : mask;
  if (lossType === "cispo") return { cispo_clip_ratio: maskedMean(isHigh, counted) };
  if (lossType === "sapo") return {};
  const low = maskedMean(isLow, counted);
  const high = maskedMean(isHigh, counted);
  const perSequence = (flag: typeof isLow) =>
    counted.flatMap((bits, row) => bits.includes(1) ? [maskedMean((_, token) => flag(row, token), [bits])] : []);
  const lows = perSequence(isLow);
  return {
    "clip_ratio/low_mean": low,
    // With no token that counts (all completions masked) nothing was clipped, and Math.min of nothing is infinite.
    "clip_ratio/low_min": lows.length === 0 ? 0 : Math.min(...lows),
    "clip_ratio/high_mean": high,
    "clip_ratio/high_max": Math.max(0, ...perSequence(isHigh)),
    "clip_ratio/region_mean": low + high,
  };
}
