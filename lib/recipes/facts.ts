/** What rules know besides an option's value. */
import type { BatchSplit } from "./batch_sizes.ts";
import type { Json } from "./mapping.ts";
import type { Method, RunRecord } from "./read_run.ts";

/** A run on its way into another tool. */
export interface Facts {
  method: Method;
  record: RunRecord;
  /** All options of the run by their names, with their defaults. */
  values: Readonly<Record<string, Json>>;
  batch: BatchSplit;
  /** What the tool loads: a hub id or a folder. */
  model: string;
  /** In what the tool computes. */
  dtype: "bfloat16" | "float32";
  /** Whether rows were held out that the tool can evaluate on. */
  hasEvalData: boolean;
  /** The adapter that training begins with, as the recipe's files name it. */
  startAdapter: string | null;
  /** The longest prompt in tokens; 0 where prompts are no part of the data. */
  promptTokens: number;
  /** How rollouts are drawn, for methods that have some. */
  vllmMode: "colocate" | "server";
}

/** What the trainers take where an option was not given, and the record does not say. */
const COMMON: Readonly<Record<string, Json>> = {
  muonMomentum: 0.95,
  saveSteps: 500,
  resumeFromCheckpoint: false,
  resumeWithChanges: false,
  loadBestModelAtEnd: false,
  earlyStoppingThreshold: 0,
  numTrainEpochs: 3,
  maxSteps: -1,
  evalSteps: 0,
  gradientCheckpointing: "auto",
};

const OWN: Readonly<Record<Method, Readonly<Record<string, Json>>>> = {
  sft: { perDeviceEvalBatchSize: 8 },
  grpo: {},
  dpo: { perDeviceEvalBatchSize: 8, precomputeRefLogProbs: false, rpoAlpha: 0 },
  ppo: { cliprange: 0.2, cliprangeValue: 0.2, target: 6, horizon: 10_000, rewardClipRange: null },
};

/** What records say besides the options: digests, and options under the names that their trainer works with. */
export const DERIVED = ["prompts", "losses", "reference", "scorePrompts", "needsReference"] as const;

/**
 * All options of a run that JSON can hold, with their defaults; of the others `true` where they were given. Losses and
 * rewards are by the names that they have in the options.
 */
export function optionValues(record: RunRecord, method: Method): Record<string, Json> {
  const values: Record<string, Json> = { ...COMMON, ...OWN[method], ...record.options };
  for (const name of record.given) values[name] ??= true;
  const losses = record.options.losses as Record<string, number> | undefined;
  if (method === "dpo" && losses) {
    values.lossType = Object.keys(losses);
    values.lossWeights = Object.values(losses);
  }
  if (method === "grpo" && record.rewards) {
    values.rewards = Object.keys(record.rewards);
    values.rewardWeights = Object.values(record.rewards).map(({ weight }) => weight);
  }
  if (method === "ppo") {
    // PPO's rounds have neither; the record takes them from what all trainers have in common.
    delete values.gradientAccumulationSteps;
    delete values.numTrainEpochs;
  }
  return values;
}
