/**
 * The loss over the log-probabilities of a micro-batch of pairs, with its gradient.
 *
 * The loss is written once, as a graph; its derivative by the log-probabilities comes from the graph's own
 * differentiation, and both are evaluated in float64: there are only as many numbers as completion tokens.
 */
import {
  add,
  div,
  evaluate,
  gradients,
  Graph,
  type NdArray,
  ndarray,
  scale,
  sub,
  sum,
  type Tensor,
} from "../graph/mod.ts";
import { type DpoLossOptions, dpoLossOptions, type ResolvedLossOptions } from "./dpo_loss_options.ts";
import { divergenceScore, PAIR_LOSSES, type PairLossNumbers, type PairTerms } from "./dpo_losses.ts";
import { dpoMetrics } from "./dpo_metrics.ts";

/** Log-probabilities of texts: one list per text, one number per token. */
export type TokenLogProbs = readonly (readonly number[])[];

/** A micro-batch of pairs. */
export interface DpoLossInputs {
  /** The policy's log-probabilities of the completions' tokens. */
  chosenLogProbs: TokenLogProbs;
  rejectedLogProbs: TokenLogProbs;
  /** The reference's, summed over each completion; needed but for `simpo` and `orpo`. */
  referenceChosenLogps?: readonly number[];
  referenceRejectedLogps?: readonly number[];
  /**
   * The policy's for the tokens of each prompt, from the second on, before the chosen completion; needed for `orpo`.
   */
  promptLogProbs?: TokenLogProbs;
  /** Pairs of the optimizer step, by which most losses divide; default: those given. */
  pairsInStep?: number;
  /** Tokens of the step's chosen completions, by which `sft` and `rpoAlpha` divide; default: those given. */
  chosenTokensInStep?: number;
  /** The same and those of `promptLogProbs`, by which `orpo` divides; default: those given. */
  rowTokensInStep?: number;
}

/** The loss, its gradient, and what TRL logs about it. */
export interface DpoLoss {
  /** The micro-batch's part of the step's loss: parts are added up. */
  loss: number;
  /** By each log-probability, in the layout of the inputs. */
  gradients: { chosen: number[][]; rejected: number[][]; prompt: number[][] };
  /** Means over the micro-batch: see `dpoMetrics`. */
  metrics: Record<string, number>;
}

/**
 * Computes the loss of a micro-batch and its gradient by each log-probability.
 *
 * @throws {RangeError} when an option is out of range
 * @throws When log-probabilities that the loss needs are not given, or there are not as many of one kind as of another.
 */
export function dpoLoss(inputs: DpoLossInputs, options: DpoLossOptions = {}): DpoLoss {
  const resolved = dpoLossOptions(options);
  checkInputs(inputs, resolved);
  const { chosenLogProbs, rejectedLogProbs } = inputs;
  const promptLogProbs = inputs.promptLogProbs ?? chosenLogProbs.map(() => []);
  const feeds = {
    chosenLogProbs: padded(chosenLogProbs),
    rejectedLogProbs: padded(rejectedLogProbs),
    promptLogProbs: padded(promptLogProbs),
    chosenLength: column(lengths(chosenLogProbs)),
    rejectedLength: column(lengths(rejectedLogProbs)),
    referenceChosen: column(inputs.referenceChosenLogps ?? chosenLogProbs.map(() => 0)),
    referenceRejected: column(inputs.referenceRejectedLogps ?? chosenLogProbs.map(() => 0)),
  };
  const graph = new Graph();
  const fed = Object.fromEntries(
    Object.entries(feeds).map(([name, { shape }]) => [name, graph.input(name, shape)]),
  ) as Record<keyof typeof feeds, Tensor>;
  const terms = pairTerms(fed, resolved);
  const numbers = lossNumbers(inputs, resolved);
  const loss = resolved.losses
    .map(({ type, weight }) => scale(PAIR_LOSSES[type](terms, numbers), weight))
    .reduce(add);
  const learned = [fed.chosenLogProbs, fed.rejectedLogProbs, fed.promptLogProbs];
  const byLogProbs = gradients([
    { tensor: loss, gradient: graph.constant([1], [1, 1]) },
    // What the loss does not depend on has the gradient 0.
    ...learned.map((tensor) => ({ tensor, gradient: sub(tensor, tensor) })),
  ], learned);
  const [value, ...results] = evaluate([loss, ...byLogProbs], feeds);
  const [chosen, rejected, prompt] = [chosenLogProbs, rejectedLogProbs, promptLogProbs]
    .map((rows, i) => unpadded(results[i], rows));
  return { loss: value.data[0], gradients: { chosen, rejected, prompt }, metrics: dpoMetrics(inputs, resolved) };
}

