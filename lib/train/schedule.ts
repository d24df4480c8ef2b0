/** Learning-rate schedules, as transformers computes them. */

/** Names as in transformers' `lr_scheduler_type`. */
export type SchedulerType = "linear" | "cosine" | "constant" | "constant_with_warmup";

/** What a schedule depends on. */
export interface ScheduleOptions {
  /** Default `"linear"`. */
  lrSchedulerType?: SchedulerType;
  /** The peak. */
  learningRate: number;
  /** Steps of linear warm-up from 0; a number below 1 is a share of all steps. Default 0. */
  warmupSteps?: number;
  /** Optimizer steps in the run. */
  totalSteps: number;
}

/** The learning rate of an optimizer step, counted from 0: with warm-up the first step's is 0, as in transformers. */
export function learningRateAt(step: number, options: ScheduleOptions): number {
  const { lrSchedulerType = "linear", learningRate, warmupSteps = 0, totalSteps } = options;
  // A constant schedule knows no warm-up; that is what constant_with_warmup is for.
  if (lrSchedulerType === "constant") return learningRate;
  const warmup = warmupSteps < 1 ? Math.ceil(warmupSteps * totalSteps) : warmupSteps;
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
      throw new Error(
        `lrSchedulerType "${lrSchedulerType}": expected linear, cosine, constant or constant_with_warmup`,
      );
  }
}
