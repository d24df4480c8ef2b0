import { type CurveOptions, drawCurve } from "./curve.ts";
import { metricsCurve } from "./metrics_curve.ts";
import { linesOfMetric } from "./metric_curves.ts";
import type { MetricRows } from "./rows.ts";
import type { SvgString } from "./svg.ts";

/** What episodes were given, and what is left of it after the KL penalty (`objective/scores`, `objective/rlhf_reward`). */
export function scoreCurve(data: MetricRows, options: CurveOptions = {}): SvgString {
  const metrics = { score: "objective/scores", "score − KL penalty": "objective/rlhf_reward" };
  return metricsCurve(data, metrics, { title: "Score", yLabel: "mean over episodes", ...options });
}

/** How far the policy has gone from the reference, summed over an episode (`objective/kl`). */
export function episodeKlCurve(data: MetricRows, options: CurveOptions = {}): SvgString {
  return drawCurve({
    title: "KL from the reference",
    yLabel: "nats per episode",
    include: [0],
    ...linesOfMetric(data, "objective/kl", options),
  }, options);
}

/** Entropy of the policy's next token (`policy/entropy_avg`): near zero means that it has stopped exploring. */
export function policyEntropyCurve(data: MetricRows, options: CurveOptions = {}): SvgString {
  return drawCurve({
    title: "Entropy",
    yLabel: "nats per token",
    include: [0],
    ...linesOfMetric(data, "policy/entropy_avg", options),
  }, options);
}

/** How wrong the critic is (`loss/value_avg`). */
export function valueLossCurve(data: MetricRows, options: CurveOptions = {}): SvgString {
  return drawCurve({
    title: "Value loss",
    yLabel: "half the squared error",
    include: [0],
    ...linesOfMetric(data, "loss/value_avg", options),
  }, options);
}

/** Share of tokens whose probability ratio, or value, went further than an update may move it (`.../clipfrac_avg`). */
export function clipFractionCurve(data: MetricRows, options: CurveOptions = {}): SvgString {
  const metrics = { policy: "policy/clipfrac_avg", value: "val/clipfrac_avg" };
  return metricsCurve(data, metrics, { title: "Clipped", yLabel: "share of tokens", ...options });
}
