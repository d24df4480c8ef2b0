/** What every trainer shares: its common options, the metrics it yields, and what a run of one counts. */
import { type BestMetricOptions, checkBestMetricOptions } from "./best_metric.ts";
import type { FileSystem } from "../files/mod.ts";
import type { OptimizerOptions } from "./optimizer_options.ts";
import { checkSchedule, type SchedulerType } from "./schedule.ts";

/** Metrics of one step by the names that TRL logs: `loss`, `grad_norm`, `rewards/NAME/mean` ... */
export type Metrics = Record<string, number>;

/** One optimizer step of a run. */
export interface TrainingStep {
  /** From 1. */
  step: number;
  totalSteps: number;
  metrics: Metrics;
  /** Lines for the log that belong to this step: what was resumed, kept in memory, saved or stopped, and why. */
  notes?: readonly string[];
}

/** Where checkpoints go and when; names and defaults as in transformers. Without `outputDir` there are none. */
export interface CheckpointOptions {
  /**
   * The folder for `checkpoint-N` folders; one run has it to itself. Into a run's folder (`startRun`) the trainer also writes its
   * options (trainer.json) and a copy of its data, of up to 64 MiB, for `deno task recipe`; no upload takes them along.
   */
  outputDir?: string;
  /** Steps between checkpoints; the last step always has one. Default 500. */
  saveSteps?: number;
  /** How many checkpoints are kept, the newest ones; the best one is kept besides. Default: all. */
  saveTotalLimit?: number;
  /**
   * Go on from a checkpoint: true for the newest whole one of `outputDir` (or from the beginning where there is none), or a
   * checkpoint's path. The curve is then the uninterrupted run's, bit for bit on the same machine. Give the trainer the
   * model, the adapter and the data that the run began with.
   */
  resumeFromCheckpoint?: boolean | string;
  /**
   * Resume also when other options decide the curve from here on, such as a lower learning rate after a divergence: what has
   * changed is noted. Default false, which refuses.
   */
  resumeWithChanges?: boolean;
  /** Save a checkpoint when an evaluation is the best so far, and load it when the run ends. Default false. */
  loadBestModelAtEnd?: boolean;
  /** What a saved adapter names as its base: the model's name on the hub, or its folder. */
  baseModel?: string;
  /**
   * The tokenizer, under TRL's name: each checkpoint gets its files too, so that its folder can be loaded as it is. `grpo`
   * takes its `tokenizer` unless this is given.
   */
  processingClass?: { save(folder: string, options?: { fileSystem?: FileSystem }): Promise<unknown> };
  /** The disk to write to; tests pass one that fails. */
  fileSystem?: FileSystem;
  /** Called with each note as it is made: also with those that come after the last step. */
  onNote?: (note: string) => void;
}

/** Options that all trainers take, with the names and defaults of transformers' TrainingArguments. */
export interface TrainingOptions extends OptimizerOptions, CheckpointOptions, BestMetricOptions {
  /** Rows of a micro-batch; default 8. */
  perDeviceTrainBatchSize?: number;
  /** Micro-batches of an optimizer step; default 1. */
  gradientAccumulationSteps?: number;
  /** Default 3. */
  numTrainEpochs?: number;
  /** Optimizer steps; -1, the default, means as many as the epochs have. */
  maxSteps?: number;
  /** The peak learning rate. */
  learningRate?: number;
  /** Default `"linear"`. */
  lrSchedulerType?: SchedulerType;
  /** Default 0; below 1 it is a share of all steps. */
  warmupSteps?: number;
  /** Default 42. */
  seed?: number;
  /** Visit the rows in random order; default true. */
  shuffle?: boolean;
  /** Steps between evaluations; 0, the default, evaluates only when the run ends. */
  evalSteps?: number;
  /**
   * A loss above this stops the run as one that is not a number does; default: three times that of guessing all tokens with
   * equal probability, or twice the first step's loss if that is more, for losses that are negative log-probabilities;
   * none for others.
   */
  lossLimit?: number;
  /**
   * Whether the backward pass computes each layer again from its input (true: the least memory) or from residuals that the
   * forward kept (false: up to a third less time). Default `"auto"`: residuals of as many layers as `memoryBudget`
   * allows; the first step's notes say how many.
   */
  gradientCheckpointing?: boolean | "auto";
  /**
   * Bytes that a forward and backward pass may take, besides weights and optimizer. Default: half of the memory that the
   * machine has to spare, or less where AdamW will need more than the rest; on a GPU, which cannot be asked, nothing is kept unless this is given.
   */
  memoryBudget?: number;
  /**
   * Stops the run between two steps; `for await` then throws the signal's reason. With `outputDir` a checkpoint is saved
   * before.
   */
  signal?: AbortSignal;
}

