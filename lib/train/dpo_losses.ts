/**
 * Losses over pairs of completions, each as one formula over the terms of a batch of pairs. Behaviour is TRL's.
 *
 * Sources: DPO arXiv:2305.18290, smoothed (cDPO) https://ericmitchell.ai/cdpo.pdf, SLiC's hinge arXiv:2305.10425, IPO
 * arXiv:2310.12036, EXO arXiv:2402.00856, NCA arXiv:2402.05369, robust DPO arXiv:2403.00409, BCO arXiv:2404.04656, SPPO
 * arXiv:2405.00675, APO arXiv:2408.06266, DiscoPOP arXiv:2406.08414, the length-normalised sigmoid of Tülu 3
 * arXiv:2411.15124, SimPO arXiv:2405.14734, ORPO arXiv:2403.07691; f-divergences arXiv:2309.16240.
 */
import {
  add,
  div,
  exp,
  log,
  max,
  min,
  mul,
  neg,
  scale,
  sigmoid,
  softplus,
  square,
  sub,
  sum,
  type Tensor,
} from "../graph/mod.ts";

/** What is known of a batch of pairs; all tensors are [pairs, 1] unless said otherwise. */
export interface PairTerms {
  /** Log-probability of the chosen completion by the policy minus that by the reference, summed over tokens. */
  chosenLogRatio: Tensor;
  rejectedLogRatio: Tensor;
  /** What an f-divergence makes of the log-ratios; the log-ratios themselves by default. */
  chosenScore: Tensor;
  rejectedScore: Tensor;
  /** Tokens of the completions. */
  chosenLength: Tensor;
  rejectedLength: Tensor;
  /** The policy's log-probabilities as means over a completion's tokens. */
  chosenMean: Tensor;
  rejectedMean: Tensor;
  /** The policy's log-probabilities of the chosen completions' tokens, with 0 at padding [pairs, tokens]. */
  chosenLogProbs: Tensor;
  /** Those of the tokens before them, from the second on [pairs, tokens]; ORPO learns them too. */
  promptLogProbs: Tensor;
}

/** The numbers in the formulas. */
export interface PairLossNumbers {
  beta: number;
  labelSmoothing: number;
  simpoGamma: number;
  discopopTau: number;
  /** One pair's share of the step's loss. */
  pairWeight: number;
  /** One chosen token's share, where a loss is a mean over those. */
  tokenWeight: number;
  /** One token's share of a chosen completion with its prompt. */
  rowTokenWeight: number;
}

/** The loss of a batch as one number [1, 1]: its pairs' part of the mean over an optimizer step. */
type PairLoss = (terms: PairTerms, numbers: PairLossNumbers) => Tensor;

/** log(1 / (1 + e^-x)), without overflow. */
const logSigmoid = (x: Tensor): Tensor => neg(softplus(neg(x)));

const plus = (x: Tensor, number: number): Tensor => add(x, x.graph.scalar(number));
const oneMinus = (x: Tensor): Tensor => sub(x.graph.scalar(1), x);
const total = (x: Tensor): Tensor => sum(x, [0, 1]);

/** The mean over pairs of a loss of one pair. */
const perPair = (loss: PairLoss): PairLoss => (terms, numbers) =>
  scale(total(loss(terms, numbers)), numbers.pairWeight);

const margin = ({ chosenScore, rejectedScore }: PairTerms, beta: number): Tensor =>
  scale(sub(chosenScore, rejectedScore), beta);

const meanMargin = ({ chosenScore, chosenLength, rejectedScore, rejectedLength }: PairTerms): Tensor =>
  sub(div(chosenScore, chosenLength), div(rejectedScore, rejectedLength));

const rewards = ({ chosenLogRatio, rejectedLogRatio }: PairTerms, beta: number): [Tensor, Tensor] => [
  scale(chosenLogRatio, beta),
  scale(rejectedLogRatio, beta),
];

/** -log s(x), with the pair the other way round in a share of `smoothing`. */
const smoothed = (x: Tensor, smoothing: number): Tensor =>
  neg(add(scale(logSigmoid(x), 1 - smoothing), scale(logSigmoid(neg(x)), smoothing)));