/** A batch's inputs as the graph takes them. */
type Fed =
  & Record<"chosenLogProbs" | "rejectedLogProbs" | "promptLogProbs" | "chosenLength" | "rejectedLength", Tensor>
  & {
    referenceChosen: Tensor;
    referenceRejected: Tensor;
  };

function pairTerms(fed: Fed, { fDivergenceType, fAlphaDivergenceCoef }: ResolvedLossOptions): PairTerms {
  const { chosenLogProbs, rejectedLogProbs, promptLogProbs, chosenLength, rejectedLength } = fed;
  const [chosen, rejected] = [sum(chosenLogProbs, 1), sum(rejectedLogProbs, 1)];
  const chosenLogRatio = sub(chosen, fed.referenceChosen);
  const rejectedLogRatio = sub(rejected, fed.referenceRejected);
  return {
    chosenLogRatio,
    rejectedLogRatio,
    chosenScore: divergenceScore(chosenLogRatio, fDivergenceType, fAlphaDivergenceCoef),
    rejectedScore: divergenceScore(rejectedLogRatio, fDivergenceType, fAlphaDivergenceCoef),
    chosenLength,
    rejectedLength,
    chosenMean: div(chosen, chosenLength),
    rejectedMean: div(rejected, rejectedLength),
    chosenLogProbs,
    promptLogProbs,
  };
}

function lossNumbers(inputs: DpoLossInputs, options: ResolvedLossOptions): PairLossNumbers {
  const { chosenLogProbs, promptLogProbs = [] } = inputs;
  const chosenTokens = countTokens(chosenLogProbs);
  const { pairsInStep = chosenLogProbs.length, chosenTokensInStep = chosenTokens } = inputs;
  const { rowTokensInStep = chosenTokens + countTokens(promptLogProbs) } = inputs;
  const { beta, labelSmoothing, simpoGamma, discopopTau } = options;
  return {
    ...{ beta, labelSmoothing, simpoGamma, discopopTau },
    pairWeight: 1 / pairsInStep,
    tokenWeight: 1 / chosenTokensInStep,
    rowTokenWeight: 1 / rowTokensInStep,
  };
}

function checkInputs(inputs: DpoLossInputs, { losses, needsReference }: ResolvedLossOptions): void {
  const { chosenLogProbs, rejectedLogProbs, referenceChosenLogps, referenceRejectedLogps, promptLogProbs } = inputs;
  const pairs = chosenLogProbs.length;
  if (pairs === 0) throw new Error("a batch without a pair: expected at least one");
  const types = losses.map(({ type }) => type).join(", ");
  if (needsReference && !(referenceChosenLogps && referenceRejectedLogps)) {
    throw new Error(`the loss (${types}) needs the reference's log-probabilities`);
  }
  if (!promptLogProbs && types.includes("orpo")) {
    throw new Error("the loss orpo needs promptLogProbs: it learns the prompt's tokens too");
  }
  const counts = { rejectedLogProbs, referenceChosenLogps, referenceRejectedLogps, promptLogProbs };
  for (const [name, list] of Object.entries(counts)) {
    if (list && list.length !== pairs) throw new Error(`${name}: expected ${pairs}, one a pair, got ${list.length}`);
  }
  for (const [name, rows] of Object.entries({ chosenLogProbs, rejectedLogProbs })) {
    const empty = rows.findIndex((row) => row.length === 0);
    if (empty >= 0) throw new Error(`${name}, pair ${empty}: expected at least one token`);
  }
}

function lengths(rows: TokenLogProbs): number[] {
  return rows.map((row) => row.length);
}

function countTokens(rows: TokenLogProbs): number {
  return rows.reduce((sum, row) => sum + row.length, 0);
}

function column(values: readonly number[]): NdArray {
  return ndarray([values.length, 1], values);
}

/** [pairs, tokens], with 0 after the end of each row. */
function padded(rows: TokenLogProbs): NdArray {
  const tokens = Math.max(1, ...lengths(rows));
  return ndarray([rows.length, tokens], rows.flatMap((row) => [...row, ...new Array(tokens - row.length).fill(0)]));
}

function unpadded({ data, shape: [, tokens] }: NdArray, rows: TokenLogProbs): number[][] {
  return rows.map((row, i) => Array.from(data.subarray(i * tokens, i * tokens + row.length)));
}
