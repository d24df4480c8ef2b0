/** GRPO, PPO and SFT in verl's words: dotted paths of its configuration. */
import type { GrpoOptions, PpoOptions, SftOptions } from "../../train/mod.ts";
import type { Facts } from "../facts.ts";
import { type AddedField, as, type Fields, implied, type Json, type Outcome, type Rule } from "../mapping.ts";
import type { RulesFor } from "../trl/rules.ts";
import { adapterRule, commonRules, modelRule } from "./common_rules.ts";
import { roundsOf } from "./rounds.ts";

const ACTOR = "actor_rollout_ref.actor";
const ROLLOUT = "actor_rollout_ref.rollout";
const MODEL = "actor_rollout_ref.model";

const padTokenId = implied<Facts>("the tokenizer's; never attended to nor trained on");
const tokenizer = implied<Facts>("the model's; prompts are in the data as the run rendered them");

const prompts: Rule<Facts> = (_, { promptTokens }) => ({
  to: {
    "data.train_files": "data/train.parquet",
    "data.val_files": "data/train.parquet",
    "data.max_prompt_length": promptTokens,
    "data.filter_overlong_prompts": false,
    "data.truncation": "error",
  },
  note: "no prompt is longer; verl wants a file to evaluate on, which test_freq -1 leaves unread",
});

const rewards: Rule<Facts> = (value, { record }): Outcome => {
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

function samplerFields(sampler: Record<string, Json>): Outcome {
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

/** SFT. */
export const sftRules: RulesFor<SftOptions> = {
  ...commonRules({ optims: ["optim"], model: "model", updates: () => 1, gradClips: [] }),
  learningRate: as("optim.lr"),
  perDeviceTrainBatchSize: (value, { batch }) => ({
    to: { "data.micro_batch_size_per_gpu": batch.perDevice, "data.use_dynamic_bsz": false },
    note: `${value} in the run`,
  }),
  gradientAccumulationSteps: (_, { batch, values }): Outcome =>
    values.packing === true
      ? { implied: "data.train_batch_size has the batch" }
      : { to: { "data.train_batch_size": batch.global }, note: "rows of a step on all cards" },
  perDeviceEvalBatchSize: implied("the micro-batches of evaluations are those of training there"),
  model: modelRule(["model"]),
  adapter: adapterRule("model"),
  trainDataset: () => ({ to: { "data.train_files": "data/train.parquet" } }),
  evalDataset: (_, { hasEvalData }) =>
    hasEvalData ? { to: { "data.val_files": "data/eval.parquet" } } : { implied: "nothing was held out" },
  padTokenId,
  maxLength: (value, { record }) => ({
    to: { "data.max_length": value ?? record.model.shape.maxPositions, "data.truncation": "right" },
    note: "what is longer loses its end",
  }),
  packing: (value, { batch, record }): Outcome => {
    if (value !== true) return { implied: "rows are not packed" };
    const rows = record.stepsPerEpoch === null
      ? batch.global
      : Math.max(1, Math.round((record.data.train?.rows ?? 0) / record.stepsPerEpoch));
    const whole = Math.max(batch.gpus, Math.round(rows / batch.gpus) * batch.gpus);
    return {
      unmapped:
        `verl packs micro-batches by itself and counts rows of the data: a step of ${batch.global} packed rows had ` +
        `about ${rows} of them`,
      fields: { "data.train_batch_size": whole },
      matters: true,
    };
  },
  packingStrategy: implied("verl packs by itself"),
  groupByLength: (value) =>
    value === true ? { unmapped: "verl divides rows by length in a way of its own" } : { implied: "off" },
  lossType: (value) =>
    value === "nll" ? { implied: "the only one there" } : { refused: `${value}; --to trl and llamafactory have it` },
  labelSmoothingFactor: (value) =>
    Number(value) > 0 ? { refused: `label smoothing ${value}; --to trl has it` } : { implied: "off" },
  neftuneNoiseAlpha: (value) =>
    Number(value) > 0 ? { refused: `noise on embeddings; --to trl and llamafactory have it` } : { implied: "off" },
};

/** The fields that no option asks for. */
export function addedFields({ method, dtype, batch }: Facts, name: string): AddedField[] {
  const precision = dtype === "bfloat16" ? "bfloat16" : "float32";
  const why = "Kiln computes in float32; --dtype float32 does so there";
  const fields: [string, Json, string][] = [
    ["trainer.n_gpus_per_node", batch.gpus, "--gpus"],
    ["trainer.nnodes", 1, "several machines: raise it, and n_gpus_per_node is that of each"],
    ["trainer.logger", ["console", "tensorboard"], "as Kiln's runs"],
    ["trainer.project_name", "kiln", "for the log"],
    ["trainer.experiment_name", name, "for the log"],
  ];
  if (method === "sft") {
    fields.push(["engine.dtype", precision, why], ["data.pad_mode", "no_padding", "no token is padding"]);
    return fields.map(([field, value, why]) => ({ field, value, why }));
  }
  fields.push(
    ["algorithm.adv_estimator", method === "grpo" ? "grpo" : "gae", "the method"],
    ["trainer.val_before_train", false, "there is nothing to evaluate on"],
    [`${ACTOR}.fsdp_config.dtype`, precision, why],
    [`${ACTOR}.use_dynamic_bsz`, false, "micro-batches are of rows, as here"],
    [`${ACTOR}.entropy_coeff`, 0, "Kiln's losses have no such term"],
    [`${ROLLOUT}.name`, "vllm", "rollouts by vLLM"],
    [`${ROLLOUT}.load_format`, "safetensors", "with an adapter vLLM needs the base's weights from the start"],
    [`${ROLLOUT}.tensor_model_parallel_size`, 1, "a copy of the model on each card; verl's default is 2"],
    [`${ROLLOUT}.gpu_memory_utilization`, 0.4, "the rest of a card is for training"],
  );
  if (method === "grpo") {
    fields.push(["algorithm.use_kl_in_reward", false, "GRPO's KL term is in the loss"]);
    return fields.map(([field, value, why]) => ({ field, value, why }));
  }
  fields.push(
    [`${ACTOR}.use_kl_loss`, false, "PPO's KL term is in the rewards"],
    [`${ACTOR}.clip_ratio_c`, 1e9, "Kiln's PPO has no second bound; verl's is 3 unless told otherwise"],
    ["critic.fsdp.dtype", precision, why],
  );
  return fields.map(([field, value, why]) => ({ field, value, why }));
}