/** Each loss by its name in TRL. */
export const PAIR_LOSSES = {
  sigmoid: perPair((terms, { beta, labelSmoothing }) => smoothed(margin(terms, beta), labelSmoothing)),

  sigmoid_norm: perPair((terms, { beta }) => neg(logSigmoid(scale(meanMargin(terms), beta)))),

  hinge: perPair((terms, { beta }) => {
    const missing = oneMinus(margin(terms, beta));
    return max(missing.graph.scalar(0), missing);
  }),

  // Means over tokens, where the paper has sums: the square would grow with the length.
  ipo: perPair((terms, { beta }) => square(plus(meanMargin(terms), -1 / (2 * beta)))),

  robust: perPair((terms, { beta, labelSmoothing }) => {
    const delta = margin(terms, beta);
    const clean = scale(logSigmoid(delta), labelSmoothing - 1);
    const flipped = scale(logSigmoid(neg(delta)), labelSmoothing);
    return scale(add(clean, flipped), 1 / (1 - 2 * labelSmoothing));
  }),

  exo_pair: perPair((terms, { beta, labelSmoothing }) => {
    const delta = margin(terms, beta);
    const chosen = mul(sigmoid(delta), plus(logSigmoid(delta), -Math.log1p(-labelSmoothing)));
    const rejected = mul(sigmoid(neg(delta)), plus(logSigmoid(neg(delta)), -Math.log(labelSmoothing)));
    return add(chosen, rejected);
  }),

  nca_pair: perPair((terms, { beta }) => {
    const [chosen, rejected] = rewards(terms, beta);
    const both = add(logSigmoid(neg(chosen)), logSigmoid(neg(rejected)));
    return neg(add(logSigmoid(chosen), scale(both, 0.5)));
  }),

  bco_pair: perPair((terms, { beta }) => {
    const [chosen, rejected] = rewards(terms, beta);
    return neg(add(logSigmoid(chosen), logSigmoid(neg(rejected))));
  }),

  sppo_hard: perPair(({ chosenLogRatio, rejectedLogRatio }, { beta }) =>
    add(square(plus(chosenLogRatio, -0.5 / beta)), square(plus(rejectedLogRatio, 0.5 / beta)))
  ),

  apo_zero: perPair((terms, { beta }) => {
    const [chosen, rejected] = rewards(terms, beta);
    return add(oneMinus(sigmoid(chosen)), sigmoid(rejected));
  }),

  apo_down: perPair((terms, { beta }) => {
    const [chosen, rejected] = rewards(terms, beta);
    return add(sigmoid(chosen), oneMinus(sigmoid(sub(chosen, rejected))));
  }),

  discopop: perPair((terms, { beta, discopopTau }) => {
    const delta = margin(terms, beta);
    const modulation = sigmoid(scale(delta, 1 / discopopTau));
    return add(mul(neg(logSigmoid(delta)), oneMinus(modulation)), mul(exp(neg(delta)), modulation));
  }),

  /** The mean over the chosen completions' tokens, whatever pair they are of. */
  sft: ({ chosenLogProbs }, { tokenWeight }) => scale(total(chosenLogProbs), -tokenWeight),

  simpo: perPair(({ chosenMean, rejectedMean }, { beta, simpoGamma, labelSmoothing }) =>
    smoothed(plus(scale(sub(chosenMean, rejectedMean), beta), -simpoGamma), labelSmoothing)
  ),

  /** The odds' part, and the mean over the tokens of the chosen completions and their prompts. */
  orpo: (terms, { beta, pairWeight, rowTokenWeight }) => {
    const odds = scale(total(logSigmoid(logOddsRatio(terms))), -beta * pairWeight);
    return add(odds, scale(add(total(terms.chosenLogProbs), total(terms.promptLogProbs)), -rowTokenWeight));
  },
} satisfies Record<string, PairLoss>;

/** The names of the losses. */
export type DpoLossType = keyof typeof PAIR_LOSSES;

/** All of them. */
export const DPO_LOSS_TYPES = Object.keys(PAIR_LOSSES) as [DpoLossType, ...DpoLossType[]];

/** Losses that know no reference. */
export const REFERENCE_FREE: readonly DpoLossType[] = ["simpo", "orpo"];

/** Losses that can take a share of the pairs for wrongly labelled. */
export const SMOOTHED: readonly DpoLossType[] = ["sigmoid", "robust", "exo_pair", "simpo"];

/** Losses that depend on differences of scores alone, which are those that an f-divergence may change. */
export const F_DIVERGENCE_LOSSES: readonly DpoLossType[] = [
  "sigmoid",
  "sigmoid_norm",
  "hinge",
  "ipo",
  "exo_pair",
  "robust",
  "discopop",
  "sft",
];

/**
 * ORPO's log of how much larger the chosen completion's odds are; a completion's log-probability is the mean of its
 * tokens'.
 */
function logOddsRatio({ chosenMean, rejectedMean }: PairTerms): Tensor {
  return sub(sub(chosenMean, rejectedMean), sub(logOneMinusExp(chosenMean), logOneMinusExp(rejectedMean)));
}

/** log(1 - e^x) for a negative x. A completion of probability 1 has odds without bound: it is held just below. */
function logOneMinusExp(x: Tensor): Tensor {
  return log(oneMinus(exp(min(x, x.graph.scalar(-1e-9)))));
}

/** How far policy and reference are apart: what takes the place of the log-ratio. */
export type FDivergenceType = "reverse_kl" | "forward_kl" | "js_divergence" | "alpha_divergence";

/** Beyond this e^x is no float32: TRL holds the exponent there. */
const LARGEST_EXPONENT = 80;

/** f'(t) for a log-ratio log t, by kind of divergence. */
export function divergenceScore(logRatio: Tensor, type: FDivergenceType, alpha: number): Tensor {
  const { graph } = logRatio;
  switch (type) {
    case "forward_kl":
      return oneMinus(exp(neg(logRatio)));
    case "js_divergence":
      return plus(logSigmoid(logRatio), Math.LN2);
    case "alpha_divergence": {
      if (Math.abs(alpha - 1) < 1e-6) return logRatio; // the limit
      const power = exp(min(scale(logRatio, alpha - 1), graph.scalar(LARGEST_EXPONENT)));
      return scale(plus(power, -1), 1 / (alpha - 1));
    }
    default:
      return logRatio;
  }
}
