import * as Plot from "@observablehq/plot";
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

/** Charts of the gallery that are also kept as PNG. */
export const galleryPngs = ["accuracy", "grpo-dashboard", "reward", "sft-dashboard"];

/** Every kind of chart, under the name of its file. */
export function galleryCharts(): Record<string, SvgString> {
  const grpo = grpoRows(140);
  const sft = sftRows(200);
  const seeds = { runs: { "seed 1": grpoRows(100, 1), "seed 2": grpoRows(100, 2), "seed 3": grpoRows(100, 3) } };
  const next = noise(7);
  const draw = (count: number, value: () => number) => Array.from({ length: count }, value);
  return {
    ...curves(grpo, sft, seeds),
    "histogram-lengths": histogram(draw(512, () => Math.max(4, Math.round(110 + 32 * next()))), {
      title: "Completion length",
      xLabel: "tokens",
    }),
    "histogram-advantages": histogram({
      groups: { "step 1": draw(400, next), "step 200": draw(640, () => 0.5 * next()) },
    }, { title: "Advantages", xLabel: "advantage" }),
    accuracy: accuracyBars([
      { name: "generated, held-out", scores: { before: [0.212, 0.2, 0.219], after: [0.561, 0.527, 0.588] } },
      { name: "two more steps", scores: { before: [0.081, 0.075, 0.092], after: [0.246, 0.281, 0.233] } },
      { name: "larger numbers", scores: { before: [0.143, 0.15, 0.139], after: [0.389, 0.402, 0.361] } },
    ], { title: "Accuracy before and after", subtitle: "drawn from made-up numbers: three benchmarks, three seeds" }),
    plot: renderPlot({
      color: { legend: true },
      x: { label: "completion length" },
      y: { label: "reward" },
      grid: true,
      marks: [
        Plot.dot(grpo.slice(0, 100), {
          x: "completions/mean_length",
          y: "reward",
          fill: ({ step }) => Number(step) > 50 ? "second half" : "first half",
        }),
      ],
    }, { title: "Any Observable Plot", subtitle: "with the house's title, legend and colours" }),
    "grpo-dashboard": grpoDashboard(grpo, {
      title: "GRPO on generated word problems",
      subtitle: "drawn from made-up rows",
    }),
    "grpo-dashboard-runs": grpoDashboard(
      { runs: { "seed 1": grpoRows(79, 1), "seed 3": grpoRows(79, 3) } },
      { title: "Two GRPO runs" },
    ),
    "sft-dashboard": sftDashboard(sft, {
      title: "SFT on generated word problems",
      subtitle: "drawn from made-up rows",
    }),
    "sft-dashboard-begin": sftDashboard(sft.slice(0, 1), { title: "SFT, after the first step" }),
  };
}

function curves(
  grpo: ReturnType<typeof grpoRows>,
  sft: ReturnType<typeof sftRows>,
  seeds: { runs: Record<string, ReturnType<typeof grpoRows>> },
): Record<string, SvgString> {
  return {
    loss: lossCurve(sft, { title: "SFT loss", subtitle: "completion tokens only" }),
    "loss-runs": lossCurve({ runs: { "LoRA rank 8": sft, "full parameters": sftRows(200, 2) } }),
    reward: rewardCurve(grpo, { title: "GRPO reward", subtitle: "8 completions for each of 8 problems a step" }),
    "reward-runs": rewardCurve(seeds, { title: "GRPO reward by seed" }),
    length: lengthCurve(grpo),
    kl: klCurve(grpo),
    entropy: entropyCurve(seeds),
    "learning-rate": learningRateCurve(grpo),
    "grad-norm": gradNormCurve(grpo.map((row) => row.step === 90 ? { ...row, grad_norm: 40 } : row)),
    "clipped-share": metricCurve(grpo, "completions/clipped_ratio", { title: "Completions cut off", yLabel: "share" }),
    "first-step": rewardCurve(grpo.slice(0, 1), { title: "GRPO reward, after the first step" }),
    "live": rewardCurve(grpo.slice(0, 50), { title: "GRPO reward, under way", totalSteps: 150 }),
    empty: lossCurve([]),
  };
}
