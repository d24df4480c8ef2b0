/** Which evaluation was the best, and when to stop because none gets better. */
import type { Metrics } from "./step.ts";

/** Options with the names and defaults of transformers' TrainingArguments and EarlyStoppingCallback. */
export interface BestMetricOptions {
  /** The evaluation metric that decides which step is the best; default `"eval_loss"`. */
  metricForBestModel?: string;
  /** Whether more of it is better; default: unless its name ends in "loss". */
  greaterIsBetter?: boolean;
  /** Stop after so many evaluations without a better one. Default: never. */
  earlyStoppingPatience?: number;
  /** By how much an evaluation has to be better to count for the patience. Default 0. */
  earlyStoppingThreshold?: number;
}

/** An evaluation by the metric that decides. */
export interface BestEvaluation {
  step: number;
  metric: string;
  value: number;
}

/** Throws an error that names the option that makes no sense. */
export function checkBestMetricOptions({ earlyStoppingPatience, earlyStoppingThreshold = 0 }: BestMetricOptions): void {
  if (earlyStoppingPatience !== undefined && !(Number.isInteger(earlyStoppingPatience) && earlyStoppingPatience > 0)) {
    throw new RangeError(`earlyStoppingPatience: expected a positive integer, got ${earlyStoppingPatience}`);
  }
  if (!(earlyStoppingThreshold >= 0 && Number.isFinite(earlyStoppingThreshold))) {
    throw new RangeError(`earlyStoppingThreshold: expected a number from 0, got ${earlyStoppingThreshold}`);
  }
}

/** Follows the evaluations of a run. */
export class BestMetric {
  readonly metric: string;
  readonly #sign: 1 | -1;
  readonly #patience: number;
  readonly #threshold: number;
  #best: BestEvaluation | null = null;
  #withoutGain = 0;

  constructor(options: BestMetricOptions) {
    const { metricForBestModel = "eval_loss" } = options;
    this.metric = metricForBestModel.startsWith("eval_") ? metricForBestModel : `eval_${metricForBestModel}`;
    const { greaterIsBetter = !this.metric.endsWith("loss") } = options;
    this.#sign = greaterIsBetter ? 1 : -1;
    this.#patience = options.earlyStoppingPatience ?? Infinity;
    this.#threshold = options.earlyStoppingThreshold ?? 0;
  }

  /** The best evaluation so far. */
  get best(): BestEvaluation | null {
    return this.#best;
  }

  /** Evaluations since the last one that was better by more than the threshold. */
  get withoutGain(): number {
    return this.#withoutGain;
  }

  /** Whether patience has run out. */
  get isExhausted(): boolean {
    return this.#withoutGain >= this.#patience;
  }

  /** Goes on where a checkpoint left off. */
  restore(best: BestEvaluation | null, withoutGain: number): void {
    this.#best = best;
    this.#withoutGain = withoutGain;
  }

  /**
   * Takes an evaluation.
   *
   * @returns Whether it is the best so far.
   * @throws When it has not the metric that decides, naming those it has.
   */
  add(step: number, metrics: Metrics): boolean {
    const value = metrics[this.metric];
    if (value === undefined) {
      const known = Object.keys(metrics).filter((name) => name.startsWith("eval_")).join(", ");
      throw new Error(`metricForBestModel: the evaluation gave no "${this.metric}"; expected one of ${known}`);
    }
    let gain = this.#best ? this.#sign * (value - this.#best.value) : Infinity;
    // A value that is not finite is never the best one, not even as the first.
    if (!Number.isFinite(value)) gain = -Infinity;
    this.#withoutGain = gain > this.#threshold ? 0 : this.#withoutGain + 1;
    if (!(gain > 0)) return false;
    this.#best = { step, metric: this.metric, value };
    return true;
  }
}
