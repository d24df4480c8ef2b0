/** Episodes of a single turn: a prompt of a data set, and a completion that reward functions judge. */
import { Random } from "../random/mod.ts";
import { chunk, epochOrder } from "./batch.ts";
import { stepRows } from "./data_order.ts";
import type { Episode } from "./ppo_episode.ts";
import type { EpisodeSource } from "./ppo_options.ts";
import { type PromptRow, type Rollout, type RolloutOptions, rolloutScorer, type Sampler } from "./rollout/mod.ts";
import { describeRewards } from "./rewards/mod.ts";
import { promptRows } from "./run_record.ts";
import { checkPositiveInteger } from "./step.ts";

/** An episode with its texts and each reward function's value. */
export interface CompletionEpisode extends Episode, Pick<Rollout, "prompt" | "completion" | "rewards"> {}

/** What to ask, and who judges the answers; the same as for `grpo`. */
export interface CompletionEpisodesOptions<Columns>
  extends Omit<RolloutOptions<Columns>, "numGenerations" | "scaleRewards"> {
  trainDataset: readonly PromptRow<Columns>[];
  /** Writes the completions: see `localSampler`. */
  sampler: Sampler;
  /** Prompts of a round. */
  promptsPerRound: number;
  /** Completions per prompt; default 1: the critic is the baseline, not the group. */
  numGenerations?: number;
  /** Of the order of the prompts; default 42. */
  seed?: number | string;
  /** Visit the prompts in random order, another one in each pass over them; default true. */
  shuffle?: boolean;
}

/**
 * Makes the `rollout` of `ppo` that has the policy complete prompts. An episode's score is the weighted sum of its rewards,
 * null where no function gave one; each reward is logged as `rewards/NAME/mean`, and the share of completions that were
 * cut off as `completions/clipped_ratio`.
 *
 * @throws {RangeError} when a round has no or more prompts than there are. What is made rejects as `grpo` does: when a row has
 *   no prompt, or a reward function fails.
 */
export function completionEpisodes<Columns>(
  options: CompletionEpisodesOptions<Columns>,
): EpisodeSource<CompletionEpisode> {
  const { trainDataset, sampler, promptsPerRound, numGenerations = 1, seed = 42, shuffle = true } = options;
  checkPositiveInteger({ promptsPerRound, numGenerations });
  const rounds = Math.floor(trainDataset.length / promptsPerRound);
  if (rounds === 0) {
    throw new RangeError(
      `promptsPerRound: expected at most ${trainDataset.length}, the rows of trainDataset, got ${promptsPerRound}`,
    );
  }
  const roll = rolloutScorer<Columns>({ ...options, numGenerations });
  const random = new Random(seed);
  const rowsOfRound = stepRows(
    rounds,
    (epoch) => chunk(epochOrder(trainDataset.length, random, epoch, shuffle), promptsPerRound),
  );
  const source: EpisodeSource<CompletionEpisode> = async (round, signal) => {
    const { rollouts } = await roll(rowsOfRound(round).map((row) => trainDataset[row]), sampler, round, signal);
    return rollouts.map(({ promptIds, completionIds, terminated, prompt, completion, rewards, reward }) => ({
      ids: [...promptIds, ...completionIds],
      lossMask: [...promptIds.map(() => false), ...completionIds.map(() => true)],
      score: reward,
      terminated,
      metrics: { ...givenRewards(rewards), "completions/clipped_ratio": terminated ? 0 : 1 },
      ...{ prompt, completion, rewards },
    }));
  };
  source.parts = {
    train: () => promptRows(options),
    more: {
      episodes: {
        kind: "completions",
        promptsPerRound,
        numGenerations,
        seed: String(seed),
        shuffle,
        prefill: options.prefill ?? "",
        sampler: sampler.fingerprint ?? {},
      },
      rewards: describeRewards(options.rewards, options.rewardWeights),
    },
  };
  return source;
}

function givenRewards(rewards: Rollout["rewards"]): Record<string, number> {
  const given = Object.entries(rewards).filter((entry): entry is [string, number] => entry[1] !== null);
  return Object.fromEntries(given.map(([name, value]) => [`rewards/${name}/mean`, value]));
}
