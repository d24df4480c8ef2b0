/** How far a policy has gone from its reference, and how strongly it is held back. */

/**
 * Estimators of the KL divergence of a token from one sample of it (http://joschu.net/blog/kl-approx.html): k1 is the
 * log-ratio, unbiased; k3 is never negative and varies less.
 */
export type KlEstimator = "k1" | "k3";

/** How the divergence is charged; names and defaults are TRL's. */
export interface KlOptions {
  /** What a unit of divergence costs, at the first round where it adapts; default 0.05. */
  klCoef?: number;
  /** Default `"k1"`. */
  klEstimator?: KlEstimator;
  /** Change the coefficient from round to round, so that the divergence of an episode stays near `target`. Default false. */
  adapKlCtrl?: boolean;
  /** Divergence of an episode, summed over its tokens, in nats; default 6. */
  target?: number;
  /** In how many episodes the coefficient changes by as much as it is wrong, at most by a fifth; default 10000. */
  horizon?: number;
}

/** The estimate for one token, in nats. */
export function klEstimate(logProb: number, referenceLogProb: number, estimator: KlEstimator = "k1"): number {
  const logRatio = logProb - referenceLogProb;
  return estimator === "k1" ? logRatio : Math.expm1(-logRatio) + logRatio;
}

/** A round's divergence is never taken for more than this share above or below the target. */
const LARGEST_ERROR = 0.2;

/**
 * The coefficient for the next round (Ziegler et al. 2019, arXiv:1909.08593): larger where the policy went further than
 * `target`, smaller where it did not go as far; unchanged without `adapKlCtrl`.
 *
 * @param kl A round's mean divergence of an episode, summed over its tokens.
 * @param episodes How many the round had.
 */
export function nextKlCoef(klCoef: number, kl: number, episodes: number, options: KlOptions = {}): number {
  const { adapKlCtrl = false, target = 6, horizon = 10_000 } = options;
  if (!adapKlCtrl) return klCoef;
  const error = Math.min(LARGEST_ERROR, Math.max(-LARGEST_ERROR, kl / target - 1));
  return klCoef * (1 + error * episodes / horizon);
}
