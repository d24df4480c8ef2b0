/** Reward functions for GRPO and PPO, and how several make one reward. */
export type { RewardBatch, RewardFunction } from "./reward.ts";
export type { TaggedReplyOptions } from "./reply.ts";
export { describeRewards, type KnownReward, knownReward } from "./known_rewards.ts";
export { gsm8kTagRewards } from "./gsm8k_tags.ts";
export { gsm8kFiveRewards } from "./gsm8k_five.ts";
export { type CombinedRewards, combineRewards, RewardError } from "./combine.ts";
