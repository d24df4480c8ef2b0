/** The options of Kiln's trainers in TRL's words. Names and defaults are mostly the same; where not, the field is set. */
import type { DpoOptions, GrpoOptions, SftOptions } from "../../train/mod.ts";
import type { Facts } from "../facts.ts";
import { as, ifGiven, implied, type Json, type Outcome, type Rule } from "../mapping.ts";
import { transformersRules } from "../transformers_rules.ts";

/** A rule for each option; that none is forgotten is checked with the types. */
export type RulesFor<Options> = { readonly [Name in keyof Required<Options>]: Rule<Facts> };

/** How frozen weights are held, or all of them. */
export const model: Rule<Facts> = (_, { model, record, dtype }) => {
  const weights = record.model.precision?.weights ?? "float32";
  const base = { model_name_or_path: model };
  if (weights === "4bit") {
    return {
      to: { ...base, dtype, load_in_4bit: true, bnb_4bit_quant_type: "nf4", use_bnb_nested_quant: false },
      note: "4 bits in bitsandbytes' form: NF4 in blocks of 64, where Kiln has evenly spaced levels in blocks of 32",
      matters: true,
    };
  }
  if (weights === "8bit") {
    return { to: { ...base, dtype, load_in_8bit: true }, note: "8 bits in bitsandbytes' form", matters: true };
  }
  // Weights that are trained stay float32 and are cast for each product, as PEFT keeps its factors.
  const held = record.adapter === null ? "float32" : dtype;
  return { to: { ...base, dtype: held }, note: `held in ${weights} here` };
};

/** The adapter, as PEFT's LoraConfig. */
export const adapter: Rule<Facts> = (_, { record, startAdapter }) => {
  if (record.adapter === null) return { to: { use_peft: false }, note: "all weights are trained" };
  const { r, loraAlpha, useRslora, targetModules, tables, trainableTokenIndices } = record.adapter;
  const rows: Record<string, Json> = trainableTokenIndices.length > 0
    ? { trainable_token_indices: trainableTokenIndices }
    : {};
  const modules = tables.map((name) => name.replace(/^model\./, "").replace(/\.weight$/, ""));
  return {
    to: {
      use_peft: true,
      lora_r: r,
      lora_alpha: loraAlpha,
      lora_dropout: 0,
      lora_target_modules: targetModules,
      use_rslora: useRslora,
      ...(modules.length > 0 ? { lora_modules_to_save: modules } : {}),
      ...rows,
      ...(startAdapter === null ? {} : { start_adapter: startAdapter }),
    },
    note: startAdapter === null
      ? "a new one; Kiln has no dropout"
      : "training goes on from the one that the run began with",
  };
};

const common = transformersRules({
  shuffle: (value) =>
    value === false
      ? { to: { train_sampling_strategy: "sequential" } }
      : { to: { train_sampling_strategy: "random" }, note: "another order: the random generators are not the same" },
  optimMuon: () => ({
    unmapped: "transformers has no Muon among its optimizers: AdamW is set",
    fields: { optim: "adamw_torch" },
    matters: true,
  }),
  earlyStoppingPatience: ifGiven("early_stopping_patience", "never stops early, here and there"),
  earlyStoppingThreshold: (value, { values }) =>
    values.earlyStoppingPatience == null
      ? { implied: "never stops early, here and there" }
      : { to: { early_stopping_threshold: value } },
  gradientCheckpointing: (value) => ({
    to: { gradient_checkpointing: value !== false },
    note: value === "auto" ? "by memory here; on is the safe side" : "changes time and memory, not the curve",
  }),
});

const padTokenId = implied<Facts>("the tokenizer's; never attended to nor trained on");
const tokenizer = implied<Facts>("that of model_name_or_path; prompts are in the data as it rendered them");
const perDeviceEvalBatchSize = as<Facts>("per_device_eval_batch_size");
const evalFile: Rule<Facts> = (_, { hasEvalData }) =>
  hasEvalData ? { to: { eval_file: "data/eval.jsonl" } } : { implied: "nothing was held out" };
