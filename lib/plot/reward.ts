import { deviationBand } from "./band.ts";
import { type CurveOptions, drawCurve } from "./curve.ts";
import type { Line } from "./line.ts";
import { nothingToDraw } from "./nothing.ts";
import { type Along, metricPoints } from "./points.ts";
import { isComparison, type MetricRows, rewardNames, runsOf, type StepRow } from "./rows.ts";
import type { SvgString } from "./svg.ts";
import { seriesColor, seriesDash, theme } from "./theme.ts";

/** Options of the reward chart. */
export interface RewardCurveOptions extends CurveOptions {
  /** False leaves the parts (`rewards/NAME/mean`) out. Default true for one run; several runs show totals only. */
  parts?: boolean;
}

/**
 * Reward over steps: the total (`reward`) as the strongest line with a band of one standard deviation (`reward_std`),
 * and each reward function's mean (`rewards/NAME/mean`) in its own colour. Several runs are compared by their totals;
 * {@link rewardParts} compares them part by part.
 *
 * ```ts
 * const { rows } = await readRun("outputs/01-grpo-gsm8k-001");
 * await saveChart(rewardCurve(rows), "outputs/01-grpo-gsm8k-001/reward");
 * ```
 */
export function rewardCurve(data: MetricRows, options: RewardCurveOptions = {}): SvgString {
  const comparison = isComparison(data);
  const lines = runsOf(data).flatMap(({ name, rows }, index): Line[] => {
    const total: Line = {
      label: comparison ? name : "total",
      color: comparison ? seriesColor(index) : theme.colors.ink,
      dash: comparison ? seriesDash(index) : undefined,
      strokeWidth: comparison ? undefined : theme.strokes.emphasis,
      points: metricPoints(rows, "reward", options.along),
      band: comparison
        ? undefined
        : { label: "± reward_std", edges: deviationBand(rows, "reward", "reward_std", options.along) },
    };
    return comparison || options.parts === false ? [total] : [total, ...partsOf(rows, options.along)];
  });
  return drawCurve({
    title: "Reward",
    yLabel: "mean over completions",
    include: [0],
    lines,
    nothing: nothingToDraw(data, "reward", options.along),
    latest: !comparison,
  }, options);
}

/**
 * One reward function's mean, with a band of one standard deviation where a single run logs it.
 *
 * @param index number of the function among all, which gives a single run's line the colour it has in the total's chart
 */
export function rewardPartCurve(data: MetricRows, name: string, index: number, options: CurveOptions = {}): SvgString {
  const comparison = isComparison(data);
  const metric = `rewards/${name}/mean`;
  return drawCurve({
    title: name,
    yLabel: "mean over completions",
    include: [0],
    lines: runsOf(data).map((run, runIndex): Line => ({
      label: comparison ? run.name : name,
      color: seriesColor(comparison ? runIndex : index),
      dash: seriesDash(comparison ? runIndex : index),
      points: metricPoints(run.rows, metric, options.along),
      band: comparison
        ? undefined
        : { label: "± 1 sd", edges: deviationBand(run.rows, metric, `rewards/${name}/std`, options.along) },
    })),
    nothing: nothingToDraw(data, metric, options.along),
    latest: !comparison,
  }, options);
}

/** One line for each reward function. Their raw values would bury the total's, so they have none. */
function partsOf(rows: readonly StepRow[], along?: Along): Line[] {
  return rewardNames(rows).map((name, index) => ({
    label: name,
    color: seriesColor(index),
    dash: seriesDash(index),
    points: metricPoints(rows, `rewards/${name}/mean`, along),
    raw: false,
  }));
}
