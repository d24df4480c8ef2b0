/** PPO in verl's words: dotted paths of its configuration. */
import type { PpoOptions } from "../../train/mod.ts";
import { as, type Fields, implied, type Json, type Outcome } from "../mapping.ts";
import type { RulesFor } from "../trl/rules.ts";
import { adapterRule, commonRules, modelRule } from "./common_rules.ts";
import { roundsOf } from "./rounds.ts";
import { ACTOR, MODEL, padTokenId, prompts, rewards, ROLLOUT, samplerFields } from "./shared_rules.ts";

// PPO's rounds have no epochs of a data set.
const { numTrainEpochs: _, ...ppoCommon } = commonRules({
  optims: [`${ACTOR}.optim`, "critic.optim"],
  model: MODEL,
  updates: (facts) => roundsOf(facts).updates,
  gradClips: [`${ACTOR}.grad_clip`, "critic.grad_clip"],
});

const klKind = (value: Json) => value === "k3" ? "low_var_kl" : "kl";

/** PPO. */
export const ppoRules: RulesFor<PpoOptions> = {
  ...ppoCommon,
  learningRate: as(`${ACTOR}.optim.lr`),
  criticLearningRate: as("critic.optim.lr"),
  perDeviceTrainBatchSize: (value, { batch }) => ({
    to: {
      [`${ACTOR}.ppo_micro_batch_size_per_gpu`]: batch.perDevice,
      "critic.ppo_micro_batch_size_per_gpu": batch.perDevice,
      [`${ROLLOUT}.log_prob_micro_batch_size_per_gpu`]: batch.perDevice,
      "actor_rollout_ref.ref.log_prob_micro_batch_size_per_gpu": batch.perDevice,
    },
    note: `${value} episodes in the run`,
  }),
  model: modelRule([MODEL, "critic.model"]),
  adapter: adapterRule(MODEL),
  critic: (_, { values, model }): Outcome => {
    const critic = (values.critic ?? {}) as Record<string, Json>;
    return typeof critic.r !== "number"
      ? { to: { "critic.model.path": model }, note: "a value head on the same base" }
      : {
        to: {
          "critic.model.path": model,
          "critic.model.lora_rank": critic.r,
          "critic.model.lora_alpha": Math.round(Number(critic.scaling) * critic.r),
          "critic.model.target_modules": critic.modules as Json[],
        },
        note: "a value head and an adapter of its own on the same base",
      };
  },
  rollout: (_, facts): Outcome => {
    const { record, promptTokens } = facts;
    const { samples, prompts: inRound } = roundsOf(facts);
    const episodes = record.episodes as Record<string, Json>;
    const sampler = (episodes.sampler ?? {}) as Record<string, Json>;
    const length = Number(sampler.maxCompletionLength ?? episodes.maxTurnTokens ?? 512);
    const fields: Fields = {
      ...(prompts(null, facts) as { to: Fields }).to,
      "data.train_batch_size": inRound,
      "data.max_response_length": length,
      "data.max_prompt_length": promptTokens,
      [`${ROLLOUT}.n`]: samples,
    };
    if (episodes.kind !== "completions") {
      return {
        unmapped:
          `${episodes.kind}: episodes of several turns, played by a program here (searches, judges, a reward for each ` +
          "step). The data hold the first prompt of each; a multi-turn agent loop has to be written there, and rewards.py " +
          "fails until its rewards are",
        fields: {
          ...fields,
          "reward.custom_reward_function.path": "rewards.py",
          "reward.custom_reward_function.name": "compute_score",
        },
        matters: true,
      };
    }
    const drawn = samplerFields(sampler);
    const judged = rewards(Object.keys(record.rewards ?? {}), facts);
    const lost = [drawn, judged].flatMap((outcome) => "unmapped" in outcome ? [outcome.unmapped] : []);
    const all = [drawn, judged].reduce<Fields>(
      (sum, outcome) => ({ ...sum, ...("to" in outcome ? outcome.to : "fields" in outcome ? outcome.fields : {}) }),
      fields,
    );
    return lost.length === 0
      ? { to: all, note: "completions of prompts, judged by rewards.py" }
      : { unmapped: lost.join("; "), fields: all, matters: true };
  },
  rolloutFingerprint: implied("rollout says what is played"),
  numTotalBatches: implied("trainer.total_training_steps has the rounds"),
  numPpoEpochs: as(`${ACTOR}.ppo_epochs`, "the critic's is the same"),
  numMiniBatches: (value, facts) => ({
    to: { [`${ACTOR}.ppo_mini_batch_size`]: roundsOf(facts).miniBatch },
    note: `${value} updates of an epoch: in prompts there`,
  }),
  vfCoef: implied(
    "the critic has an optimizer of its own there: AdamW is the same for any factor but for the clipping",
  ),
  temperature: as(`${ROLLOUT}.temperature`),
  evaluate: (value) =>
    value === true ? { unmapped: "the function that evaluated is a program here" } : { implied: "none" },
  padTokenId,
  gamma: as("algorithm.gamma"),
  lam: as("algorithm.lam"),
  klCoef: (value, { values, startAdapter }): Outcome => {
    const to: Fields = {
      "algorithm.use_kl_in_reward": Number(value) > 0 || values.adapKlCtrl === true,
      "algorithm.kl_ctrl.kl_coef": value,
    };
    return startAdapter !== null && Number(value) > 0
      ? {
        unmapped: "the reference is the adapter as training begins here, and the base model there",
        fields: to,
        matters: true,
      }
      : { to };
  },
  klEstimator: (value) => ({ to: { "algorithm.kl_penalty": klKind(value) } }),
  adapKlCtrl: (value) => ({ to: { "algorithm.kl_ctrl.type": value === true ? "adaptive" : "fixed" } }),
  target: as("algorithm.kl_ctrl.target_kl"),
  horizon: as("algorithm.kl_ctrl.horizon"),
  whitenRewards: (value) =>
    value === true
      ? { unmapped: "rewards are not divided by their spread there", matters: true }
      : { implied: "off, here and there; advantages are whitened in both" },
  missingEosPenalty: (value) =>
    Number(value) > 0
      ? { unmapped: "a reward function there does not know how a completion ended", matters: true }
      : { implied: "off" },
  rewardClipRange: (value) => value === null ? { implied: "off" } : { implied: "rewards.py moves scores into it" },
  cliprange: (value) => ({
    to: { [`${ACTOR}.clip_ratio`]: value, [`${ACTOR}.clip_ratio_low`]: value, [`${ACTOR}.clip_ratio_high`]: value },
  }),
  cliprangeValue: as("critic.cliprange_value"),
};