const trainDataset: Rule<Facts> = () => ({ to: { train_file: "data/train.jsonl" } });

/** SFT, for SFTConfig. */
export const sftRules: RulesFor<SftOptions> = {
  ...common,
  model,
  adapter,
  trainDataset,
  evalDataset: evalFile,
  perDeviceEvalBatchSize,
  padTokenId,
  maxLength: as("max_length", "what is longer loses its end"),
  packing: (value): Outcome =>
    value === true
      ? {
        to: { packing: true, eval_packing: false, attn_implementation: "flash_attention_2" },
        note: "documents are isolated from each other, for which TRL needs flash attention",
      }
      : { to: { packing: false } },
  packingStrategy: (value, { values }) =>
    values.packing === true ? { to: { packing_strategy: value } } : { implied: "nothing is packed" },
  groupByLength: (value) =>
    value === true
      ? { to: { train_sampling_strategy: "group_by_length" } }
      : { implied: "rows come in the order that shuffle says" },
  shuffle: (value, facts) =>
    facts.values.groupByLength === true ? { implied: "group_by_length draws the order" } : common.shuffle(value, facts),
  lossType: as("loss_type"),
  labelSmoothingFactor: as("label_smoothing_factor"),
  neftuneNoiseAlpha: (value) =>
    Number(value) > 0 ? { to: { neftune_noise_alpha: value } } : { implied: "no noise, here and there" },
};

const sampler: Rule<Facts> = (value, { values }) => {
  if (value === null || value === true || typeof value !== "object" || Object.keys(value).length === 0) {
    return { unmapped: "a sampler of the program's own: vLLM draws by temperature alone", matters: true };
  }
  const { topK = 0, topP = 1, minP = 0, repetitionPenalty = 1, temperature } = value as Record<string, Json>;
  const differs = temperature !== undefined && temperature !== values.temperature;
  if (differs) {
    return {
      refused: `it draws at temperature ${temperature}, and log-probabilities are meant at ${values.temperature}`,
    };
  }
  return {
    to: { top_k: topK, top_p: topP, min_p: Number(minP) === 0 ? null : minP, repetition_penalty: repetitionPenalty },
    note: "vLLM draws, with another random generator",
  };
};

const rewards: Rule<Facts> = (value, { record }) => {
  const own = Object.entries(record.rewards ?? {}).filter(([, { known }]) => known === null).map(([name]) => name);
  return own.length === 0
    ? { to: { rewards: value }, note: "rewards.py has them; checked against Kiln's on the same replies" }
    : {
      unmapped:
        `${own.join(", ")}: written in the program here; rewards.py has a place for each, which fails until it is ` +
        "written",
      fields: { rewards: value },
      matters: true,
    };
};

/** GRPO, for GRPOConfig. */
export const grpoRules: RulesFor<GrpoOptions<unknown>> = {
  ...common,
  model,
  adapter,
  trainDataset,
  tokenizer,
  padTokenId,
  sampler,
  rewards,
  rewardWeights: as("reward_weights", "in the order of rewards"),
  evaluate: (value) =>
    value === true ? { unmapped: "the function that evaluated is a program here" } : { implied: "none" },
  prefill: implied("is at the end of each prompt in the data"),
  shuffle: (value) => ({ to: { shuffle_dataset: value !== false }, note: "the order of the prompts" }),
  numGenerations: as("num_generations"),
  temperature: as("temperature"),
  maxCompletionLength: as("max_completion_length"),
  stepsPerGeneration: (value, { values, batch }) => {
    const steps = batch.accumulation * Number(value) / Number(values.gradientAccumulationSteps);
    return { to: { steps_per_generation: steps }, note: `${value} in the run: as many prompts a round` };
  },
  numIterations: as("num_iterations"),
  maskTruncatedCompletions: as("mask_truncated_completions"),
  lossType: as("loss_type"),
  importanceSamplingLevel: as("importance_sampling_level"),
  epsilon: as("epsilon"),
  epsilonHigh: as("epsilon_high"),
  delta: as("delta"),
  beta: (value, { startAdapter }): Outcome =>
    Number(value) > 0 && startAdapter !== null
      ? {
        unmapped: "the reference is the base model in Kiln, and the adapter that training begins with in TRL",
        fields: { beta: value },
        matters: true,
      }
      : { to: { beta: value }, note: "the reference is the model with the adapter off" },
  useBiasCorrectionKl: as("use_bias_correction_kl", "set, since TRL's default is the other way round"),
  sapoTemperaturePos: as("sapo_temperature_pos"),
  sapoTemperatureNeg: as("sapo_temperature_neg"),
  scaleRewards: as("scale_rewards"),
};

