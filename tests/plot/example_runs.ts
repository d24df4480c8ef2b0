import type { StepRow } from "../../lib/plot/mod.ts";

/**
 * Numbers about 0 with standard deviation 1, from a linear congruential generator (Numerical Recipes' constants): the
 * gallery's bytes must not depend on a generator that may change, nor on a platform's sine.
 */
export function noise(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    let sum = 0;
    for (let i = 0; i < 12; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      sum += state / 2 ** 32;
    }
    return sum - 6;
  };
}

/** Rows as a GRPO run logs them: rewards rise, lengths settle, entropy falls. */
export function grpoRows(steps: number, seed = 1): StepRow[] {
  const next = noise(seed);
  return Array.from({ length: steps }, (_, i) => {
    const step = i + 1;
    const progress = step / (step + 60 + 10 * (seed % 4));
    const share = (mean: number, noisy: number) => Math.min(1, Math.max(0, mean + noisy * next()));
    const correct = 2 * share(0.18 + 0.62 * progress, 0.07);
    const integer = 0.5 * share(0.4 + 0.6 * progress, 0.04);
    const format = 0.5 * share(1.35 * progress - 0.1, 0.05);
    return {
      step,
      loss: 0.002 + 0.012 * progress + 0.008 * next(),
      reward: correct + integer + format,
      reward_std: Math.max(0.05, 1.05 - 0.75 * progress + 0.08 * next()),
      "rewards/correctness/mean": correct,
      "rewards/integer_answer/mean": integer,
      "rewards/strict_format/mean": format,
      "completions/mean_length": 148 - 46 * progress + 6 * next(),
      "completions/clipped_ratio": share(0.42 - 0.5 * progress, 0.03),
      kl: Math.max(0, 0.09 * progress + 0.008 * next()),
      entropy: Math.max(0.02, 1.15 - 0.8 * progress + 0.05 * next()),
      grad_norm: Math.max(0.05, 0.6 - 0.2 * progress + 0.12 * next()),
      learning_rate: 1e-5 * Math.min(1, step / 20) * (1 - Math.max(0, step - 20) / Math.max(1, steps - 20)),
    };
  });
}

/** Rows as a fine-tuning run logs them, held-out loss at every twentieth step. */
export function sftRows(steps: number, seed = 1): StepRow[] {
  const next = noise(seed);
  return Array.from({ length: steps }, (_, i) => {
    const step = i + 1;
    const loss = 1.1 + 1.9 / (1 + step / (12 + 6 * (seed % 3)));
    const row: Record<string, unknown> = {
      step,
      loss: loss + 0.1 * next(),
      mean_token_accuracy: 0.78 - 0.2 * (loss - 1.1) + 0.015 * next(),
      grad_norm: Math.max(0.1, 0.5 * loss + 0.1 * next()),
      learning_rate: 2e-4 * Math.min(1, step / 10) * (1 - step / (steps + 1)),
    };
    if (step % 20 === 0) row.eval_loss = loss + 0.08 + 0.0006 * step;
    return row;
  });
}
