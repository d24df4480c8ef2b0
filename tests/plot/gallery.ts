import * as Plot from "@observablehq/plot";
import {
  accuracyBars,
  chosenRejectedCurve,
  confusionMatrix,
  distributionOverSteps,
  dpoDashboard,
  entropyCurve,
  gradNormCurve,
  grpoDashboard,
  histogram,
  klCurve,
  learningRateCurve,
  lengthCurve,
  lossCurve,
  marginCurve,
  metricCurve,
  ppoDashboard,
  preferenceAccuracyCurve,
  renderPlot,
  rewardCurve,
  rewardParts,
  ridgeline,
  sftDashboard,
  type SvgString,
  throughputCurve,
  timeline,
  tokenAccuracyCurve,
} from "../../lib/plot/mod.ts";
import {
  advantages,
  broken,
  completions,
  constant,
  diverging,
  dpo,
  first,
  grpo,
  intents,
  last,
  lengths,
  long,
  longNames,
  pair,
  ppo,
  ranks,
  seeds,
  sft,
  spiked,
  sweep,
  talk,
  toolCalls,
  unequal,
  unicode,
} from "./gallery_data.ts";

/** A drawing of the gallery. */
export interface GalleryChart {
  /** Name of its files. */
  name: string;
  /** What it shows, in a sentence. */
  caption: string;
  draw: () => SvgString;
  /** True when it is kept as PNG too. */
  png?: boolean;
}

/** A heading and the charts under it. */
export interface GallerySection {
  heading: string;
  charts: GalleryChart[];
}

