/** The numbers that the gallery draws, under the names that its page quotes. All are made up. */
import type { TimelineBar, TimelineRow } from "../../lib/plot/mod.ts";
import { completionRows, dpoRows, grpoRows, noise, ppoRows, sftRows } from "./example_runs.ts";

export const sft = sftRows(200);
export const grpo = grpoRows(140);
export const dpo = dpoRows(150);
export const ppo = ppoRows(120);
export const completions = completionRows(120, 32);
export const first = completions.filter((row) => Number(row.step) <= 15);
export const last = completions.filter((row) => Number(row.step) > 105);
export const lengths = completions.map((row) => Number(row.length));
export const advantages = (rows: typeof completions) => rows.map((row) => Number(row.advantage));
export const seeds = { runs: { "seed 1": grpoRows(100, 1), "seed 2": grpoRows(100, 2), "seed 3": grpoRows(100, 3) } };
export const pair = { runs: { "seed 1": grpoRows(79, 1), "seed 3": grpoRows(79, 3) } };
export const ranks = { runs: { "LoRA rank 8": sft, "full parameters": sftRows(200, 2) } };
export const unequal = {
  runs: { "batch 8": sftRows(220, 1), "batch 16": sftRows(120, 2), "stopped early": sftRows(60, 3) },
};
export const sweep = {
  runs: Object.fromEntries(
    ["1e-6", "2e-6", "5e-6", "1e-5", "2e-5", "5e-5", "1e-4", "2e-4"].map((rate, i) => [
      `lr ${rate}`,
      grpoRows(120, i + 1).map((row) => ({ ...row, reward: Number(row.reward) * (0.55 + 0.07 * i) })),
    ]),
  ),
};
export const spiked = grpo.map((row) => row.step === 90 ? { ...row, grad_norm: 40 } : row);
export const broken = grpo.map((row, i) => i % 47 > 38 ? { ...row, entropy: NaN } : row)
  .filter((row) => Number(row.step) < 60 || Number(row.step) > 75);
export const diverging = sft.map((row, i) => ({
  ...row,
  loss: Number(row.loss) * 10 ** (i > 150 ? (i - 150) / 8 : 0),
}));
export const constant = sft.map((row) => ({ ...row, learning_rate: 2e-5 }));
export const long = grpoRows(100_000).map((row) => row.step === 61_234 ? { ...row, kl: 0.2 } : row);
export const longNames = sft.slice(0, 80).map(({ step, loss }) => ({
  step,
  "evaluation/held_out/grade_school_mathematics/two_more_reasoning_steps/mean_reciprocal_rank_at_10": loss,
}));
export const unicode = {
  runs: { "β = 0.04, ε = ⅕": dpoRows(90, 1), "température élevée": dpoRows(90, 2), "ночной прогон": dpoRows(90, 3) },
};
const next = noise(7);
export const toolCalls = Array.from({ length: 9 }, () => Math.round(3 + next()));
const intentNames = [
  ...[
    "billing and invoices",
    "cancel a subscription",
    "change_the_delivery_address",
    "complaints about delayed parcels",
  ],
  ...[
    "gift cards",
    "loyalty",
    "opening hours of shops near me",
    "password",
    "payment methods",
    "pre-orders",
    "privacy",
  ],
  ...["product availability", "refunds", "returns", "sizes", "technical support for the application", "tracking"],
  ...["vouchers", "warranty", "wholesale", "none"],
];
export const intents = {
  labels: intentNames,
  counts: intentNames.map((_, i) =>
    intentNames.map((_, j) => i === j ? 40 + 7 * i % 50 : (7 * i + 11 * j) % 13 === 0 ? 3 * (i + 2 * j) % 17 : 0)
  ),
};

/** What an agent did with four questions. */
export const talk: TimelineRow[] = [
  { name: "Hello!", bars: [bar("routing", 0, 9), bar("writing", 9, 96)], note: "answered" },
  {
    name: "What is the weather in Oslo?",
    bars: [
      bar("routing", 0, 11),
      bar("call", 11, 148, "weather"),
      bar("tool", 148, 163, "weather"),
      bar("writing", 163, 310, "In Oslo it is 4 degrees."),
    ],
    note: "answered",
  },
  {
    name: "Anna has 14 marbles and buys 9 more. How many has she?",
    bars: [
      bar("routing", 0, 10),
      bar("reasoning", 10, 391, "Anna has 14 + 9 = 23 marbles."),
      bar("writing", 391, 436, "23"),
    ],
    note: "answered",
  },
  {
    name: "And in Paris?",
    bars: [bar("routing", 0, 8), bar("call", 8, 120, "weather"), bar("tool", 120, 320, "weather")],
    note: "time limit",
  },
];

function bar(kind: string, start: number, end: number, label?: string): TimelineBar {
  return { kind, start, end, label };
}
