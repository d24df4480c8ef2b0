/** The options of the losses over pairs, with TRL's names and defaults, checked. */
import {
  type DpoLossType,
  F_DIVERGENCE_LOSSES,
  type FDivergenceType,
  PAIR_LOSSES,
  REFERENCE_FREE,
  SMOOTHED,
} from "./dpo_losses.ts";

/** What the loss over pairs is. */
export interface DpoLossOptions {
  /** One loss, or several whose weighted sum is meant (MPO). Default `"sigmoid"`. */
  lossType?: DpoLossType | readonly DpoLossType[];
  /** A weight for each of several losses; default 1 each. */
  lossWeights?: readonly number[];
  /**
   * How strongly the policy is held to the reference (and the temperature of SimPO, the weight of ORPO); default 0.1.
   */
  beta?: number;
  /**
   * The share of pairs that may be labelled the wrong way round: for sigmoid, robust, exo_pair and simpo. Default 0.
   */
  labelSmoothing?: number;
  /**
   * Adds the mean negative log-probability of the chosen completions' tokens, times this (RPO, arXiv:2404.19733).
   * Default 0. The same as a further loss `"sft"` of this weight.
   */
  rpoAlpha?: number;
  /** The margin that SimPO asks for; default 0.5. */
  simpoGamma?: number;
  /** DiscoPOP's temperature; default 0.05. */
  discopopTau?: number;
  /** Default `"reverse_kl"`, which is DPO's. */
  fDivergenceType?: FDivergenceType;
  /** For `"alpha_divergence"`; default 0.5. */
  fAlphaDivergenceCoef?: number;
}

/** The options with all their defaults. */
export interface ResolvedLossOptions extends Required<Omit<DpoLossOptions, "lossType" | "lossWeights" | "rpoAlpha">> {
  losses: readonly { type: DpoLossType; weight: number }[];
  /** Whether log-probabilities by a reference are needed. */
  needsReference: boolean;
}

const DIVERGENCES: readonly string[] = ["reverse_kl", "forward_kl", "js_divergence", "alpha_divergence"];

/**
 * Fills in the defaults and checks everything.
 *
 * @throws {RangeError} naming the option that is unknown, out of range, or does not go with another
 */
export function dpoLossOptions(options: DpoLossOptions = {}): ResolvedLossOptions {
  const { lossType = "sigmoid", lossWeights, rpoAlpha = 0 } = options;
  const { beta = 0.1, labelSmoothing = 0, simpoGamma = 0.5, discopopTau = 0.05 } = options;
  const { fDivergenceType = "reverse_kl", fAlphaDivergenceCoef = 0.5 } = options;
  const types = typeof lossType === "string" ? [lossType] : [...lossType];
  const weights = lossWeights ?? types.map(() => 1);
  checkTypes(types, fDivergenceType);
  if (weights.length !== types.length) {
    throw new RangeError(`lossWeights: expected ${types.length}, one for each lossType, got ${weights.length}`);
  }
  checkAtLeastZero({ rpoAlpha, simpoGamma, ...Object.fromEntries(weights.map((w, i) => [`lossWeights[${i}]`, w])) });
  for (const [name, value] of Object.entries({ beta, discopopTau })) {
    if (!(value > 0 && Number.isFinite(value))) {
      throw new RangeError(`${name}: expected a number above 0, got ${value}`);
    }
  }
  if (!Number.isFinite(fAlphaDivergenceCoef)) {
    throw new RangeError(`fAlphaDivergenceCoef: expected a number, got ${fAlphaDivergenceCoef}`);
  }
  checkSmoothing(types, labelSmoothing);
  const losses = types.map((type, i) => ({ type, weight: weights[i] }));
  if (rpoAlpha !== 0) losses.push({ type: "sft", weight: rpoAlpha });
  return {
    losses,
    beta,
    labelSmoothing,
    simpoGamma,
    discopopTau,
    fDivergenceType,
    fAlphaDivergenceCoef,
    needsReference: !types.some((type) => REFERENCE_FREE.includes(type)),
  };
}

function checkTypes(types: readonly DpoLossType[], fDivergenceType: FDivergenceType): void {
  const known = Object.keys(PAIR_LOSSES);
  const unknown = types.find((type) => !known.includes(type));
  if (types.length === 0 || unknown !== undefined) {
    throw new RangeError(`lossType "${unknown ?? "[]"}": expected one or several of ${known.join(", ")}`);
  }
  if (new Set(types).size < types.length) {
    throw new RangeError(`lossType: each may be there once, got ${types.join(", ")}`);
  }
  const free = types.filter((type) => REFERENCE_FREE.includes(type));
  const others = types.filter((type) => !REFERENCE_FREE.includes(type) && type !== "sft");
  if (free.length > 0 && others.length > 0) {
    throw new RangeError(
      `lossType: ${free[0]} has no reference and cannot be combined with ${others[0]}, which has one`,
    );
  }
  if (!DIVERGENCES.includes(fDivergenceType)) {
    throw new RangeError(`fDivergenceType "${fDivergenceType}": expected one of ${DIVERGENCES.join(", ")}`);
  }
  const unfit = types.find((type) => !F_DIVERGENCE_LOSSES.includes(type));
  if (fDivergenceType !== "reverse_kl" && unfit !== undefined) {
    throw new RangeError(
      `fDivergenceType "${fDivergenceType}" goes with ${F_DIVERGENCE_LOSSES.join(", ")}; ${unfit} does not depend on ` +
        "differences of scores alone",
    );
  }
}

function checkSmoothing(types: readonly DpoLossType[], labelSmoothing: number): void {
  if (!(labelSmoothing >= 0 && labelSmoothing < 0.5)) {
    throw new RangeError(`labelSmoothing: expected a number from 0 to below 0.5, got ${labelSmoothing}`);
  }
  if (labelSmoothing > 0 && !types.some((type) => SMOOTHED.includes(type))) {
    throw new RangeError(`labelSmoothing goes with ${SMOOTHED.join(", ")}; ${types.join(", ")} would leave it unused`);
  }
  if (labelSmoothing === 0 && types.includes("exo_pair")) {
    throw new RangeError("labelSmoothing: exo_pair needs one above 0; its paper recommends 1e-3");
  }
}

function checkAtLeastZero(options: Record<string, number>): void {
  for (const [name, value] of Object.entries(options)) {
    if (!(value >= 0 && Number.isFinite(value))) {
      throw new RangeError(`${name}: expected a number from 0, got ${value}`);
    }
  }
}
