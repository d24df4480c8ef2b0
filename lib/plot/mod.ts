/**
 * Charts of training runs as SVG and PNG, drawn without a browser, in one style, and live in a notebook cell.
 *
 * Rows are what the trainers yield: objects with `step` and metrics under TRL's names. The same rows give the same
 * bytes.
 *
 * @module
 */
export { accuracyBars, type AccuracyGroup } from "./accuracy.ts";
export { type CurveOptions } from "./curve.ts";
export { dashboard, type DashboardOptions, type Panel, type PanelSize } from "./dashboard.ts";
export { type LegendEntry } from "./header.ts";
export { histogram, type HistogramOptions, type HistogramValues } from "./histogram.ts";
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
} from "./metric_curves.ts";
export { type PngOptions, toPng } from "./png.ts";
export { type ChartOptions, renderPlot } from "./render.ts";
export { rewardCurve, type RewardCurveOptions } from "./reward.ts";
export { type MetricRows, type StepRow } from "./rows.ts";
export { saveChart, type SavedChart } from "./save.ts";
export { smooth } from "./smooth.ts";
export { type SvgString } from "./svg.ts";
export { seriesColor, theme } from "./theme.ts";
export { grpoDashboard, sftDashboard, type TrainingDashboardOptions } from "./training_dashboards.ts";
