import { type CurveOptions, drawCurve } from "./curve.ts";
import { linesOfMetric } from "./metric_curves.ts";
import { hasMetric, type MetricRows } from "./rows.ts";
import type { SvgString } from "./svg.ts";

/**
 * Mean length of completions in tokens (`completions/mean_length`), and below it, where the rows have it, the share of
 * completions that were cut off at the length limit (`completions/clipped_ratio`).
 */
export function lengthCurve(data: MetricRows, options: CurveOptions = {}): SvgString {
  const clipped = "completions/clipped_ratio";
  return drawCurve({
    title: "Completion length",
    yLabel: "tokens, mean",
    include: [0],
    strip: hasMetric(data, clipped)
      ? { yLabel: "cut off at the limit", lines: linesOfMetric(data, clipped).lines }
      : undefined,
    ...linesOfMetric(data, "completions/mean_length"),
  }, options);
}
