import { type CurveOptions, drawCurve } from "./curve.ts";
import type { BandEdge, Line } from "./line.ts";
import {
  isComparison,
  metricPoints,
  type MetricRows,
  nothingToDraw,
  rewardNames,
  runsOf,
  type StepRow,
} from "./rows.ts";
import type { SvgString } from "./svg.ts";
import { seriesColor, seriesDash, theme } from "./theme.ts";

/** Options of the reward chart. */
export interface RewardCurveOptions extends CurveOptions {
  /** False leaves the parts (`rewards/NAME/mean`) out. Default true for one run; several runs show totals only. */
  parts?: boolean;
}

/**
 * Reward over steps: the total (`reward`) as the strongest line with a band of one standard deviation (`reward_std`),
 * and each reward function's mean (`rewards/NAME/mean`) in its own colour. Several runs are compared by their totals.
 */
export function rewardCurve(data: MetricRows, options: RewardCurveOptions = {}): SvgString {
  const comparison = isComparison(data);
  const lines = runsOf(data).flatMap(({ name, rows }, index): Line[] => {
    const total: Line = {
      label: comparison ? name : "total",
      color: comparison ? seriesColor(index) : theme.colors.ink,
      dash: comparison ? seriesDash(index) : undefined,
      strokeWidth: theme.strokes.emphasis,
      points: metricPoints(rows, "reward"),
      band: comparison ? undefined : { label: "± reward_std", edges: spread(rows) },
    };
    return comparison || options.parts === false ? [total] : [total, ...partsOf(rows)];
  });
  return drawCurve({
    title: "Reward",
    yLabel: "mean over completions",
    include: [0],
    lines,
    nothing: nothingToDraw(data, "reward"),
    latest: !comparison,
  }, options);
}

/** One line for each reward function. Their dots would bury the total's, so they have none. */
function partsOf(rows: readonly StepRow[]): Line[] {
  return rewardNames(rows).map((name, index) => ({
    label: name,
    color: seriesColor(index),
    dash: seriesDash(index),
    points: metricPoints(rows, `rewards/${name}/mean`),
    dots: false,
  }));
}

/** Mean minus and plus one standard deviation, at the steps that log both. */
function spread(rows: readonly StepRow[]): BandEdge[] {
  const deviations = new Map(metricPoints(rows, "reward_std").map(({ step, value }) => [step, value]));
  return metricPoints(rows, "reward").flatMap(({ step, value }) => {
    const deviation = deviations.get(step);
    return deviation === undefined ? [] : [{ step, low: value - deviation, high: value + deviation }];
  });
}
