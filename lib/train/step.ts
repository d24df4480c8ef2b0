/** What every trainer shares: its common options, the metrics it yields, and what a run of one counts. */
import type { OptimizerOptions } from "./optimizer.ts";
import type { SchedulerType } from "./schedule.ts";

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
