import type { CurveOptions } from "./curve.ts";
import { dashboard, type DashboardOptions, type Panel } from "./dashboard.ts";
import type { LegendEntry } from "./header.ts";
import { lengthCurve } from "./length.ts";
import { heldOutEntries, lossCurve } from "./loss.ts";
import { entropyCurve, gradNormCurve, klCurve, learningRateCurve, tokenAccuracyCurve } from "./metric_curves.ts";
import { clipFractionCurve, episodeKlCurve, policyEntropyCurve, scoreCurve, valueLossCurve } from "./ppo_curves.ts";
import { chosenRejectedCurve, marginCurve, preferenceAccuracyCurve, rejectedEntries } from "./preference.ts";
import { rewardCurve, rewardPartCurve } from "./reward.ts";
import { hasMetric, isComparison, type MetricRows, rewardNames, runsOf } from "./rows.ts";
import type { SvgString } from "./svg.ts";
import { seriesColor, seriesDash } from "./theme.ts";
import { throughputCurve } from "./throughput.ts";

/** Options of a ready-made dashboard: its words and grid, and how its curves are drawn. */
export interface TrainingDashboardOptions
  extends Omit<DashboardOptions, "legend">, Pick<CurveOptions, "smoothing" | "totalSteps" | "along"> {}

type DrawCurve = (data: MetricRows, options: CurveOptions) => SvgString;

/**
 * A GRPO run at a glance: reward and its parts, completion length, KL, entropy, loss, learning rate. A run without a KL
 * term logs no `kl`; its place then goes to the gradient norm.
 *
 * ```ts
 * const chart = liveChart({ draw: grpoDashboard, display });
 * ```
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
  return trainingDashboard("GRPO", data, curves, options, heldOutEntries(data));
}

/**
 * Each reward function on its own (`rewards/NAME/mean`, and `rewards/NAME/std` as a band), after the total: which part
 * of the reward moves, and in several runs which run it moves in.
 *
 * ```ts
 * rewardParts(await readRuns(["outputs/01-grpo-gsm8k-001", "outputs/01-grpo-gsm8k-002"]), { along: "time" });
 * ```
 */
export function rewardParts(data: MetricRows, options: TrainingDashboardOptions = {}): SvgString {
  const names = [...new Set(runsOf(data).flatMap(({ rows }) => rewardNames(rows)))];
  const total: DrawCurve = (rows, curve) => rewardCurve(rows, { ...curve, parts: false, title: "Total" });
  const parts = names.map((name, index): DrawCurve => (rows, curve) => rewardPartCurve(rows, name, index, curve));
  const columns = names.length === 1 || names.length === 3 ? 2 : undefined;
  return trainingDashboard("Reward and its parts", data, [total, ...parts], { columns, ...options });
}

/**
 * A fine-tuning run at a glance: loss on training and held-out data, learning rate, gradient norm, and, where the rows
 * have it, the share of tokens predicted exactly, entropy, and tokens per second.
 *
 * ```ts
 * sftDashboard((await readRun("outputs/sft-001")).rows, { title: "SFT" });
 * ```
 */
export function sftDashboard(data: MetricRows, options: TrainingDashboardOptions = {}): SvgString {
  const hasRate = hasMetric(data, "tokens_per_second") ||
    (hasMetric(data, "num_tokens") && hasMetric(data, "step_time"));
  const curves = [
    lossCurve,
    ...(hasMetric(data, "mean_token_accuracy") ? [tokenAccuracyCurve] : []),
    ...(hasMetric(data, "entropy") ? [entropyCurve] : []),
    gradNormCurve,
    learningRateCurve,
    ...(hasRate ? [throughputCurve] : []),
  ];
  return trainingDashboard(
    "SFT",
    data,
    curves,
    { columns: curves.length === 4 ? 2 : undefined, ...options },
    heldOutEntries(data),
  );
}

/**
 * A DPO run at a glance: loss, implicit rewards of chosen and rejected answers, their margin, how often the chosen one
 * is ahead, gradient norm, learning rate.
 *
 * ```ts
 * dpoDashboard((await readRun("outputs/dpo-001")).rows, { title: "DPO" });
 * ```
 */
export function dpoDashboard(data: MetricRows, options: TrainingDashboardOptions = {}): SvgString {
  const curves = [
    lossCurve,
    chosenRejectedCurve,
    marginCurve,
    preferenceAccuracyCurve,
    gradNormCurve,
    learningRateCurve,
  ];
  return trainingDashboard("DPO", data, curves, options, [...heldOutEntries(data), ...rejectedEntries(data)]);
}

/**
 * A PPO run at a glance: score, KL, entropy, value loss, share of clipped tokens, learning rate. The policy's loss is left out:
 * with whitened advantages it says nothing.
 *
 * ```ts
 * ppoDashboard((await readRun("outputs/08-r3-ppo-001")).rows, { title: "PPO" });
 * ```
 */
export function ppoDashboard(data: MetricRows, options: TrainingDashboardOptions = {}): SvgString {
  const curves = [
    scoreCurve,
    episodeKlCurve,
    policyEntropyCurve,
    valueLossCurve,
    clipFractionCurve,
    learningRateCurve,
  ];
  return trainingDashboard("PPO", data, curves, options);
}

function trainingDashboard(
  title: string,
  data: MetricRows,
  curves: readonly DrawCurve[],
  { smoothing, totalSteps, along, ...options }: TrainingDashboardOptions,
  entries: readonly LegendEntry[] = [],
): SvgString {
  const comparison = isComparison(data);
  const panels = curves.map((curve): Panel => (size) =>
    // The names of the runs stand once, above the panels.
    curve(data, { ...size, smoothing, totalSteps, along, legend: !comparison })
  );
  return dashboard(panels, { title, ...options, legend: comparison ? [...runLegend(data), ...entries] : undefined });
}

function runLegend(data: MetricRows): LegendEntry[] {
  return runsOf(data).map(({ name }, index) => ({
    label: name,
    color: seriesColor(index),
    dash: seriesDash(index),
    shape: "line",
  }));
}