/** The options of all trainers that decide a run's curve, with their defaults, for its checkpoints' fingerprint. */
export function commonFingerprint(options: TrainingOptions & { learningRate: number }): Record<string, unknown> {
  const {
    perDeviceTrainBatchSize = 8,
    gradientAccumulationSteps = 1,
    learningRate,
    lrSchedulerType = "linear",
    warmupSteps = 0,
    seed = 42,
    shuffle = true,
    optim = "adamw",
    muonMomentum = 0.95,
    adamBeta1 = 0.9,
    adamBeta2 = 0.999,
    adamEpsilon = 1e-8,
    weightDecay = 0,
    maxGradNorm = 1,
  } = options;
  return {
    perDeviceTrainBatchSize,
    gradientAccumulationSteps,
    learningRate,
    lrSchedulerType,
    warmupSteps,
    seed,
    shuffle,
    optim,
    // Other optimizers know no such number, and runs of theirs have none in their fingerprint.
    ...(optim === "muon" ? { muonMomentum } : {}),
    adamBeta1,
    adamBeta2,
    adamEpsilon,
    weightDecay,
    maxGradNorm,
  };
}

/** Throws an error that names the option when a number is not in its range. */
export function checkPositiveInteger(options: Record<string, number | undefined>): void {
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined && (!Number.isInteger(value) || value < 1)) {
      throw new RangeError(`${name}: expected a positive integer, got ${value}`);
    }
  }
}

/**
 * Checks what all trainers have in common, before any work is done. A number of steps that is no whole number would never
 * be reached.
 *
 * @throws {RangeError} naming the option
 */
export function checkTrainingOptions(options: TrainingOptions & { learningRate: number }): void {
  const { perDeviceTrainBatchSize, gradientAccumulationSteps, maxSteps = -1, numTrainEpochs = 3, evalSteps = 0 } =
    options;
  const { memoryBudget } = options;
  checkPositiveInteger({ perDeviceTrainBatchSize, gradientAccumulationSteps });
  checkCheckpointOptions(options);
  checkBestMetricOptions(options);
  if (!Number.isInteger(maxSteps) || maxSteps === 0 || maxSteps < -1) {
    throw new RangeError(
      `maxSteps: expected a positive integer, or -1 for as many as the epochs have, got ${maxSteps}`,
    );
  }
  if (!(numTrainEpochs > 0 && Number.isFinite(numTrainEpochs))) {
    throw new RangeError(`numTrainEpochs: expected a positive number, got ${numTrainEpochs}`);
  }
  if (!Number.isInteger(evalSteps) || evalSteps < 0) {
    throw new RangeError(`evalSteps: expected a positive integer, or 0 to evaluate at the end only, got ${evalSteps}`);
  }
  if (memoryBudget !== undefined && !(memoryBudget > 0)) {
    throw new RangeError(`memoryBudget: expected a number of bytes above 0, got ${memoryBudget}`);
  }
  checkSchedule({ ...options, totalSteps: 1 });
}

function checkCheckpointOptions(options: TrainingOptions): void {
  const { outputDir, saveSteps, saveTotalLimit, resumeFromCheckpoint = false, loadBestModelAtEnd = false } = options;
  checkPositiveInteger({ saveSteps, saveTotalLimit });
  if (outputDir === "") throw new Error("outputDir: expected the path of a folder, got an empty text");
  if (outputDir !== undefined) return;
  if (loadBestModelAtEnd) throw new Error("loadBestModelAtEnd needs outputDir: a folder for the best checkpoint");
  if (resumeFromCheckpoint === true) {
    throw new Error("resumeFromCheckpoint: true needs outputDir, the folder with the checkpoints; or give a path");
  }
}

/** The mean of some numbers; 0 for none. */
export function mean(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i];
  return values.length === 0 ? 0 : total / values.length;
}

/** The unbiased standard deviation, as torch.std computes it; 0 for fewer than two numbers. */
export function standardDeviation(values: ArrayLike<number>): number {
  if (values.length < 2) return 0;
  const center = mean(values);
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i] - center) ** 2;
  return Math.sqrt(squares / (values.length - 1));
}
