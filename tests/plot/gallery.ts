import {
  accuracyBars,
  entropyCurve,
  gradNormCurve,
  grpoDashboard,
  histogram,
  klCurve,
  learningRateCurve,
  lengthCurve,
  lossCurve,
  metricCurve,
  renderPlot,
  rewardCurve,
  sftDashboard,
  type SvgString,
} from "../../lib/plot/mod.ts";
import { grpoRows, noise, sftRows } from "./example_runs.ts";

/** Every chart there is, under the name of its file. */
export function galleryCharts(): Record<string, SvgString> {
  const grpo = grpoRows(250);
  const sft = sftRows(200);
  const seeds = { runs: { "seed 1": grpoRows(200, 1), "seed 2": grpoRows(200, 2), "seed 3": grpoRows(200, 3) } };
  const next = noise(7);
  const draw = (count: number, value: () => number) => Array.from({ length: count }, value);
  return {
    loss: lossCurve(sft, {
      title: "SFT loss",
      subtitle: "house model on generated word problems, completion tokens only",
    }),
    "loss-runs": lossCurve({ runs: { "LoRA rank 8": sft, "full parameters": sftRows(200, 2) } }),
    reward: rewardCurve(grpo, { title: "GRPO reward", subtitle: "8 completions for each of 8 problems a step" }),
    "reward-runs": rewardCurve(seeds, { title: "GRPO reward by seed" }),
    length: lengthCurve(grpo),
    kl: klCurve(grpo),
    entropy: entropyCurve(seeds),
    "learning-rate": learningRateCurve(grpo),
    "grad-norm": gradNormCurve(grpo.map((row) => row.step === 120 ? { ...row, grad_norm: 40 } : row)),
    "clipped-share": metricCurve(grpo, "completions/clipped_ratio", { title: "Completions cut off", yLabel: "share" }),
    "histogram-lengths": histogram(draw(512, () => Math.max(4, Math.round(110 + 32 * next()))), {
      title: "Completion length",
      xLabel: "tokens",
    }),
    "histogram-advantages": histogram({
      groups: { "step 1": draw(400, next), "step 200": draw(640, () => 0.5 * next()) },
    }, {
      title: "Advantages",
      xLabel: "advantage",
    }),
    accuracy: accuracyBars([
      { name: "generated, held-out", scores: { before: [0.212, 0.2, 0.219], after: [0.561, 0.527, 0.588] } },
      { name: "two more steps", scores: { before: [0.081, 0.075, 0.092], after: [0.246, 0.281, 0.233] } },
      { name: "larger numbers", scores: { before: [0.143, 0.15, 0.139], after: [0.389, 0.402, 0.361] } },
    ], { title: "Accuracy before and after GRPO", subtitle: "200 problems each, greedy decoding, 3 seeds" }),
    empty: lossCurve([]),
    "grpo-dashboard": grpoDashboard(grpo, {
      title: "GRPO on generated word problems",
      subtitle: "house model, LoRA rank 16, learning rate 1e-5",
    }),
    "grpo-dashboard-runs": grpoDashboard(seeds, { title: "GRPO, three seeds" }),
    "sft-dashboard": sftDashboard(sft, { title: "SFT on generated word problems" }),
    "sft-dashboard-begin": sftDashboard(sft.slice(0, 1), { title: "SFT, after the first step" }),
  };
}
void renderPlot;
