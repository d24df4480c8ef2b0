import { type Curve, type CurveOptions, drawCurve } from "./curve.ts";
import type { Line } from "./line.ts";
import { nothingToDraw } from "./nothing.ts";
import { metricPoints } from "./points.ts";
import { isComparison, type MetricRows, runsOf } from "./rows.ts";
import type { SvgString } from "./svg.ts";
import { seriesColor, seriesDash } from "./theme.ts";

/** Options of a chart of any metric. */
export interface MetricCurveOptions extends CurveOptions {
  /** Name and unit of the value axis. Default: the metric's name. */
  yLabel?: string;
}

/**
 * A metric over training steps: a smoothed line, its raw values faintly behind it, the latest value in words. Several
 * runs are drawn over each other, a colour each.
 *
 * ```ts
 * metricCurve([{ step: 1, loss: 3 }, { step: 2, loss: 2.5 }], "loss");
 * metricCurve({ runs: { "rank 8": first, "rank 64": second } }, "loss", { along: "time" });
 * ```
 *
 * @param data rows of step metrics, or `{ runs: { name: rows } }`
 * @param metric name of the metric in the rows, such as "loss" or "completions/clipped_ratio"
 */
export function metricCurve(data: MetricRows, metric: string, options: MetricCurveOptions = {}): SvgString {
  return drawCurve({
    title: metric,
    yLabel: options.yLabel ?? metric,
    ...linesOfMetric(data, metric, options),
  }, options);
}

/** KL divergence of the policy from the reference model (`kl`). */
export function klCurve(data: MetricRows, options: CurveOptions = {}): SvgString {
  return drawCurve({
    title: "KL from the reference",
    yLabel: "nats per token",
    include: [0],
    ...linesOfMetric(data, "kl", options),
  }, options);
}

/** Entropy of the next-token distribution (`entropy`): near zero means the policy has stopped exploring. */
export function entropyCurve(data: MetricRows, options: CurveOptions = {}): SvgString {
  return drawCurve({
    title: "Entropy",
    yLabel: "nats per token",
    include: [0],
    ...linesOfMetric(data, "entropy", options),
  }, options);
}

/** Share of tokens predicted exactly (`mean_token_accuracy`). */
export function tokenAccuracyCurve(data: MetricRows, options: CurveOptions = {}): SvgString {
  return drawCurve({
    title: "Token accuracy",
    yLabel: "share of tokens",
    ...linesOfMetric(data, "mean_token_accuracy", options),
  }, options);
}

/** Learning rate by step (`learning_rate`), drawn as it is: a schedule is exact. */
export function learningRateCurve(data: MetricRows, options: CurveOptions = {}): SvgString {
  return drawCurve({
    title: "Learning rate",
    yLabel: "learning rate",
    include: [0],
    ...linesOfMetric(data, "learning_rate", options, { smoothed: false, raw: false }),
  }, options);
}

/** Norm of the gradient before clipping (`grad_norm`). */
export function gradNormCurve(data: MetricRows, options: CurveOptions = {}): SvgString {
  return drawCurve({
    title: "Gradient norm",
    yLabel: "L2 norm before clipping",
    include: [0],
    ...linesOfMetric(data, "grad_norm", options),
  }, options);
}

/** A line for each run of a metric, and what to say when there is none. */
export function linesOfMetric(
  data: MetricRows,
  metric: string,
  { along }: CurveOptions,
  style: Partial<Line> = {},
): Pick<Curve, "lines" | "nothing" | "latest"> {
  const comparison = isComparison(data);
  return {
    lines: runsOf(data).map(({ name, rows }, index) => ({
      label: comparison ? name : metric,
      color: seriesColor(index),
      dash: seriesDash(index),
      points: metricPoints(rows, metric, along),
      ...style,
    })),
    nothing: nothingToDraw(data, metric, along),
    latest: !comparison,
  };
}
