/** A progress bar for training: what a trainer yields passes through, and is shown on its way. */

import { formatBytes, peakMemory } from "./peak_memory.ts";
import { type ProgressBar, progressBar, type ProgressOptions } from "./progress.ts";
import { formatValue } from "./table.ts";

/** What the bar reads of a trainer's step. */
export interface ProgressStep {
  /** From 1. */
  step: number;
  totalSteps: number;
  /** `loss` or `reward`, the same with `eval_`, and `num_tokens` are shown. */
  metrics: Readonly<Record<string, number>>;
  /** Shown above the bar. */
  notes?: readonly string[];
}

/** Options of {@link withProgress}. */
export type TrainingProgressOptions = Omit<ProgressOptions, "unit" | "initial" | "startedAt"> & {
  /** Largest resident memory so far in bytes. Default: this process's. */
  peakMemory?: () => number;
};

/**
 * Passes a trainer's steps through unchanged and shows a bar with the step, loss or reward, real tokens a second over the
 * last steps, time left and peak memory; notes appear as lines above it. A display that fails does not end the run.
 *
 * @example
 * ```ts ignore
 * for await (const step of withProgress(sft(options), { label: "SFT" })) await run.log(step);
 * ```
 */
export async function* withProgress<S extends ProgressStep>(
  steps: AsyncIterable<S>,
  options: TrainingProgressOptions = {},
): AsyncGenerator<S, void, undefined> {
  const { now = () => performance.now(), peakMemory: peak = peakMemory } = options;
  const startedAt = now();
  const rate = new TokenRate();
  let bar: ProgressBar | undefined;
  let evaluation = "";
  try {
    for await (const step of steps) {
      const { totalSteps, metrics, notes = [] } = step;
      if (!bar) {
        const initial = step.step - 1;
        bar = progressBar(totalSteps, { ...options, unit: "step", now, startedAt, initial });
        // A resumed run does not say how many tokens came before.
        if (initial === 0) rate.add(startedAt, 0);
      }
      if (metrics.num_tokens !== undefined) rate.add(now(), metrics.num_tokens);
      const name = "reward" in metrics ? "reward" : "loss";
      const evaluated = [`eval_${name}`, "eval_loss"].find((key) => key in metrics);
      if (evaluated) evaluation = `${evaluated} ${formatValue(metrics[evaluated])}`;
      const parts = [
        name in metrics ? `${name} ${formatValue(metrics[name])}` : "",
        evaluation,
        rate.perSecond > 0 ? `${Math.round(rate.perSecond).toLocaleString("en")} tokens/s` : "",
        `peak ${formatBytes(peak())}`,
      ];
      bar.update(step.step, parts.filter((part) => part !== "").join("  "));
      for (const note of notes) bar.print(`step ${step.step}: ${note}`);
      yield step;
    }
  } finally {
    try {
      await bar?.finish();
    } catch (error) {
      console.warn("the progress bar could not be drawn:", error);
    }
  }
}

/** Steps over which the rate of tokens is measured. */
const RATE_STEPS = 10;

/** Tokens a second over the last steps. */
class TokenRate {
  readonly #points: { milliseconds: number; tokens: number }[] = [];

  /** @param tokens Counted from the beginning of the run. */
  add(milliseconds: number, tokens: number): void {
    this.#points.push({ milliseconds, tokens });
    if (this.#points.length > RATE_STEPS + 1) this.#points.shift();
  }

  /** 0 as long as it is not known. */
  get perSecond(): number {
    const [first, last] = [this.#points[0], this.#points.at(-1)];
    if (first === undefined || last === undefined) return 0;
    const seconds = (last.milliseconds - first.milliseconds) / 1000;
    return seconds > 0 ? (last.tokens - first.tokens) / seconds : 0;
  }
}
