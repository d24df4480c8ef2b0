/** Learning-rate schedules, as transformers computes them. */

/** Names as in transformers' `lr_scheduler_type`. */
export type SchedulerType = "linear" | "cosine" | "constant" | "constant_with_warmup";

const SCHEDULER_TYPES: readonly string[] = ["linear", "cosine", "constant", "constant_with_warmup"];

/** What a schedule depends on. */
export interface ScheduleOptions {
  /** Default `"linear"`. `"constant"` has no warm-up, whatever warmupSteps says: that is `"constant_with_warmup"`. */
  lrSchedulerType?: SchedulerType;
  /** The peak. */
  learningRate: number;
  /** Steps of linear warm-up from 0; a number below 1 is a share of all steps, rounded up. Default 0. */
  warmupSteps?: number;
  /** Optimizer steps in the run. */
  totalSteps: number;
}

/** Throws an error that names the option where a schedule makes no sense. Trainers call it before any work is done. */
export function checkSchedule({ lrSchedulerType = "linear", learningRate, warmupSteps = 0 }: ScheduleOptions): void {
  if (!SCHEDULER_TYPES.includes(lrSchedulerType)) {
    throw new RangeError(`lrSchedulerType "${lrSchedulerType}": expected one of ${SCHEDULER_TYPES.join(", ")}`);
  }
  if (!(learningRate >= 0 && Number.isFinite(learningRate))) {
    throw new RangeError(`learningRate: expected a number from 0, got ${learningRate}`);
  }
  if (!(warmupSteps >= 0 && Number.isFinite(warmupSteps))) {
    throw new RangeError(`warmupSteps: expected a number of steps, or a share below 1, got ${warmupSteps}`);
  }
}

/** The learning rate of an optimizer step, counted from 0: with warm-up the first step's is 0, as in transformers. */
export function learningRateAt(step: number, options: ScheduleOptions): number {
  const { lrSchedulerType = "linear", learningRate, warmupSteps = 0, totalSteps } = options;
  // A constant schedule knows no warm-up; that is what constant_with_warmup is for.
  if (lrSchedulerType === "constant") return learningRate;
  const warmup = warmupSteps < 1 ? Math.ceil(warmupSteps * totalSteps) : Math.trunc(warmupSteps);
  if (step < warmup) return learningRate * step / Math.max(1, warmup);
  const progress = (step - warmup) / Math.max(1, totalSteps - warmup);
  switch (lrSchedulerType) {
    case "constant_with_warmup":
      return learningRate;
    case "linear":
      return learningRate * Math.max(0, 1 - progress);
    case "cosine":
      return learningRate * Math.max(0, 0.5 * (1 + Math.cos(Math.PI * progress)));
    default:
      throw new RangeError(`lrSchedulerType "${lrSchedulerType}": expected one of ${SCHEDULER_TYPES.join(", ")}`);
  }
}
