/** What GRPO and PPO have in common in verl's words. */
import type { Facts } from "../facts.ts";
import { type Fields, implied, type Json, type Outcome, type Rule } from "../mapping.ts";

/** Where verl has the policy, its rollouts and its model. */
export const ACTOR = "actor_rollout_ref.actor";
export const ROLLOUT = "actor_rollout_ref.rollout";
export const MODEL = "actor_rollout_ref.model";

// Rules of options that both have, under the options' names.
export const padTokenId = implied<Facts>("the tokenizer's; never attended to nor trained on");
export const tokenizer = implied<Facts>("the model's; prompts are in the data as the run rendered them");

export const prompts: Rule<Facts> = (_, { promptTokens }) => ({
  to: {
    "data.train_files": "data/train.parquet",
    "data.val_files": "data/train.parquet",
    "data.max_prompt_length": promptTokens,
    "data.filter_overlong_prompts": false,
    "data.truncation": "error",
  },
  note: "no prompt is longer; verl wants a file to evaluate on, which test_freq -1 leaves unread",
});

export const rewards: Rule<Facts> = (value, { record }): Outcome => {
  const fields = {
    "reward.custom_reward_function.path": "rewards.py",
    "reward.custom_reward_function.name": "compute_score",
  };
  const own = Object.entries(record.rewards ?? {}).filter(([, { known }]) => known === null).map(([name]) => name);
  return own.length === 0
    ? { to: fields, note: `${(value as string[]).join(", ")}: checked against Kiln's on the same replies` }
    : {
      unmapped:
        `${own.join(", ")}: written in the program here; rewards.py has a place for each, which fails until it is ` +
        "written",
      fields,
      matters: true,
    };
};

export function samplerFields(sampler: Record<string, Json>): Outcome {
  const { topK = 0, topP = 1, minP = 0, repetitionPenalty = 1 } = sampler;
  const fields: Fields = { [`${ROLLOUT}.top_k`]: topK === 0 ? -1 : topK, [`${ROLLOUT}.top_p`]: topP };
  const lost = Object.entries({ minP, repetitionPenalty }).filter(([name, value]) =>
    value !== (name === "minP" ? 0 : 1)
  );
  return lost.length === 0 ? { to: fields, note: "vLLM draws, with another random generator" } : {
    unmapped: `${lost.map(([name, value]) => `${name} ${value}`).join(", ")}: verl's rollouts have no such field`,
    fields,
    matters: true,
  };
}
