import { type CurveOptions, drawCurve } from "./curve.ts";
import type { Line } from "./line.ts";
import { nothingToDraw } from "./nothing.ts";
import { metricPoints } from "./points.ts";
import { isComparison, type MetricRows, runsOf } from "./rows.ts";
import type { SvgString } from "./svg.ts";
import { seriesColor, seriesDash } from "./theme.ts";

/** Options of a chart of several metrics. */
export interface MetricsCurveOptions extends CurveOptions {
  title: string;
  /** Name and unit of the value axis. */
  yLabel: string;
  /** True for shares from 0 to 1: the axis spans them all, in percent. */
  share?: boolean;
  /** A value that others are measured against, such as chance: a dashed line. */
  reference?: number;
}

/**
 * Several metrics of one kind over training steps, a colour each; of several runs the first metric only, a colour for
 * each run.
 *
 * ```ts
 * metricsCurve(rows, { answers: "r3/answered", "right answers": "r3/em" }, { title: "Chains", yLabel: "share", share: true });
 * ```
 *
 * @param metrics names of metrics in the rows, each under the name that the legend gives it
 */
export function metricsCurve(
  data: MetricRows,
  metrics: Readonly<Record<string, string>>,
  { title, yLabel, share = false, reference, ...options }: MetricsCurveOptions,
): SvgString {
  const named = Object.entries(metrics);
  if (named.length === 0) throw new RangeError("metricsCurve: expected at least one metric");
  const comparison = isComparison(data);
  const lines = runsOf(data).flatMap(({ name, rows }, run): Line[] =>
    named.slice(0, comparison ? 1 : named.length).map(([label, metric], index) => ({
      label: comparison ? name : label,
      color: seriesColor(comparison ? run : index),
      dash: seriesDash(comparison ? run : index),
      points: metricPoints(rows, metric, options.along),
      raw: comparison || named.length === 1,
    }))
  );
  const nothing = nothingToDraw(data, named.map(([, metric]) => metric).join(", "), options.along);
  return drawCurve({ title, yLabel, lines, nothing, share, reference, include: share ? [0, 1] : [0] }, options);
}
