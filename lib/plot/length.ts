import { rangeBand } from "./band.ts";
import { type CurveOptions, drawCurve } from "./curve.ts";
import { linesOfMetric } from "./metric_curves.ts";
import { hasMetric, isComparison, type MetricRows, runsOf } from "./rows.ts";
import type { SvgString } from "./svg.ts";

/**
 * Mean length of completions in tokens (`completions/mean_length`), for one run with a band from the shortest to the
 * longest (`completions/min_length`, `completions/max_length`), and below it, where the rows have it, the share of
 * completions that were cut off at the length limit (`completions/clipped_ratio`).
 *
 * ```ts
 * lengthCurve([{ step: 1, "completions/mean_length": 120, "completions/clipped_ratio": 0.1 }]);
 * ```
 */
export function lengthCurve(data: MetricRows, options: CurveOptions = {}): SvgString {
  const clipped = "completions/clipped_ratio";
  const { lines, ...rest } = linesOfMetric(data, "completions/mean_length", options);
  const runs = runsOf(data);
  return drawCurve({
    title: "Completion length",
    yLabel: "tokens, mean",
    include: [0],
    strip: hasMetric(data, clipped)
      ? { yLabel: "cut off at the limit", lines: linesOfMetric(data, clipped, options).lines }
      : undefined,
    ...rest,
    lines: isComparison(data) ? lines : lines.map((line, i) => ({
      ...line,
      band: {
        label: "shortest to longest",
        edges: rangeBand(runs[i].rows, "completions/min_length", "completions/max_length", options.along),
      },
    })),
  }, options);
}
