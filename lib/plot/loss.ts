import { type CurveOptions, drawCurve } from "./curve.ts";
import type { Line } from "./line.ts";
import { isComparison, metricPoints, type MetricRows, nothingToDraw, runsOf } from "./rows.ts";
import type { SvgString } from "./svg.ts";
import { seriesColor, seriesDash, theme } from "./theme.ts";

/**
 * Training loss (`loss`) over steps, and where the rows have it the loss on held-out data (`eval_loss`) as marked
 * points that no smoothing touches. With several runs a colour each, held-out losses dashed.
 */
export function lossCurve(data: MetricRows, options: CurveOptions = {}): SvgString {
  const comparison = isComparison(data);
  const lines = runsOf(data).flatMap(({ name, rows }, index): Line[] => {
    const color = seriesColor(index);
    return [
      {
        label: comparison ? name : "training",
        color,
        dash: seriesDash(index),
        points: metricPoints(rows, "loss"),
      },
      {
        label: comparison ? `${name}, held-out` : "held-out",
        color: comparison ? color : seriesColor(1),
        points: metricPoints(rows, "eval_loss"),
        smoothed: false,
        dash: comparison ? "4 3" : undefined,
        strokeWidth: theme.strokes.thin,
      },
    ];
  });
  return drawCurve({
    title: "Loss",
    yLabel: "loss",
    lines,
    nothing: nothingToDraw(data, "loss"),
    latest: !comparison,
  }, options);
}
