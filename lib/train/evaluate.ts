/** How good a policy is on held-out prompts, by the same rewards that train it. */
import { mean, type Metrics } from "./step.ts";
import { type PromptRow, type Rollout, type RolloutOptions, rolloutScorer, type Sampler } from "./rollout/mod.ts";

/** What to evaluate on; the rest as in training. */
export interface EvaluateOptions<Columns> extends Omit<RolloutOptions<Columns>, "numGenerations" | "scaleRewards"> {
  rows: readonly PromptRow<Columns>[];
  /** Greedy for the model's best guess, or sampling for its average behaviour. */
  sampler: Sampler;
  /** Completions per prompt; default 1. */
  samples?: number;
  signal?: AbortSignal;
}

/** Mean rewards over all completions, and the completions themselves. */
export interface Evaluation {
  /** `reward`, `reward/NAME` for each reward function, `mean_length`, `clipped_ratio`. */
  metrics: Metrics;
  rollouts: Rollout[];
}

/** Writes completions for held-out prompts and scores them. */
export async function evaluatePolicy<Columns>(options: EvaluateOptions<Columns>): Promise<Evaluation> {
  const { rows, sampler, samples = 1, signal } = options;
  if (rows.length === 0) throw new Error("evaluatePolicy: there are no rows");
  const roll = rolloutScorer<Columns>({ ...options, numGenerations: samples, scaleRewards: "none" });
  const { rollouts, metrics } = await roll(rows, sampler, 0, signal);
  const result: Metrics = { reward: metrics.reward };
  for (const name of Object.keys(options.rewards)) {
    result[`reward/${name}`] = mean(rollouts.map(({ rewards }) => rewards[name]).filter((value) => value !== null));
  }
  result.mean_length = metrics["completions/mean_length"];
  result.clipped_ratio = metrics["completions/clipped_ratio"];
  return { metrics: result, rollouts };
}
