/** What GRPO can be told, checked before any work is done. */
import type { LoraAdapter } from "../adapters/mod.ts";
import type { CausalLM } from "../models/mod.ts";
import { digest } from "./checkpoint/mod.ts";
import { checkGrpoLossOptions, type GrpoLossOptions } from "./grpo_loss.ts";
import { type PromptRow, renderPrompt, type RolloutOptions, type Sampler } from "./rollout/mod.ts";
import {
  checkPositiveInteger,
  checkTrainingOptions,
  commonFingerprint,
  type Metrics,
  type TrainingOptions,
} from "./step.ts";

/** What to train on what; every option not named here is that of `TrainingOptions` or `GrpoLossOptions`. */
export interface GrpoOptions<Columns>
  extends TrainingOptions, GrpoLossOptions, Omit<RolloutOptions<Columns>, "numGenerations"> {
  model: CausalLM;
  /** Trains these factors, and takes the model without them as the reference policy. Absent: all weights. */
  adapter?: LoraAdapter;
  trainDataset: readonly PromptRow<Columns>[];
  /** Writes the completions: see `localSampler`. */
  sampler: Sampler;
  /** Completions per prompt, at least 2; default 8. */
  numGenerations?: number;
  /**
   * The temperature at which the sampler draws and at which log-probabilities are meant; default 1. Give the sampler the
   * same one.
   */
  temperature?: number;
  /** The sampler's limit in tokens: dr_grpo divides by it. Default 512. */
  maxCompletionLength?: number;
  /** Micro-batches sampled together; default gradientAccumulationSteps. */
  stepsPerGeneration?: number;
  /** How often a batch of rollouts is used; default 1. */
  numIterations?: number;
  /** Leave completions that were cut off out of the loss. Default false. */
  maskTruncatedCompletions?: boolean;
  /** Called at each evaluation (every evalSteps, and at the end); its metrics are added as `eval_NAME`. */
  evaluate?: () => Promise<Metrics>;
  padTokenId?: number;
}

/** How a run's steps divide into rounds: one generation of completions, and the updates it serves. */
export interface RoundSizes {
  promptsPerRound: number;
  roundsPerEpoch: number;
  /** Optimizer steps that visit all completions of a round once. */
  stepsPerPass: number;
  updatesPerRound: number;
}

/**
 * Checks all options, and works out the sizes.
 *
 * @throws {RangeError} naming the option that does not fit
 */
export function roundSizes<Columns>(options: GrpoOptions<Columns>): RoundSizes {
  const {
    trainDataset,
    numGenerations = 8,
    perDeviceTrainBatchSize = 8,
    gradientAccumulationSteps = 1,
    stepsPerGeneration = gradientAccumulationSteps,
    numIterations = 1,
    learningRate = 1e-6,
  } = options;
  checkTrainingOptions({ ...options, learningRate });
  checkPositiveInteger({ numGenerations, stepsPerGeneration, numIterations });
  checkPolicyOptions({ ...options, numGenerations });
  options.tokenizer.assertFits?.(options.model.config.vocabSize);
  checkPrompts(trainDataset);
  const completions = perDeviceTrainBatchSize * stepsPerGeneration;
  checkBatchSizes({
    completionsPerBatch: completions,
    numGenerations,
    stepsPerGeneration,
    gradientAccumulationSteps,
  });
  const promptsPerRound = completions / numGenerations;
  const roundsPerEpoch = Math.floor(trainDataset.length / promptsPerRound);
  if (roundsPerEpoch === 0) {
    throw new Error(
      `trainDataset has ${trainDataset.length} rows, fewer than the ${promptsPerRound} prompts of a batch`,
    );
  }
  const stepsPerPass = stepsPerGeneration / gradientAccumulationSteps;
  return { promptsPerRound, roundsPerEpoch, stepsPerPass, updatesPerRound: stepsPerPass * numIterations };
}

