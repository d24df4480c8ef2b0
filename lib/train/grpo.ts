/**
 * Group Relative Policy Optimization (Shao et al. 2024, arXiv:2402.03300), with the options, defaults and metrics of
 * TRL's GRPOTrainer: sample several completions per prompt, score them, and raise the probability of those that did
 * better than their group.
 */
import type { LoraAdapter } from "../adapters/mod.ts";
import type { CausalLM } from "../models/mod.ts";
import { Random } from "../random/mod.ts";
import { chunk, epochOrder } from "./batch.ts";
import { checkGrpoLossOptions, type GrpoLossOptions } from "./grpo_loss.ts";
import { activeTokens, createPolicy } from "./grpo_policy.ts";
import { AdamW } from "./optimizer.ts";
import { type PromptRow, type Rollout, type RolloutOptions, rolloutScorer, type Sampler } from "./rollout.ts";
import { learningRateAt } from "./schedule.ts";
import {
  checkPositiveInteger,
  checkTrainingOptions,
  type Metrics,
  type TrainingOptions,
  type TrainingStep,
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

/** A step of GRPO: its metrics, and the rollouts it learned from. */
export interface GrpoStep extends TrainingStep {
  rollouts: readonly Rollout[];
}

/**
 * Trains, and yields each optimizer step's metrics under TRL's names: `loss`, `grad_norm`, `learning_rate`, `reward`,
 * `reward_std`, `frac_reward_zero_std`, `rewards/NAME/mean` and `/std`, `kl` (when beta is not 0), `entropy`,
 * `clip_ratio/*`, `completions/*`, `num_tokens`, `epoch`, `step_time`.
 *
 * On-policy (one update per rollout, the default) the probability ratio is exactly 1 and advantages sum to about 0 in
 * every group, so `loss` stays near 0 whatever is learned: watch `reward`.
 *
 * @throws When batch sizes do not fit (the message says how), an option is out of range, the tokenizer is not the model's, a
 *   reward function fails (function and row are named), or the loss is not finite (the weights are then those of the step
 *   before).
 */
export async function* grpo<Columns>(options: GrpoOptions<Columns>): AsyncGenerator<GrpoStep> {
  const {
    model,
    adapter,
    trainDataset,
    sampler,
    numGenerations = 8,
    perDeviceTrainBatchSize = 8,
    gradientAccumulationSteps = 1,
    stepsPerGeneration = gradientAccumulationSteps,
    numIterations = 1,
    numTrainEpochs = 3,
    maxSteps = -1,
    learningRate = 1e-6,
    evalSteps = 0,
    seed = 42,
    shuffle = true,
    signal,
    evaluate,
  } = options;
  checkTrainingOptions({ ...options, learningRate });
  checkPositiveInteger({ numGenerations, stepsPerGeneration, numIterations });
  checkPolicyOptions({ ...options, numGenerations });
  options.tokenizer.assertFits?.(model.config.vocabSize);
  const completionsPerBatch = perDeviceTrainBatchSize * stepsPerGeneration;
  checkBatchSizes({ completionsPerBatch, numGenerations, stepsPerGeneration, gradientAccumulationSteps });
  const promptsPerBatch = completionsPerBatch / numGenerations;
  const batchesPerEpoch = Math.floor(trainDataset.length / promptsPerBatch);
  if (batchesPerEpoch === 0) {
    throw new Error(
      `trainDataset has ${trainDataset.length} rows, fewer than the ${promptsPerBatch} prompts of a batch`,
    );
  }
  const stepsPerPass = stepsPerGeneration / gradientAccumulationSteps;
  const stepsPerEpoch = batchesPerEpoch * stepsPerPass * numIterations;
  const totalSteps = maxSteps > 0 ? maxSteps : Math.ceil(stepsPerEpoch * numTrainEpochs);

  const random = new Random(seed);
  const roll = rolloutScorer<Columns>({ ...options, numGenerations });
  const policy = await createPolicy(options);
  const optimizer = new AdamW(model.engine, adapter ? adapter.factors : model.weights, options);
  // Within one pass over a batch sampled by the current weights, old and new log-probabilities are the same numbers.
  const onPolicy = numIterations === 1 && stepsPerPass === 1;
  let [step, tokensSeen, round] = [0, 0, 0];
  try {
    for (let epoch = 0; step < totalSteps; epoch++) {
      const order = epochOrder(trainDataset.length, random, epoch, shuffle);
      for (const rows of chunk(order, promptsPerBatch).slice(0, batchesPerEpoch)) {
        if (step === totalSteps) break;
        signal?.throwIfAborted();
        let started = performance.now();
        const { rollouts, metrics: rolloutMetrics } = await roll(
          rows.map((row) => trainDataset[row]),
          sampler,
          round++,
          signal,
        );
        tokensSeen += rollouts.reduce((sum, rollout) => sum + lengthOf(rollout), 0);
        const batches = chunk(rollouts, perDeviceTrainBatchSize).map((part) => policy.prepare(part));
        // As in TRL: the tokens of all rollouts, shared evenly among the steps of a pass over them.
        const tokensInStep = batches.reduce((sum, batch) => sum + activeTokens(batch), 0) / stepsPerPass;
        for (const batch of batches) await policy.scoreFixed(batch, onPolicy);

        const passes = Array.from({ length: numIterations }, () => chunk(batches, gradientAccumulationSteps)).flat();
        for (const stepBatches of passes) {
          if (step === totalSteps) break;
          signal?.throwIfAborted();
          const updateMetrics = await policy.backward(stepBatches, optimizer, tokensInStep);
          if (!Number.isFinite(updateMetrics.loss)) {
            throw new Error(`step ${step + 1}: the loss is ${updateMetrics.loss}`);
          }
          const rate = learningRateAt(step, { ...options, learningRate, totalSteps });
          const { gradNorm } = await optimizer.step(rate);
          step++;
          const metrics: Metrics = {
            ...updateMetrics,
            grad_norm: gradNorm,
            learning_rate: rate,
            ...rolloutMetrics,
            num_tokens: tokensSeen,
            epoch: step / stepsPerEpoch,
            step_time: (performance.now() - started) / 1000,
          };
          if (evaluate && (step === totalSteps || (evalSteps > 0 && step % evalSteps === 0))) {
            for (const [name, value] of Object.entries(await evaluate())) metrics[`eval_${name}`] = value;
          }
          yield { step, totalSteps, metrics, rollouts };
          started = performance.now();
        }
      }
    }
  } finally {
    await optimizer.dispose();
    await policy.dispose();
  }
}

function lengthOf({ promptIds, completionIds }: Rollout): number {
  return promptIds.length + completionIds.length;
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