/** Every kind of chart, in the order of the page. */
export const gallery: readonly GallerySection[] = [
  {
    heading: "Fine-tuning",
    charts: [
      {
        name: "loss",
        caption: "Training loss, smoothed, its raw values behind it; held-out losses as they are.",
        draw: () => lossCurve(sft, { title: "SFT loss", subtitle: "completion tokens only" }),
        png: true,
      },
      {
        name: "token-accuracy",
        caption: "Share of tokens predicted exactly.",
        draw: () => tokenAccuracyCurve(sft),
      },
      {
        name: "learning-rate",
        caption: "A schedule is exact: no smoothing.",
        draw: () => learningRateCurve(sft),
      },
      {
        name: "grad-norm",
        caption: "One spike of 40 does not flatten the curve; it is counted at the edge.",
        draw: () => gradNormCurve(spiked),
      },
      {
        name: "throughput",
        caption: "Tokens per second, from num_tokens and step_time.",
        draw: () => throughputCurve(sft),
      },
    ],
  },
  {
    heading: "Reinforcement learning",
    charts: [
      {
        name: "reward",
        caption: "The total with a band of reward_std, and the mean of each reward function.",
        draw: () =>
          rewardCurve(grpo, { title: "GRPO reward", subtitle: "8 completions for each of 8 problems a step" }),
        png: true,
      },
      {
        name: "reward-parts",
        caption: "Each reward function on its own, with its standard deviation.",
        draw: () => rewardParts(grpo),
      },
      {
        name: "length",
        caption: "Completion length: mean, shortest and longest, and how many were cut off.",
        draw: () => lengthCurve(grpo),
      },
      { name: "kl", caption: "KL divergence from the reference model.", draw: () => klCurve(grpo) },
      { name: "entropy", caption: "Entropy of three seeds, named at their ends.", draw: () => entropyCurve(seeds) },
      {
        name: "clipped-share",
        caption: "Any metric by its name.",
        draw: () => metricCurve(grpo, "completions/clipped_ratio", { title: "Completions cut off", yLabel: "share" }),
      },
    ],
  },
  {
    heading: "Preferences",
    charts: [
      {
        name: "chosen-rejected",
        caption: "Implicit rewards of chosen and rejected answers.",
        draw: () => chosenRejectedCurve(dpo),
      },
      {
        name: "log-probabilities",
        caption: "Log-probabilities of the same answers: both may fall.",
        draw: () => chosenRejectedCurve(dpo, { of: "logps" }),
      },
      { name: "margin", caption: "Distance between the two rewards.", draw: () => marginCurve(dpo) },
      {
        name: "preference-accuracy",
        caption: "How often the chosen answer is ahead; half is chance.",
        draw: () => preferenceAccuracyCurve(dpo),
      },
    ],
  },
  {
    heading: "Distributions",
    charts: [
      {
        name: "histogram-lengths",
        caption: "Lengths of all completions, with their median.",
        draw: () => histogram(lengths, { title: "Completion length", xLabel: "tokens" }),
      },
      {
        name: "histogram-advantages",
        caption: "Two groups as shares of their own size.",
        draw: () =>
          histogram({ groups: { "first 15 steps": advantages(first), "last 15 steps": advantages(last) } }, {
            title: "Advantages",
            xLabel: "advantage",
          }),
      },
      {
        name: "lengths-over-steps",
        caption: "How lengths are spread at each stage of a run.",
        draw: () => distributionOverSteps(completions, "length", { title: "Completion length", yLabel: "tokens" }),
        png: true,
      },
      {
        name: "advantages-over-steps",
        caption: "Advantages gather at zero as the samples of a group come to agree.",
        draw: () => distributionOverSteps(completions, "advantage", { title: "Advantages" }),
      },
      {
        name: "advantages-ridgeline",
        caption: "The same values as a histogram for each of eight stages.",
        draw: () => ridgeline(completions, "advantage", { title: "Advantages" }),
        png: true,
      },
    ],
  },
  {
    heading: "Runs compared",
    charts: [
      {
        name: "loss-runs",
        caption: "Two runs with their held-out losses.",
        draw: () => lossCurve(ranks),
      },
      {
        name: "reward-runs",
        caption: "Eight runs, named at their ends: no legend to look colours up in.",
        draw: () => rewardCurve(sweep, { title: "GRPO reward by learning rate" }),
        png: true,
      },
      {
        name: "reward-runs-legend",
        caption: "The same eight runs with a legend.",
        draw: () => rewardCurve(sweep, { title: "GRPO reward by learning rate", legend: "above" }),
      },
      {
        name: "unequal-runs",
        caption: "Runs of different length along steps.",
        draw: () => lossCurve(unequal),
      },
      {
        name: "unequal-runs-tokens",
        caption: "The same along tokens seen.",
        draw: () => lossCurve(unequal, { along: "tokens" }),
      },
      {
        name: "unequal-runs-time",
        caption: "The same along wall time.",
        draw: () => lossCurve(unequal, { along: "time" }),
      },
      {
        name: "reward-parts-runs",
        caption: "Three runs, reward function by reward function.",
        draw: () => rewardParts(seeds),
      },
      {
        name: "accuracy",
        caption: "Before and after on three benchmarks: mean, standard deviation and every seed.",
        draw: () =>
          accuracyBars([
            { name: "generated, held-out", scores: { before: [0.212, 0.2, 0.219], after: [0.561, 0.527, 0.588] } },
            { name: "two more steps", scores: { before: [0.081, 0.075, 0.092], after: [0.246, 0.281, 0.233] } },
            { name: "larger numbers", scores: { before: [0.143, 0.15, 0.139], after: [0.389, 0.402, 0.361] } },
          ], { title: "Accuracy before and after", subtitle: "three benchmarks, three seeds" }),
        png: true,
      },
    ],
  },
  {
    heading: "Classes",
    charts: [
      {
        name: "confusion",
        caption: "What was taken for what: counts, and their share of the row.",
        draw: () =>
          confusionMatrix(
            { labels: ["math", "medical", "none"], counts: [[57, 0, 3], [1, 56, 3], [0, 6, 54]] },
            { title: "Routes of held-out questions", yLabel: "right route", xLabel: "sent to" },
          ),
        png: true,
      },
      {
        name: "confusion-many",
        caption: "Twenty classes and none: where names do not fit below the columns, classes are numbered.",
        draw: () => confusionMatrix(intents, { title: "Intents of customers", yLabel: "intent", xLabel: "taken for" }),
      },
    ],
  },
  {
    heading: "Agents",
    charts: [
      {
        name: "timeline",
        caption: "What an agent did with each question of a conversation, and how long it took.",
        draw: () =>
          timeline(talk, { title: "A conversation", subtitle: "milliseconds from each question to its answer" }),
        png: true,
      },
    ],
  },
  {
    heading: "Dashboards",
    charts: [
      {
        name: "grpo-dashboard",
        caption: "A GRPO run at a glance.",
        draw: () => grpoDashboard(grpo, { title: "GRPO on generated word problems" }),
        png: true,
      },
      {
        name: "grpo-dashboard-runs",
        caption: "Two GRPO runs at a glance.",
        draw: () => grpoDashboard(pair, { title: "Two GRPO runs" }),
      },
      {
        name: "sft-dashboard",
        caption: "A fine-tuning run at a glance.",
        draw: () => sftDashboard(sft, { title: "SFT on generated word problems" }),
      },
      {
        name: "sft-dashboard-begin",
        caption: "The same after the first step.",
        draw: () => sftDashboard(sft.slice(0, 1), { title: "SFT, after the first step" }),
      },
      {
        name: "dpo-dashboard",
        caption: "A DPO run at a glance.",
        draw: () => dpoDashboard(dpo, { title: "DPO on generated preferences" }),
        png: true,
      },
      {
        name: "ppo-dashboard",
        caption: "A PPO run at a glance, four updates to a round.",
        draw: () => ppoDashboard(ppo, { title: "PPO" }),
      },
    ],
  },
  {
    heading: "Hard cases",
    charts: [
      {
        name: "live",
        caption: "Under way: the axis already reaches to the last step.",
        draw: () => rewardCurve(grpo.slice(0, 50), { title: "GRPO reward, under way", totalSteps: 150 }),
      },
      {
        name: "first-step",
        caption: "One row.",
        draw: () => rewardCurve(grpo.slice(0, 1), { title: "GRPO reward, after the first step" }),
      },
      { name: "empty", caption: "No row.", draw: () => lossCurve([]) },
      {
        name: "gaps",
        caption: "NaN and missing rows leave gaps.",
        draw: () => entropyCurve(broken, { title: "Entropy with gaps" }),
      },
      {
        name: "log-scale",
        caption: "A loss that explodes, on a logarithmic axis.",
        draw: () => lossCurve(diverging, { title: "Loss, logarithmic", yScale: "log" }),
      },
      { name: "constant", caption: "A constant series.", draw: () => learningRateCurve(constant) },
      {
        name: "long-run",
        caption: "100,000 steps: thinned to what can be seen, the spike at step 61,234 among it.",
        draw: () => klCurve(long, { yDomain: [0, 0.22] }),
      },
      {
        name: "long-names",
        caption: "A metric with a very long name.",
        draw: () => metricCurve(longNames, Object.keys(longNames[0])[1]),
      },
      {
        name: "unicode",
        caption: "Names in other scripts.",
        draw: () => marginCurve(unicode, { title: "Marge · Δ награда" }),
      },
      {
        name: "plot",
        caption: "Any Observable Plot with the house's title, legend and colours.",
        draw: () =>
          renderPlot({
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
          }, { title: "Any Observable Plot" }),
      },
      {
        name: "histogram-few",
        caption: "A histogram of nine whole numbers.",
        draw: () => histogram(toolCalls, { title: "Tool calls", xLabel: "calls" }),
      },
    ],
  },
];

/** All charts, drawn. */
export function galleryCharts(): { name: string; png: boolean; svg: SvgString }[] {
  return gallery.flatMap(({ charts }) => charts).map(({ name, png = false, draw }) => ({ name, png, svg: draw() }));
}
