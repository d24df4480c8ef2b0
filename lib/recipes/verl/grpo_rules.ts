/** GRPO in verl's words: dotted paths of its configuration. */
import type { GrpoOptions } from "../../train/mod.ts";
import type { Facts } from "../facts.ts";
import { as, type Fields, implied, type Json, type Outcome } from "../mapping.ts";
import type { RulesFor } from "../trl/rules.ts";
import { adapterRule, commonRules, modelRule } from "./common_rules.ts";
import { roundsOf } from "./rounds.ts";
import { ACTOR, MODEL, padTokenId, prompts, rewards, ROLLOUT, samplerFields, tokenizer } from "./shared_rules.ts";

const common = commonRules({
  optims: [`${ACTOR}.optim`],
  model: MODEL,
  updates: (facts) => roundsOf(facts).updates,
  gradClips: [`${ACTOR}.grad_clip`],
});

/** GRPO's ways to make one number of the tokens' losses. */
function lossFields(facts: Facts): Outcome {
  const { values } = facts;
  const level = values.importanceSamplingLevel;
  const mode = `${ACTOR}.policy_loss.loss_mode`;
  const aggregate = `${ACTOR}.loss_agg_mode`;
  const perToken = { grpo: "seq-mean-token-mean", dr_grpo: "seq-mean-token-sum-norm" }[String(values.lossType)] ??
    "token-mean";
  const norm: Fields = values.lossType === "dr_grpo"
    ? { [`${ACTOR}.loss_scale_factor`]: values.maxCompletionLength }
    : {};
  if (level === "sequence") {
    return ["grpo", "dapo", "bnpo", "dr_grpo"].includes(String(values.lossType))
      ? { to: { [mode]: "gspo", [aggregate]: perToken, ...norm }, note: "one ratio for each sequence" }
      : { refused: `${values.lossType} with one ratio for each sequence; --to trl has it` };
  }
  const own: Fields = values.lossType === "sapo"
    ? { [`${ACTOR}.tau_pos`]: values.sapoTemperaturePos, [`${ACTOR}.tau_neg`]: values.sapoTemperatureNeg }
    : {};
  const isOwn = values.lossType === "cispo" || values.lossType === "sapo";
  // CISPO and SAPO divide by all tokens, here and there.
  return {
    to: { [mode]: isOwn ? values.lossType : "vanilla", [aggregate]: perToken, ...norm, ...own },
    note: values.lossType === "bnpo" ? "divided by the tokens of all cards, here by those of a micro-batch" : "",
  };
}

/** GRPO. */
export const grpoRules: RulesFor<GrpoOptions<unknown>> = {
  ...common,
  learningRate: as(`${ACTOR}.optim.lr`),
  perDeviceTrainBatchSize: (value, { batch }) => ({
    to: {
      [`${ACTOR}.ppo_micro_batch_size_per_gpu`]: batch.perDevice,
      [`${ROLLOUT}.log_prob_micro_batch_size_per_gpu`]: batch.perDevice,
      "actor_rollout_ref.ref.log_prob_micro_batch_size_per_gpu": batch.perDevice,
    },
    note: `${value} completions in the run`,
  }),
  gradientAccumulationSteps: (value, facts) => ({
    to: { [`${ACTOR}.ppo_mini_batch_size`]: roundsOf(facts).miniBatch },
    note: `${value} micro-batches: in prompts there`,
  }),
  model: modelRule([MODEL]),
  adapter: adapterRule(MODEL),
  trainDataset: prompts,
  tokenizer,
  padTokenId,
  sampler: (value): Outcome =>
    typeof value === "object" && value !== null && Object.keys(value).length > 0
      ? samplerFields(value as Record<string, Json>)
      : { unmapped: "a sampler of the program's own: vLLM draws by temperature alone", matters: true },
  rewards,
  rewardWeights: implied("rewards.py weighs them"),
  evaluate: (value) =>
    value === true ? { unmapped: "the function that evaluated is a program here" } : { implied: "none" },
  prefill: implied("is at the end of each prompt in the data"),
  numGenerations: as(`${ROLLOUT}.n`),
  temperature: as(`${ROLLOUT}.temperature`),
  maxCompletionLength: (value) => ({ to: { "data.max_response_length": value } }),
  stepsPerGeneration: (_, facts) => ({
    to: { "data.train_batch_size": roundsOf(facts).prompts },
    note: "prompts of a round",
  }),
  numIterations: as(`${ACTOR}.ppo_epochs`),
  maskTruncatedCompletions: (value) =>
    value === true
      ? { unmapped: "completions that were cut off are learned from there", matters: true }
      : { implied: "they are learned from, here and there" },
  lossType: (_, facts) => lossFields(facts),
  importanceSamplingLevel: implied("policy_loss.loss_mode says it"),
  epsilon: (value, { values }) => {
    // Kiln's CISPO bounds weights from above alone.
    const low = values.lossType === "cispo" ? 1 : value;
    return { to: { [`${ACTOR}.clip_ratio`]: value, [`${ACTOR}.clip_ratio_low`]: low } };
  },
  epsilonHigh: (value, { values }) => ({
    to: { [`${ACTOR}.clip_ratio_high`]: values.lossType === "cispo" ? Number(value) - 1 : value },
  }),
  delta: (value) => ({
    to: { [`${ACTOR}.clip_ratio_c`]: value ?? 1e9 },
    note: value === null ? "verl bounds it by 3 unless told otherwise: a number that no ratio reaches" : "dual clip",
  }),
  beta: (value, { startAdapter }): Outcome =>
    Number(value) > 0
      ? {
        to: {
          [`${ACTOR}.use_kl_loss`]: true,
          [`${ACTOR}.kl_loss_coef`]: value,
          [`${ACTOR}.kl_loss_type`]: "low_var_kl",
        },
        note: `the k3 estimator, within +-10${startAdapter === null ? "" : "; the reference is the base model"}`,
      }
      : { to: { [`${ACTOR}.use_kl_loss`]: false } },
  useBiasCorrectionKl: (value, { values }) =>
    value === true && Number(values.beta) > 0
      ? { unmapped: "the KL term is not weighed by the ratio there", matters: true }
      : { implied: "off, here and there" },
  sapoTemperaturePos: implied("tau_pos says it, for sapo"),
  sapoTemperatureNeg: implied("tau_neg says it, for sapo"),
  scaleRewards: (value): Outcome =>
    value === "batch"
      ? { refused: "rewards are divided by the spread of their group or not at all there; --to trl has batch" }
      : { to: { "algorithm.norm_adv_by_std_in_grpo": value === "group" } },
};
