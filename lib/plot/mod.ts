/**
 * Charts of training runs as SVG and PNG, drawn without a browser, in one style, and live in a notebook cell.
 *
 * Rows are what the trainers yield: objects with `step` and metrics under TRL's names. The same rows give the same
 * bytes.
 *
 * @module
 */
export { accuracyBars, type AccuracyGroup } from "./accuracy.ts";
export { type ConfusionCounts, confusionMatrix, type ConfusionMatrixOptions } from "./confusion_matrix.ts";
export { type CurveOptions } from "./curve.ts";
export { dashboard, type DashboardOptions, type Panel, type PanelSize } from "./dashboard.ts";
export { type DistributionOptions, distributionOverSteps } from "./distribution.ts";
export { type LegendEntry } from "./header.ts";
export { histogram, type HistogramOptions, type HistogramValues } from "./histogram.ts";
export { intervalDots, type IntervalDotsOptions, type IntervalRow } from "./interval_dots.ts";
export { lengthCurve } from "./length.ts";
export { type ChartDisplay, type LiveChart, liveChart, type LiveChartOptions } from "./live.ts";
export { lossCurve } from "./loss.ts";
export {
  entropyCurve,
  gradNormCurve,
  klCurve,
  learningRateCurve,
  metricCurve,
  type MetricCurveOptions,
  tokenAccuracyCurve,
} from "./metric_curves.ts";
export { metricsCurve, type MetricsCurveOptions } from "./metrics_curve.ts";
export { type Along } from "./points.ts";
export { type PngOptions, toPng } from "./png.ts";
export { clipFractionCurve, episodeKlCurve, policyEntropyCurve, scoreCurve, valueLossCurve } from "./ppo_curves.ts";
export { chosenRejectedCurve, type ChosenRejectedOptions, marginCurve, preferenceAccuracyCurve } from "./preference.ts";
export { type ChartOptions, renderPlot } from "./render.ts";
export { ridgeline, type RidgelineOptions } from "./ridgeline.ts";
export { rewardCurve, type RewardCurveOptions } from "./reward.ts";
export { type MetricRows, type StepRow } from "./rows.ts";
export { readRun, readRuns, type RunRows } from "./run.ts";
export { saveChart, type SavedChart } from "./save.ts";
export { smooth } from "./smooth.ts";
export { type SvgString } from "./svg.ts";
export { seriesColor, theme } from "./theme.ts";
export { throughputCurve } from "./throughput.ts";
export { timeline, type TimelineBar, type TimelineOptions, type TimelineRow } from "./timeline.ts";
export {
  dpoDashboard,
  grpoDashboard,
  ppoDashboard,
  rewardParts,
  sftDashboard,
  type TrainingDashboardOptions,
} from "./training_dashboards.ts";
