import { type CurveOptions, drawCurve } from "./curve.ts";
import { linesOfMetric } from "./metric_curves.ts";
import { isDrawable, type MetricRows, type StepRow } from "./rows.ts";
import type { SvgString } from "./svg.ts";

const RATE = "tokens_per_second";

/**
 * Tokens per second: `tokens_per_second` where it is logged, else what `num_tokens` grew by since the row before,
 * divided by the step's `step_time` in seconds.
 *
 * ```ts
 * throughputCurve([{ step: 1, num_tokens: 900, step_time: 1 }, { step: 2, num_tokens: 2000, step_time: 1 }]);
 * ```
 */
export function throughputCurve(data: MetricRows, options: CurveOptions = {}): SvgString {
  const withRate = "runs" in data
    ? { runs: Object.fromEntries(Object.entries(data.runs).map(([name, rows]) => [name, tokenRates(rows)])) }
    : tokenRates(data);
  return drawCurve({
    title: "Throughput",
    yLabel: "tokens per second",
    include: [0],
    ...linesOfMetric(withRate, RATE, options),
  }, options);
}

/** The rows with `tokens_per_second` added where it follows from the others. */
export function tokenRates(rows: readonly StepRow[]): StepRow[] {
  let before: { step: number; tokens: number } | undefined = { step: 0, tokens: 0 };
  return rows.map((row) => {
    const { step, num_tokens: tokens, step_time: seconds } = row;
    if (row[RATE] !== undefined || !isDrawable(tokens) || !isDrawable(step)) return row;
    const { step: lastStep, tokens: lastTokens } = before!;
    before = { step, tokens };
    // Rows of a run that began elsewhere, or that skip steps, do not say what one step took.
    const isNext = step === lastStep + 1 && tokens >= lastTokens;
    return isNext && isDrawable(seconds) && seconds > 0 ? { ...row, [RATE]: (tokens - lastTokens) / seconds } : row;
  });
}
