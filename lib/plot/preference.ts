import { type Curve, type CurveOptions, drawCurve } from "./curve.ts";
import type { LegendEntry } from "./header.ts";
import type { Line } from "./line.ts";
import { HELD_OUT, heldOutEntries } from "./loss.ts";
import { linesOfMetric } from "./metric_curves.ts";
import { nothingToDraw } from "./nothing.ts";
import { metricPoints } from "./points.ts";
import { hasMetric, isComparison, type MetricRows, runsOf } from "./rows.ts";
import type { SvgString } from "./svg.ts";
import { seriesColor, seriesDash, theme } from "./theme.ts";

/** Options of the chart of chosen and rejected answers. */
export interface ChosenRejectedOptions extends CurveOptions {
  /**
   * "rewards" (default): implicit rewards, beta times how much likelier the policy finds an answer than the reference
   * does. "logps": log-probabilities of whole answers.
   */
  of?: "rewards" | "logps";
}

const REJECTED_DASH = "5 3";

/** For several runs, one entry that stands for the rejected answers of all. */
export function rejectedEntries(data: MetricRows): LegendEntry[] {
  if (!isComparison(data) || !runsOf(data).some(({ rows }) => rows.length > 0)) return [];
  return [{ label: "rejected", color: theme.colors.muted, shape: "line", dash: REJECTED_DASH }];
}

/**
 * Preference training: chosen against rejected answers (`rewards/chosen`, `rewards/rejected`, or `logps/...`). Both may
 * fall while their distance grows; a chosen line that sinks far is a warning. With several runs a colour each, rejected
 * answers dashed.
 *
 * ```ts
 * const { rows } = await readRun("outputs/dpo-001");
 * chosenRejectedCurve(rows, { of: "logps" });
 * ```
 */
export function chosenRejectedCurve(data: MetricRows, options: ChosenRejectedOptions = {}): SvgString {
  const { of = "rewards", along } = options;
  const comparison = isComparison(data);
  const lines = runsOf(data).flatMap(({ name, rows }, index): Line[] => [
    {
      label: comparison ? name : "chosen",
      color: seriesColor(index),
      points: metricPoints(rows, `${of}/chosen`, along),
      dash: seriesDash(index),
    },
    {
      label: comparison ? `${name}, rejected` : "rejected",
      color: seriesColor(comparison ? index : 1),
      points: metricPoints(rows, `${of}/rejected`, along),
      dash: comparison ? REJECTED_DASH : undefined,
      raw: !comparison,
      named: !comparison,
    },
  ]);
  return drawCurve({
    title: of === "rewards" ? "Implicit rewards" : "Log-probabilities of answers",
    yLabel: of === "rewards" ? "reward, mean over pairs" : "nats, mean over pairs",
    lines,
    include: of === "rewards" ? [0] : [],
    nothing: nothingToDraw(data, `${of}/chosen`, along),
    entries: rejectedEntries(data),
  }, options);
}

/**
 * Mean distance between the implicit rewards of chosen and rejected answers (`rewards/margins`), and where the rows have it
 * that of held-out pairs (`eval_rewards/margins`) as marked points.
 */
export function marginCurve(data: MetricRows, options: CurveOptions = {}): SvgString {
  return drawCurve({
    title: "Reward margin",
    yLabel: "chosen − rejected, mean over pairs",
    include: [0],
    ...withHeldOut(data, "rewards/margins", options),
  }, options);
}

/**
 * Share of pairs in which the chosen answer has the higher implicit reward (`rewards/accuracies`); half is chance. Held-out
 * pairs (`eval_rewards/accuracies`) as marked points.
 */
export function preferenceAccuracyCurve(data: MetricRows, options: CurveOptions = {}): SvgString {
  const accuracy: Omit<Curve, "lines" | "nothing"> = {
    title: "Preference accuracy",
    yLabel: "pairs with the chosen answer ahead",
    include: [0, 1],
    share: true,
    reference: 0.5,
  };
  return drawCurve({ ...accuracy, ...withHeldOut(data, "rewards/accuracies", options) }, options);
}

/** The lines of a metric, and after each run's the one of its held-out pairs, if it has any. */
function withHeldOut(data: MetricRows, metric: string, options: CurveOptions) {
  const curve = linesOfMetric(data, metric, options);
  if (!hasMetric(data, `eval_${metric}`)) return curve;
  const comparison = isComparison(data);
  const heldOut = linesOfMetric(data, `eval_${metric}`, options, {
    smoothed: false,
    named: !comparison,
    strokeWidth: HELD_OUT.strokeWidth,
  }).lines;
  const lines = curve.lines.flatMap((line, index): Line[] => [
    comparison ? line : { ...line, label: "training" },
    comparison
      ? { ...heldOut[index], label: `${line.label}, held-out`, dash: HELD_OUT.dash }
      : { ...heldOut[index], label: "held-out", color: seriesColor(1) },
  ]);
  return { ...curve, lines, entries: heldOutEntries(data) };
}
