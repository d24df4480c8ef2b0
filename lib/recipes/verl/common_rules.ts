/** The options that all trainers have, in verl's words. */
import type { TrainingOptions } from "../../train/mod.ts";
import type { Facts } from "../facts.ts";
import { type Fields, implied, type Json, type Outcome, type Rule, unmappedUnless } from "../mapping.ts";
import type { RulesFor } from "../trl/rules.ts";

const OF_THIS_PROGRAM = "belongs to the program that ran here";

/** Where verl has what, by method. */
export interface Places {
  /** Prefixes of the optimizers' fields. */
  optims: readonly string[];
  model: string;
  /** Kiln's optimizer steps to one of verl's. */
  updates: (facts: Facts) => number;
  /** The fields that limit the gradient beside those of the optimizers. */
  gradClips: readonly string[];
}

/** The rules, but for batches, which each method says in its own way. */
export function commonRules(
  { optims, model, updates, gradClips }: Places,
): Omit<RulesFor<TrainingOptions>, "perDeviceTrainBatchSize" | "gradientAccumulationSteps" | "learningRate"> {
  const inAll = (fields: Fields): Fields =>
    Object.fromEntries(
      optims.flatMap((prefix) => Object.entries(fields).map(([name, value]) => [`${prefix}.${name}`, value])),
    );
  const betas: Rule<Facts> = (_, { values }) => ({
    to: inAll({ betas: [values.adamBeta1, values.adamBeta2] as Json[] }),
  });
  const never = implied<Facts>("never stops early, here and there");
  return {
    optim: (value): Outcome => {
      if (value === "adamw") return { to: inAll({ optimizer: "AdamW", optimizer_impl: "torch.optim" }) };
      if (value === "adamw8bit") return { to: inAll({ optimizer: "AdamW8bit", optimizer_impl: "bitsandbytes.optim" }) };
      return {
        unmapped: "its optimizers are classes of a module, and torch has no Muon for all weights: AdamW is set",
        fields: inAll({ optimizer: "AdamW", optimizer_impl: "torch.optim" }),
        matters: true,
      };
    },
    muonMomentum: (value, { values }) =>
      values.optim === "muon"
        ? { unmapped: `momentum ${value} of Muon has no field` }
        : { implied: "only Muon has it, and this run had AdamW" },
    adamBeta1: betas,
    adamBeta2: betas,
    adamEpsilon: (value) => ({ to: inAll({ override_optimizer_config: { eps: value } }) }),
    weightDecay: (value, { record }) => ({
      to: inAll({ weight_decay: value }),
      note: record.adapter === null && Number(value) > 0
        ? "there it decays biases and norms too"
        : "verl's default is 0.01",
    }),
    maxGradNorm: (value) => {
      const limit = Number(value) === 0 ? 1e9 : value;
      const note = Number(value) === 0 ? "no limit: a number that no gradient reaches" : "";
      return {
        to: { ...inAll({ clip_grad: limit }), ...Object.fromEntries(gradClips.map((name) => [name, limit])) },
        note,
      };
    },
    outputDir: () => ({ to: { "trainer.default_local_dir": "output" }, note: "a folder beside the configuration" }),
    saveSteps: (value, facts) => ({
      to: { "trainer.save_freq": Math.max(1, Math.round(Number(value) / updates(facts))) },
      note: `${value} optimizer steps, ${updates(facts)} of which are one step of verl's`,
    }),
    saveTotalLimit: (value, { method }): Outcome => {
      if (value === null) return { implied: "all checkpoints are kept, here and there" };
      if (method === "sft") return { to: { "trainer.max_ckpt_to_keep": value } };
      return { to: { "trainer.max_actor_ckpt_to_keep": value, "trainer.max_critic_ckpt_to_keep": value } };
    },
    resumeFromCheckpoint: implied("checkpoints of one tool are not those of another"),
    resumeWithChanges: implied("checkpoints of one tool are not those of another"),
    loadBestModelAtEnd: unmappedUnless(false, "verl ends with the last weights"),
    baseModel: implied(`${model}.path says it`),
    processingClass: implied("the tokenizer is the model's, and is saved with each checkpoint"),
    fileSystem: implied(OF_THIS_PROGRAM),
    onNote: implied(OF_THIS_PROGRAM),
    signal: implied(OF_THIS_PROGRAM),
    metricForBestModel: unmappedUnless(null, "verl looks for no best checkpoint", false),
    greaterIsBetter: unmappedUnless(null, "verl looks for no best checkpoint", false),
    earlyStoppingPatience: unmappedUnless(null, "verl does not stop early"),
    earlyStoppingThreshold: never,
    numTrainEpochs: (value, { values }) =>
      Number(values.maxSteps) > 0
        ? { implied: "maxSteps decides" }
        : Number.isInteger(value)
        ? { implied: "the steps of so many epochs are in trainer.total_training_steps" }
        : { implied: "a part of an epoch is in trainer.total_training_steps" },
    maxSteps: (value, facts) => {
      const { record } = facts;
      const total = Math.ceil(record.totalSteps / updates(facts));
      const epochs = record.stepsPerEpoch === null ? total : Math.ceil(record.totalSteps / record.stepsPerEpoch);
      return {
        to: { "trainer.total_training_steps": total, "trainer.total_epochs": Math.max(1, epochs) },
        note: `${value} in the run, which had ${record.totalSteps} optimizer steps`,
      };
    },
    lrSchedulerType: (value): Outcome => {
      if (value === "cosine") return { to: inAll({ lr_scheduler_type: "cosine", min_lr_ratio: 0, num_cycles: 0.5 }) };
      if (value !== "linear") return { to: inAll({ lr_scheduler_type: "constant" }) };
      return {
        unmapped: "verl's FSDP optimizers know constant and cosine: cosine down to 0 comes nearest",
        fields: inAll({ lr_scheduler_type: "cosine", min_lr_ratio: 0, num_cycles: 0.5 }),
        matters: true,
      };
    },
    warmupSteps: (value, facts) => {
      const steps = facts.values.lrSchedulerType === "constant" ? 0 : Number(value);
      const warmup = steps < 1 ? Math.ceil(steps * facts.record.totalSteps) : Math.trunc(steps);
      return {
        to: inAll({ lr_warmup_steps: Math.round(warmup / updates(facts)), lr_warmup_steps_ratio: 0 }),
        note: "in steps of verl's, where the learning rate changes once a step",
      };
    },
    evalSteps: (value, { hasEvalData, values }): Outcome => {
      if (hasEvalData && Number(value) > 0) return { to: { "trainer.test_freq": value } };
      const fields = { "trainer.test_freq": -1 };
      return hasEvalData || values.evaluate === true
        ? { unmapped: "evaluated when it ended, or by a function of the program here", fields }
        : { to: fields, note: "nothing was held out" };
    },
    lossLimit: unmappedUnless(null, "a loss that explodes does not stop a run there", false),
    gradientCheckpointing: (value) => ({
      to: { [`${model}.enable_gradient_checkpointing`]: value !== false },
      note: value === "auto" ? "by memory here; on is the safe side" : "changes time and memory, not the curve",
    }),
    memoryBudget: unmappedUnless(null, "was about the machine here", false),
    seed: (value, { method }): Outcome => {
      const names = method === "sft"
        ? ["trainer.seed", "engine.seed"]
        : ["data.seed", "actor_rollout_ref.actor.data_loader_seed", "actor_rollout_ref.rollout.seed"];
      const to: Fields = Object.fromEntries(names.map((name) => [name, value]));
      return { to, note: "other draws: the random generators are not the same" };
    },
    shuffle: (value, { method }): Outcome => {
      if (method !== "sft") return { to: { "data.shuffle": value !== false } };
      return value === false
        ? { unmapped: "verl's SFT trainer always shuffles", matters: true }
        : { implied: "verl's SFT trainer always shuffles" };
    },
  };
}