/** A notebook does not check types before it runs, and a row that is not a prompt may come after hours. */
function checkPrompts(rows: readonly PromptRow<unknown>[]): void {
  for (const [index, row] of rows.entries()) {
    const { prompt }: { prompt?: unknown } = row;
    if (typeof prompt === "string" || Array.isArray(prompt)) continue;
    const columns = Object.keys(row).map((name) => JSON.stringify(name)).join(", ") || "none";
    throw new Error(
      `trainDataset, row ${index}: expected a column "prompt" with a text or a list of messages; its columns are ${columns}`,
    );
  }
}

/** What the curve of a run depends on, besides model and adapter; what reward functions do cannot be known. */
export function grpoFingerprint<Columns>(options: GrpoOptions<Columns>): Record<string, unknown> {
  const { learningRate = 1e-6, gradientAccumulationSteps = 1, epsilon = 0.2 } = options;
  return {
    ...commonFingerprint({ ...options, learningRate }),
    numGenerations: options.numGenerations ?? 8,
    stepsPerGeneration: options.stepsPerGeneration ?? gradientAccumulationSteps,
    numIterations: options.numIterations ?? 1,
    temperature: options.temperature ?? 1,
    maxCompletionLength: options.maxCompletionLength ?? 512,
    maskTruncatedCompletions: options.maskTruncatedCompletions ?? false,
    lossType: options.lossType ?? "dapo",
    importanceSamplingLevel: options.importanceSamplingLevel ?? "token",
    epsilon,
    epsilonHigh: options.epsilonHigh ?? epsilon,
    delta: options.delta ?? null,
    beta: options.beta ?? 0,
    useBiasCorrectionKl: options.useBiasCorrectionKl ?? false,
    sapoTemperaturePos: options.sapoTemperaturePos ?? 1,
    sapoTemperatureNeg: options.sapoTemperatureNeg ?? 1.05,
    scaleRewards: options.scaleRewards ?? "group",
    prefill: options.prefill ?? "",
    rewards: Object.fromEntries(
      Object.keys(options.rewards).map((name) => [name, options.rewardWeights?.[name] ?? 1]),
    ),
    padTokenId: options.padTokenId ?? 0,
    sampler: options.sampler.fingerprint ?? {},
    // Tokenizer and chat template show in what becomes of some prompts.
    prompts: digest(
      options.trainDataset.slice(0, 16)
        .map((row) => options.tokenizer.encode(renderPrompt(row, options.tokenizer, options.prefill))),
    ),
    trainDataset: digest(options.trainDataset),
  };
}

/** Options of GRPO alone that would go wrong only after the first rollouts. */
function checkPolicyOptions<Columns>(options: GrpoOptions<Columns> & { numGenerations: number }): void {
  const { numGenerations, temperature = 1, maxCompletionLength = 512 } = options;
  if (numGenerations < 2) {
    throw new RangeError(`numGenerations: expected at least 2, got ${numGenerations}: one completion has no group`);
  }
  if (!(temperature > 0 && Number.isFinite(temperature))) {
    throw new RangeError(`temperature: expected a number above 0, got ${temperature}: a greedy policy has no gradient`);
  }
  checkPositiveInteger({ maxCompletionLength });
  checkGrpoLossOptions(options);
}

function checkBatchSizes(
  { completionsPerBatch, numGenerations, stepsPerGeneration, gradientAccumulationSteps }: Record<string, number>,
): void {
  if (completionsPerBatch % numGenerations !== 0) {
    throw new RangeError(
      `perDeviceTrainBatchSize x stepsPerGeneration is ${completionsPerBatch} completions: ` +
        `expected a multiple of numGenerations (${numGenerations})`,
    );
  }
  if (stepsPerGeneration % gradientAccumulationSteps !== 0) {
    throw new RangeError(
      `stepsPerGeneration ${stepsPerGeneration}: expected a multiple of gradientAccumulationSteps ` +
        `(${gradientAccumulationSteps})`,
    );
  }
}
