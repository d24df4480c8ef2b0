import type { CurveOptions } from "./curve.ts";
import { dashboard, type DashboardOptions, type Panel } from "./dashboard.ts";
import type { LegendEntry } from "./header.ts";
import { lengthCurve } from "./length.ts";
import { lossCurve } from "./loss.ts";
import { entropyCurve, gradNormCurve, klCurve, learningRateCurve, metricCurve } from "./metric_curves.ts";
import { rewardCurve } from "./reward.ts";
import { hasMetric, isComparison, type MetricRows, runsOf } from "./rows.ts";
import type { SvgString } from "./svg.ts";
import { seriesColor, seriesDash } from "./theme.ts";

/** Options of a ready-made dashboard: its words and grid, and how its curves are drawn. */
export interface TrainingDashboardOptions
  extends Omit<DashboardOptions, "legend">, Pick<CurveOptions, "smoothing" | "totalSteps"> {}

/**
 * A GRPO run at a glance: reward and its parts, completion length, KL, entropy, loss, learning rate. A run without a KL
 * term logs no `kl`; its place then goes to the gradient norm.
 */
export function grpoDashboard(data: MetricRows, options: TrainingDashboardOptions = {}): SvgString {
  const hasRows = runsOf(data).some(({ rows }) => rows.length > 0);
  const curves = [
    rewardCurve,
    lengthCurve,
    hasRows && !hasMetric(data, "kl") ? gradNormCurve : klCurve,
    entropyCurve,
    lossCurve,
    learningRateCurve,
  ];
  return trainingDashboard("GRPO", data, curves, options);
}

/**
 * A fine-tuning run at a glance: loss on training and held-out data, learning rate, gradient norm, and, where the rows
 * have it, the share of tokens predicted exactly (`mean_token_accuracy`).
 */
export function sftDashboard(data: MetricRows, options: TrainingDashboardOptions = {}): SvgString {
  const tokenAccuracy = (rows: MetricRows, curve: CurveOptions) =>
    metricCurve(rows, "mean_token_accuracy", { title: "Token accuracy", yLabel: "share of tokens", ...curve });
  const curves = [
    lossCurve,
    ...(hasMetric(data, "mean_token_accuracy") ? [tokenAccuracy] : []),
    gradNormCurve,
    learningRateCurve,
  ];
  return trainingDashboard("SFT", data, curves, { columns: curves.length === 4 ? 2 : undefined, ...options });
}

function trainingDashboard(
  title: string,
  data: MetricRows,
  curves: readonly ((data: MetricRows, options: CurveOptions) => SvgString)[],
  { smoothing, totalSteps, ...options }: TrainingDashboardOptions,
): SvgString {
  const comparison = isComparison(data);
  const panels = curves.map((curve): Panel => (size) =>
    // The names of the runs stand once, above the panels.
    curve(data, { ...size, smoothing, totalSteps, legend: !comparison })
  );
  return dashboard(panels, { title, ...options, legend: comparison ? runLegend(data) : undefined });
}

function runLegend(data: MetricRows): LegendEntry[] {
  return runsOf(data).map(({ name }, index) => ({
    label: name,
    color: seriesColor(index),
    dash: seriesDash(index),
    shape: "line",
  }));
}