/** The model and how its weights are held. */
export function modelRule(prefixes: readonly string[]): Rule<Facts> {
  return (_, { model, record }) => {
    const to: Fields = Object.fromEntries(
      prefixes.flatMap((prefix): [string, Json][] => [
        [`${prefix}.path`, model],
        [`${prefix}.custom_chat_template`, RAW_TEMPLATE],
      ]),
    );
    const weights = record.model.precision?.weights ?? "float32";
    return weights === "4bit" || weights === "8bit"
      ? { unmapped: `${weights} weights: verl trains on none; its own are set`, fields: to, matters: true }
      : { to, note: "the data have the chat template in them, as the run read it: this one writes texts as they are" };
  };
}

/** A chat template that writes each message as it is. */
const RAW_TEMPLATE = "{% for message in messages %}{{ message['content'] }}{% endfor %}";

/** The adapter. verl has no rank-stabilised scaling, but alpha can say it where it comes out whole. */
export function adapterRule(prefix: string): Rule<Facts> {
  return (_, { record, startAdapter }): Outcome => {
    if (record.adapter === null) return { to: { [`${prefix}.lora_rank`]: 0 }, note: "all weights are trained" };
    const { r, loraAlpha, useRslora, targetModules, tables, trainableTokenIndices } = record.adapter;
    if (tables.length > 0 || trainableTokenIndices.length > 0) {
      return { refused: "the adapter carries a token table or head, for which verl has no field; --to trl has" };
    }
    const alpha = useRslora ? loraAlpha * Math.sqrt(r) : loraAlpha;
    if (!Number.isInteger(alpha)) {
      return { refused: `lora_alpha would be ${alpha}, and it is a whole number there; --to trl has use_rslora` };
    }
    return {
      to: {
        [`${prefix}.lora_rank`]: r,
        [`${prefix}.lora_alpha`]: alpha,
        [`${prefix}.target_modules`]: targetModules,
        ...(startAdapter === null ? {} : { [`${prefix}.lora_adapter_path`]: startAdapter }),
      },
      note: useRslora ? `alpha ${loraAlpha} times the root of ${r}: verl divides by the rank` : "",
    };
  };
}