const DPO_LOSSES_THERE = [
  ..."sigmoid hinge ipo exo_pair nca_pair robust bco_pair sppo_hard aot aot_unpaired apo_zero apo_down".split(" "),
  ..."discopop sft sigmoid_norm".split(" "),
];

/** DPO, for DPOConfig. */
export const dpoRules: RulesFor<DpoOptions> = {
  ...common,
  model,
  adapter,
  trainDataset,
  evalDataset: evalFile,
  perDeviceEvalBatchSize,
  padTokenId,
  referenceModel: (_, { record }) =>
    record.hasReferenceModel
      ? { refused: "another model was the reference, which the run does not name: write it into the recipe by hand" }
      : { implied: "the reference is the model, or the adapter, as training begins: here and there" },
  precomputeRefLogProbs: as("precompute_ref_log_probs"),
  maxLength: (value) => ({
    to: { max_length: value, truncation_mode: "keep_start" },
    note: "what is longer loses its end",
  }),
  packing: implied("changes time alone: TRL pads"),
  lossType: (value) => {
    const lost = (value as string[]).filter((type) => !DPO_LOSSES_THERE.includes(type));
    if (lost.length === 0) return { to: { loss_type: value } };
    const where = lost.some((type) => ["simpo", "orpo"].includes(type))
      ? "; --to llamafactory has pref_loss simpo and orpo"
      : "";
    return { refused: `TRL's DPOTrainer has no ${lost.join(", ")}${where}` };
  },
  lossWeights: as("loss_weights"),
  rpoAlpha: (value) =>
    Number(value) > 0
      ? { implied: `the loss "sft" with weight ${value} is in loss_type and loss_weights` }
      : { implied: "off" },
  beta: as("beta"),
  labelSmoothing: as("label_smoothing"),
  simpoGamma: implied("only SimPO has it"),
  discopopTau: as("discopop_tau"),
  fDivergenceType: as("f_divergence_type"),
  fAlphaDivergenceCoef: as("f_alpha_divergence_coef"),
};

/** The fields that no option asks for, by method. */
export function addedFields({ method, dtype, vllmMode }: Facts): { field: string; value: Json; why: string }[] {
  const fields: { field: string; value: Json; why: string }[] = [
    { field: "bf16", value: dtype === "bfloat16", why: "Kiln computes in float32; --dtype float32 does so there" },
    { field: "logging_steps", value: 1, why: "Kiln logs each step" },
    { field: "report_to", value: "tensorboard", why: "as Kiln's runs" },
  ];
  if (method === "dpo") {
    fields.push({ field: "disable_dropout", value: true, why: "Kiln has no dropout" });
  }
  if (method !== "grpo") return fields;
  return [
    ...fields,
    { field: "disable_dropout", value: true, why: "Kiln has no dropout" },
    { field: "use_vllm", value: true, why: "rollouts by vLLM" },
    { field: "vllm_mode", value: vllmMode, why: "colocate: on the cards that train; server: on cards of its own" },
    { field: "vllm_gpu_memory_utilization", value: 0.3, why: "the rest of a card is for training" },
    {
      field: "vllm_importance_sampling_correction",
      value: true,
      why: "vLLM's log-probabilities differ a little from the trainer's; Kiln samples with the trainer's own",
    },
    { field: "log_completions", value: true, why: "as Kiln's completions.jsonl" },
  ];
}
