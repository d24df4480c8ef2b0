/** What every trainer shares: its common options, the metrics it yields, and what a run of one counts. */
import type { OptimizerOptions } from "./optimizer.ts";
import { checkSchedule, type SchedulerType } from "./schedule.ts";

/** Metrics of one step by the names that TRL logs: `loss`, `grad_norm`, `rewards/NAME/mean` ... */
export type Metrics = Record<string, number>;

/** One optimizer step of a run. */
export interface TrainingStep {
  /** From 1. */
  step: number;
  totalSteps: number;
  metrics: Metrics;
}

/** Options that all trainers take, with the names and defaults of transformers' TrainingArguments. */
export interface TrainingOptions extends OptimizerOptions {
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
  /** Keep block inputs and recompute (less memory) instead of keeping residuals (a third less time). Default true. */
  gradientCheckpointing?: boolean;
  /** Stops the run between two steps; `for await` then throws the signal's reason. */
  signal?: AbortSignal;
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
  checkPositiveInteger({ perDeviceTrainBatchSize, gradientAccumulationSteps });
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
  checkSchedule({ ...options, totalSteps: 1 });
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
