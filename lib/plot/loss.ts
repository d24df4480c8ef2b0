import { type CurveOptions, drawCurve } from "./curve.ts";
import type { LegendEntry } from "./header.ts";
import type { Line } from "./line.ts";
import { nothingToDraw } from "./nothing.ts";
import { metricPoints } from "./points.ts";
import { hasMetric, isComparison, type MetricRows, runsOf } from "./rows.ts";
import type { SvgString } from "./svg.ts";
import { seriesColor, seriesDash, theme } from "./theme.ts";

/** How a line of held-out data differs from that of training. */
export const HELD_OUT = { dash: "4 3", strokeWidth: theme.strokes.thin } as const;

/** For several runs, one entry that stands for the held-out losses of all. */
export function heldOutEntries(data: MetricRows): LegendEntry[] {
  if (!isComparison(data) || !hasMetric(data, "eval_loss")) return [];
  return [{ label: "held-out", color: theme.colors.muted, shape: "dotted line", dash: HELD_OUT.dash }];
}

/**
 * Training loss (`loss`) over steps, and where the rows have it the loss on held-out data (`eval_loss`) as marked
 * points that no smoothing touches. With several runs a colour each, held-out losses dashed.
 *
 * ```ts
 * const { rows } = await readRun("outputs/sft-001");
 * await saveChart(lossCurve(rows, { title: "SFT loss" }), "outputs/sft-001/loss");
 * ```
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
        points: metricPoints(rows, "loss", options.along),
      },
      {
        label: comparison ? `${name}, held-out` : "held-out",
        color: comparison ? color : seriesColor(1),
        points: metricPoints(rows, "eval_loss", options.along),
        smoothed: false,
        named: !comparison,
        strokeWidth: HELD_OUT.strokeWidth,
        dash: comparison ? HELD_OUT.dash : undefined,
      },
    ];
  });
  return drawCurve({
    title: "Loss",
    yLabel: "loss",
    lines,
    nothing: nothingToDraw(data, "loss", options.along),
    latest: !comparison,
    entries: heldOutEntries(data),
  }, options);
}
