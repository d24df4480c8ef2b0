/** The options that all trainers have, in the words of transformers' TrainingArguments, which TRL and LLaMA-Factory read. */
import type { TrainingOptions } from "../train/mod.ts";
import type { Facts } from "./facts.ts";
import { as, ifGiven, implied, type Rule, unmappedUnless } from "./mapping.ts";

type Rules = { readonly [Name in keyof Required<TrainingOptions>]: Rule<Facts> };

const OF_THIS_PROGRAM = "belongs to the program that ran here";

/** What a tool does in a way of its own. */
export interface OwnWays {
  shuffle: Rule<Facts>;
  optimMuon: Rule<Facts>;
  earlyStoppingPatience: Rule<Facts>;
  earlyStoppingThreshold: Rule<Facts>;
  gradientCheckpointing: Rule<Facts>;
}

/** The rules, with a tool's own ways. */
export function transformersRules(own: OwnWays): Rules {
  return {
    optim: (value, facts) => {
      if (value === "muon") return own.optimMuon(value, facts);
      return value === "adamw8bit"
        ? { to: { optim: "adamw_8bit" }, note: "bitsandbytes' AdamW, with blocks and code of the same kind" }
        : { to: { optim: "adamw_torch" }, note: "AdamW in float32" };
    },
    muonMomentum: (value, { values }) =>
      values.optim === "muon"
        ? { unmapped: `momentum ${value} of Muon has no field` }
        : { implied: "only Muon has it, and this run had AdamW" },
    adamBeta1: as("adam_beta1"),
    adamBeta2: as("adam_beta2"),
    adamEpsilon: as("adam_epsilon"),
    weightDecay: as("weight_decay", "biases and norms are left out there too"),
    maxGradNorm: as("max_grad_norm"),
    outputDir: () => ({ to: { output_dir: "output" }, note: "a folder beside the configuration" }),
    saveSteps: (value, { values, hasEvalData }) => {
      const [every, evaluated] = [Number(value), Number(values.evalSteps)];
      if (!(values.loadBestModelAtEnd && hasEvalData && evaluated > 0) || every % evaluated === 0) {
        return { to: { save_strategy: "steps", save_steps: every } };
      }
      const note = `${every} in the run, which is no multiple of eval_steps, as load_best_model_at_end wants it`;
      return { to: { save_strategy: "steps", save_steps: evaluated }, note };
    },
    saveTotalLimit: ifGiven("save_total_limit", "all checkpoints are kept, here and there"),
    resumeFromCheckpoint: implied("checkpoints of one tool are not those of another"),
    resumeWithChanges: implied("checkpoints of one tool are not those of another"),
    loadBestModelAtEnd: (value, { hasEvalData, values }) => {
      if (value !== true) return { to: { load_best_model_at_end: false } };
      return hasEvalData && Number(values.evalSteps) > 0
        ? { to: { load_best_model_at_end: true } }
        : { unmapped: "there is no data to evaluate on before the end", matters: true };
    },
    baseModel: implied("model_name_or_path says it"),
    processingClass: implied("the tokenizer is that of model_name_or_path, and is saved with each checkpoint"),
    fileSystem: implied(OF_THIS_PROGRAM),
    onNote: implied(OF_THIS_PROGRAM),
    signal: implied(OF_THIS_PROGRAM),
    metricForBestModel: ifGiven("metric_for_best_model", "eval_loss decides, here and there"),
    greaterIsBetter: ifGiven("greater_is_better", "less is better where the name ends in loss, here and there"),
    earlyStoppingPatience: own.earlyStoppingPatience,
    earlyStoppingThreshold: own.earlyStoppingThreshold,
    perDeviceTrainBatchSize: (value, { batch }) => {
      const note = `${batch.perDevice} x ${batch.accumulation} x ${batch.gpus} is the run's batch of ${batch.global}`;
      return { to: { per_device_train_batch_size: batch.perDevice }, note: `${value} in the run; ${note}` };
    },
    gradientAccumulationSteps: (value, { batch }) => ({
      to: { gradient_accumulation_steps: batch.accumulation },
      note: `${value} in the run, divided among ${batch.gpus}`,
    }),
    numTrainEpochs: as("num_train_epochs", "maxSteps goes before, if it is above 0"),
    maxSteps: as("max_steps", "-1: as many as the epochs have"),
    learningRate: as("learning_rate"),
    lrSchedulerType: as("lr_scheduler_type", "the same curves; constant knows no warm-up"),
    warmupSteps: as("warmup_steps", "below 1 a share of all steps, there too"),
    seed: as("seed", "other draws: the random generators are not the same"),
    shuffle: own.shuffle,
    evalSteps: (value, { hasEvalData, values, method }) => {
      if (hasEvalData && Number(value) > 0) return { to: { eval_strategy: "steps", eval_steps: Number(value) } };
      const none = { eval_strategy: "no" };
      if (hasEvalData) return { to: none, note: "the run was evaluated when it ended, and so is this one" };
      const lost = (method === "grpo" || method === "ppo") && values.evaluate === true;
      return lost
        ? { unmapped: "the function that evaluated is a program here", fields: none }
        : { to: none, note: "nothing was held out" };
    },
    lossLimit: unmappedUnless(null, "a loss that explodes does not stop a run there", false),
    gradientCheckpointing: own.gradientCheckpointing,
    memoryBudget: unmappedUnless(null, "was about the machine here", false),
  };
}
