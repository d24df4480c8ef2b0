/** From rewards to group-relative advantages. */
import { mean, standardDeviation } from "./step.ts";

/** What a group's rewards are divided by: its own standard deviation, the batch's, or nothing (Dr. GRPO). */
export type ScaleRewards = "group" | "batch" | "none";

/** Advantages and what TRL logs about the rewards. */
export interface GroupAdvantages {
  /** One per completion; 0 where there was no reward. */
  advantages: number[];
  /** `reward`, `reward_std`, `frac_reward_zero_std`. */
  metrics: { reward: number; reward_std: number; frac_reward_zero_std: number };
}

/** Added to a standard deviation before dividing by it. */
const EPSILON = 1e-4;

/** Rewards closer together than this count as equal. */
const EQUAL = 1e-8;

/**
 * (reward - mean of its group) / (standard deviation + 1e-4), with the unbiased standard deviation.
 *
 * @param rewards One per completion, the completions of a prompt next to each other; null where no reward function gave
 *   one: such a completion is left out of its group's mean and has advantage 0.
 * @param groupSize Completions per prompt.
 */
export function groupAdvantages(
  rewards: readonly (number | null)[],
  groupSize: number,
  scaleRewards: ScaleRewards = "group",
): GroupAdvantages {
  if (rewards.length % groupSize !== 0) {
    throw new RangeError(`${rewards.length} rewards do not make groups of ${groupSize}`);
  }
  if (!["group", "batch", "none"].includes(scaleRewards)) {
    throw new RangeError(`scaleRewards "${scaleRewards}": expected group, batch or none`);
  }
  const known = rewards.filter((reward) => reward !== null);
  const batchDeviation = standardDeviation(known);
  const groups = Array.from(
    { length: rewards.length / groupSize },
    (_, group) => rewards.slice(group * groupSize, (group + 1) * groupSize),
  );
  const advantages: number[] = [];
  let flatGroups = 0;
  for (const group of groups) {
    const given = group.filter((reward) => reward !== null);
    const center = mean(given);
    const deviation = scaleRewards === "batch" ? batchDeviation : standardDeviation(given);
    if (deviation < EQUAL) flatGroups++;
    const divisor = scaleRewards === "none" ? 1 : deviation + EPSILON;
    for (const reward of group) advantages.push(reward === null ? 0 : (reward - center) / divisor);
  }
  return {
    advantages,
    metrics: {
      reward: mean(known),
      reward_std: batchDeviation,
      frac_reward_zero_std: groups.length === 0 ? 0 : flatGroups / groups.length,
    },
  };
}
