/** From what a round's episodes were worth to what each of their tokens is to learn. */
import { type AdvantageEstimate, type GaeOptions, generalizedAdvantages } from "./gae.ts";
import { type Episode, isTerminated, policyTokens } from "./ppo_episode.ts";
import { klEstimate, type KlOptions } from "./ppo_kl.ts";
import { whitened } from "./ppo_whiten.ts";
import { mean, type Metrics } from "./step.ts";

/** How rewards become advantages; names and defaults are TRL's. */
export interface AdvantageOptions extends GaeOptions, KlOptions {
  /** Divide the rewards, with the KL penalty in them, by their standard deviation over the round. Default false. */
  whitenRewards?: boolean;
  /** Taken from the score of an episode that did not end by itself; default 0. */
  missingEosPenalty?: number;
  /**
   * Lowest and highest number that an episode may be given at once, with 0 between them: its score and each of its token
   * rewards are moved into it, before the penalty for a missing end and the KL penalty are taken off. OpenRLHF's
   * `reward_clip_range`, [-10, 10] there and in R3-RAG. Default: nothing is clipped, as in TRL.
   */
  rewardClipRange?: readonly [lowest: number, highest: number];
}

/** Numbers for each token that the policy wrote, in their order, as they were when the round began. */
export interface RoundScores {
  logProbs: readonly number[];
  referenceLogProbs: readonly number[];
  /** Of the state before the token. */
  values: readonly number[];
}

/** What the tokens of an episode that the policy wrote are to learn. */
export type TokenTargets = AdvantageEstimate;

/** The targets of a round's episodes, and what TRL logs of the round. */
export interface RoundTargets {
  targets: TokenTargets[];
  /**
   * Means over episodes: `objective/kl`, `objective/entropy` (the negative log-probability of what was written),
   * `objective/non_score_reward`, `objective/scores`, `objective/rlhf_reward` (the last two together), each summed over
   * tokens, scores as they are after clipping and penalty; `val/num_eos_tokens`, `objective/kl_coef`.
   */
  metrics: Metrics;
}

/**
 * Each token's reward is minus `klCoef` times its divergence, and what the episode was given at it; the score comes at
 * the last token that the policy wrote, as in TRL's PPOTrainer. (PPOv2Trainer gives the score of a response that is
 * shorter than others of its batch to the padding after it.) Advantages are whitened over all tokens of the round.
 *
 * @param scores One for each episode.
 * @param klCoef The coefficient of this round.
 * @param eosTokenIds Tokens that end a text.
 */
export function roundTargets(
  episodes: readonly Episode[],
  scores: readonly RoundScores[],
  klCoef: number,
  eosTokenIds: readonly number[],
  options: AdvantageOptions = {},
): RoundTargets {
  const { klEstimator = "k1", whitenRewards = false } = options;
  const divergences = scores.map(({ logProbs, referenceLogProbs }) =>
    logProbs.map((logProb, t) => klEstimate(logProb, referenceLogProbs[t], klEstimator))
  );
  const given = episodes.map((episode) => givenRewards(episode, eosTokenIds, options));
  const rewards = given.map((row, i) => row.map((reward, t) => -klCoef * divergences[i][t] + reward));
  const scaled = whitenRewards ? whitened(rewards, { shiftMean: false }) : rewards;
  const estimates = scaled.map((row, i) => generalizedAdvantages(row, scores[i].values, options));
  const advantages = whitened(estimates.map((estimate) => estimate.advantages));
  const kl = meanTotal(divergences);
  const received = meanTotal(given);
  return {
    targets: estimates.map(({ returns }, i) => ({ advantages: advantages[i], returns })),
    metrics: {
      "objective/kl": kl,
      "objective/kl_coef": klCoef,
      "objective/entropy": -meanTotal(scores.map(({ logProbs }) => logProbs)),
      "objective/non_score_reward": -klCoef * kl,
      "objective/rlhf_reward": received - klCoef * kl,
      "objective/scores": received,
      "val/num_eos_tokens": episodes.reduce((sum, episode) => sum + endTokens(episode, eosTokenIds), 0),
    },
  };
}

/** What an episode was given at each token that the policy wrote. */
function givenRewards(
  episode: Episode,
  eosTokenIds: readonly number[],
  { missingEosPenalty = 0, rewardClipRange: [lowest, highest] = [-Infinity, Infinity] }: AdvantageOptions,
): number[] {
  const { score, tokenRewards } = episode;
  const clipped = (reward: number) => Math.min(highest, Math.max(lowest, reward));
  const given = policyTokens(episode).map((token) => clipped(tokenRewards?.[token] ?? 0));
  given[given.length - 1] += clipped(score ?? 0) - (isTerminated(episode, eosTokenIds) ? 0 : missingEosPenalty);
  return given;
}

function endTokens(episode: Episode, eosTokenIds: readonly number[]): number {
  return policyTokens(episode).filter((token) => eosTokenIds.includes(episode.ids[token])).length;
}

/** The mean over rows of their sums. */
function meanTotal(rows: readonly (readonly number[])[]): number {
  return mean(rows.map((row) => row.reduce((sum, value) => sum + value, 0)));
}
