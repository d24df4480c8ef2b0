/** A run of R3's PPO at a glance. */
import {
  dashboard,
  episodeKlCurve,
  metricCurve,
  type MetricRows,
  metricsCurve,
  type Panel,
  policyEntropyCurve,
  type SvgString,
  type TrainingDashboardOptions,
} from "../plot/mod.ts";

/**
 * What steps are worth, whether chains end right and steps are well-formed, how long steps and chains are, and how far the
 * policy has gone: the first place to see a collapse.
 *
 * @param data What `ppo` logged with the metrics of `r3Episodes`.
 */
export function r3Dashboard(data: MetricRows, options: TrainingDashboardOptions = {}): SvgString {
  const { smoothing, totalSteps, along, ...words } = options;
  const curve = { smoothing, totalSteps, along };
  const panels: Panel[] = [
    (size) =>
      metricsCurve(data, { query: "r3/reward/query", answer: "r3/reward/answer" }, {
        title: "Reward of a step",
        yLabel: "mean over steps",
        ...size,
        ...curve,
      }),
    (size) =>
      metricsCurve(data, { "right answers": "r3/em", "any answer": "r3/answered", "well-formed steps": "r3/format" }, {
        title: "Chains",
        yLabel: "share, sampled",
        share: true,
        ...size,
        ...curve,
      }),
    (size) => metricCurve(data, "r3/steps", { title: "Steps", yLabel: "steps per question", ...size, ...curve }),
    (size) => metricCurve(data, "r3/step_tokens", { title: "Length of a step", yLabel: "tokens", ...size, ...curve }),
    (size) => episodeKlCurve(data, { ...size, ...curve }),
    (size) => policyEntropyCurve(data, { ...size, ...curve }),
  ];
  return dashboard(panels, { title: "R3-RAG: PPO", ...words });
}
