/**
 * The two losses of PPO (Schulman et al. 2017, arXiv:1707.06347) over a micro-batch's tokens, with their gradients.
 *
 * Each is written once, as a graph; its derivative comes from the graph's own differentiation, and both are evaluated in
 * float64: there are only as many numbers as tokens that the policy wrote.
 */
import {
  add,
  evaluate,
  exp,
  gradients,
  Graph,
  max,
  min,
  mul,
  type NdArray,
  ndarray,
  neg,
  square,
  sub,
  sum,
  type Tensor,
} from "../graph/mod.ts";

/** Options with TRL's names and defaults. */
export interface PpoLossOptions {
  /** Ratios are clipped to 1 - cliprange and 1 + cliprange; default 0.2. */
  cliprange?: number;
  /** New values are clipped to this distance from the old ones; default 0.2. */
  cliprangeValue?: number;
}

/** Numbers for each token that the policy wrote. */
export interface PolicyLossInputs {
  logProbs: readonly number[];
  /** Those of the policy as it was when the round began. */
  oldLogProbs: readonly number[];
  advantages: readonly number[];
  /** Tokens of the optimizer step, by which all divides; default: those given. */
  tokensInStep?: number;
}

/** Numbers for each token that the policy wrote. */
export interface ValueLossInputs {
  values: readonly number[];
  /** Those of the critic as it was when the round began. */
  oldValues: readonly number[];
  returns: readonly number[];
  /** Tokens of the optimizer step, by which all divides; default: those given. */
  tokensInStep?: number;
}

/** The micro-batch's part of a step's loss and metrics: parts are added up. */
export interface PpoLoss {
  loss: number;
  /** By each log-probability, or by each value. */
  gradients: number[];
  /** Of the policy `policy/approxkl_avg`, `policy/clipfrac_avg`, `val/ratio`; of values `val/clipfrac_avg`. */
  metrics: Record<string, number>;
}

/** mean(max(-A ratio, -A clip(ratio))), with ratio = exp(logProb - oldLogProb). */
export function policyLoss(inputs: PolicyLossInputs, { cliprange = 0.2 }: PpoLossOptions = {}): PpoLoss {
  const { logProbs, oldLogProbs, advantages, tokensInStep = inputs.logProbs.length } = inputs;
  const bounds = { low: [1 - cliprange], high: [1 + cliprange] };
  const { fed, feeds } = declared({ logProbs, oldLogProbs, advantages, ...bounds });
  const logRatio = sub(fed.logProbs, fed.oldLogProbs);
  const ratio = exp(logRatio);
  const unclipped = neg(mul(fed.advantages, ratio));
  const clipped = neg(mul(fed.advantages, min(max(ratio, fed.low), fed.high)));
  const worse = max(unclipped, clipped);
  const watched = [unclipped, clipped, ratio, square(logRatio)];
  const { loss, byLearned, others } = sumAndGradient(worse, fed.logProbs, watched, feeds);
  const [losses, clippedLosses, ratios, squares] = others;
  return {
    loss: loss / tokensInStep,
    gradients: byLearned.map((gradient) => gradient / tokensInStep),
    metrics: {
      "policy/approxkl_avg": 0.5 * total(squares) / tokensInStep,
      "policy/clipfrac_avg": countAbove(clippedLosses, losses) / tokensInStep,
      "val/ratio": total(ratios) / tokensInStep,
    },
  };
}

/** 0.5 mean(max((v - return)^2, (clip(v) - return)^2)), with v clipped around the old value. */
export function valueLoss(inputs: ValueLossInputs, { cliprangeValue = 0.2 }: PpoLossOptions = {}): PpoLoss {
  const { values, oldValues, returns, tokensInStep = inputs.values.length } = inputs;
  const bounds = { low: [-cliprangeValue], high: [cliprangeValue] };
  const { fed, feeds } = declared({ values, oldValues, returns, ...bounds });
  const change = min(max(sub(fed.values, fed.oldValues), fed.low), fed.high);
  const unclipped = square(sub(fed.values, fed.returns));
  const clipped = square(sub(add(fed.oldValues, change), fed.returns));
  const worse = max(unclipped, clipped);
  const { loss, byLearned, others } = sumAndGradient(worse, fed.values, [unclipped, clipped], feeds);
  const [losses, clippedLosses] = others;
  return {
    loss: 0.5 * loss / tokensInStep,
    gradients: byLearned.map((gradient) => 0.5 * gradient / tokensInStep),
    metrics: { "val/clipfrac_avg": countAbove(clippedLosses, losses) / tokensInStep },
  };
}

/** Lists of numbers as inputs [1, length] of a graph. Bounds are fed too: a graph's constants are float32. */
function declared<Name extends string>(lists: Record<Name, readonly number[]>) {
  const graph = new Graph();
  const names = Object.keys(lists) as Name[];
  const feeds = Object.fromEntries(names.map((name) => [name, ndarray([1, lists[name].length], lists[name])]));
  const fed = Object.fromEntries(names.map((name) => [name, graph.input(name, feeds[name].shape)]));
  return { fed: fed as Record<Name, Tensor>, feeds };
}

/** The sum of a loss of each token, its gradient by `learned`, and whatever else is asked for. */
function sumAndGradient(
  perToken: Tensor,
  learned: Tensor,
  others: readonly Tensor[],
  feeds: Record<string, NdArray>,
) {
  const loss = sum(perToken, [0, 1]);
  const [byLearned] = gradients([{ tensor: loss, gradient: learned.graph.constant([1], [1, 1]) }], [learned]);
  const [value, gradient, ...rest] = evaluate([loss, byLearned, ...others], feeds);
  return { loss: value.data[0], byLearned: Array.from(gradient.data), others: rest.map(({ data }) => data) };
}

function total(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** How often a number is above its counterpart. */
function countAbove(values: Float64Array, others: Float64Array): number {
  return values.filter((value, i) => value > others[i]).length;
}
