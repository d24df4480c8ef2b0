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
  let tokens = 0;
  return Array.from({ length: steps }, (_, i) => {
    const step = i + 1;
    const progress = step / (step + 60 + 10 * (seed % 4));
    const share = (mean: number, noisy: number) => Math.min(1, Math.max(0, mean + noisy * next()));
    const correct = 2 * share(0.18 + 0.62 * progress, 0.07);
    const integer = 0.5 * share(0.4 + 0.6 * progress, 0.04);
    const format = 0.5 * share(1.35 * progress - 0.1, 0.05);
    const length = 148 - 46 * progress + 6 * next();
    tokens += Math.round(64 * (length + 90));
    return {
      step,
      loss: 0.002 + 0.012 * progress + 0.008 * next(),
      reward: correct + integer + format,
      reward_std: Math.max(0.05, 1.05 - 0.75 * progress + 0.08 * next()),
      "rewards/correctness/mean": correct,
      "rewards/correctness/std": Math.sqrt(correct * (2 - correct)),
      "rewards/integer_answer/mean": integer,
      "rewards/integer_answer/std": Math.sqrt(integer * (0.5 - integer)),
      "rewards/strict_format/mean": format,
      "rewards/strict_format/std": Math.sqrt(format * (0.5 - format)),
      "completions/mean_length": length,
      "completions/min_length": Math.max(4, Math.round(0.45 * length + 8 * next())),
      "completions/max_length": Math.min(256, Math.round(1.7 * length + 12 * next())),
      "completions/clipped_ratio": share(0.42 - 0.5 * progress, 0.03),
      kl: Math.max(0, 0.09 * progress + 0.008 * next()),
      entropy: Math.max(0.02, 1.15 - 0.8 * progress + 0.05 * next()),
      grad_norm: Math.max(0.05, 0.6 - 0.2 * progress + 0.12 * next()),
      learning_rate: 1e-5 * Math.min(1, step / 20) * (1 - Math.max(0, step - 20) / Math.max(1, steps - 20)),
      num_tokens: tokens,
      step_time: 6 + 2 * (seed % 3) + 0.3 * next(),
      epoch: step / 50,
    };
  });
}

/** Rows as a fine-tuning run logs them, held-out loss at every twentieth step. */
export function sftRows(steps: number, seed = 1): StepRow[] {
  const next = noise(seed);
  let tokens = 0;
  return Array.from({ length: steps }, (_, i) => {
    const step = i + 1;
    const loss = 1.1 + 1.9 / (1 + step / (12 + 6 * (seed % 3)));
    tokens += 3600 + 1200 * (seed % 3) + Math.round(150 * next());
    const row: Record<string, unknown> = {
      step,
      loss: loss + 0.1 * next(),
      mean_token_accuracy: 0.78 - 0.2 * (loss - 1.1) + 0.015 * next(),
      entropy: 0.9 * loss + 0.04 * next(),
      grad_norm: Math.max(0.1, 0.5 * loss + 0.1 * next()),
      learning_rate: 2e-4 * Math.min(1, step / 10) * (1 - step / (steps + 1)),
      num_tokens: tokens,
      step_time: 1.4 + 0.9 * (seed % 3) + 0.06 * next(),
      epoch: step / 80,
    };
    if (step % 20 === 0) row.eval_loss = loss + 0.08 + 0.0006 * step;
    return row;
  });
}

/** Rows as a PPO run logs them, four updates to a round. */
export function ppoRows(steps: number, seed = 1): StepRow[] {
  const next = noise(seed);
  let round = { "objective/scores": 0, "objective/rlhf_reward": 0, "objective/kl": 0 };
  return Array.from({ length: steps }, (_, i) => {
    const progress = i / (i + 40);
    if (i % 4 === 0) {
      const kl = Math.max(0, 3 * progress + 0.2 * next());
      const score = 0.6 + 1.1 * progress + 0.08 * next();
      round = { "objective/scores": score, "objective/rlhf_reward": score - 0.05 * kl, "objective/kl": kl };
    }
    return {
      step: i + 1,
      ...round,
      "policy/entropy_avg": Math.max(0.02, 0.5 - 0.3 * progress + 0.02 * next()),
      "policy/clipfrac_avg": Math.max(0, 0.04 * (i % 4) + 0.01 * next()),
      "val/clipfrac_avg": Math.max(0, 0.02 * (i % 4) + 0.01 * next()),
      "loss/value_avg": Math.max(0.01, 0.5 - 0.35 * progress + 0.03 * next()),
      learning_rate: 1e-4 * (1 - i / steps),
    };
  });
}

/** Rows as a DPO run logs them: both implicit rewards drift down while their distance grows. */
export function dpoRows(steps: number, seed = 1): StepRow[] {
  const next = noise(seed);
  return Array.from({ length: steps }, (_, i) => {
    const step = i + 1;
    const progress = step / (step + 50 + 15 * (seed % 3));
    const chosen = 0.4 * progress - 0.9 * progress * progress + 0.05 * next();
    const margin = 1.6 * progress + 0.12 * next();
    return {
      step,
      loss: 0.693 - 0.42 * progress + 0.03 * next(),
      "rewards/chosen": chosen,
      "rewards/rejected": chosen - margin,
      "rewards/margins": margin,
      "rewards/accuracies": Math.min(1, Math.max(0, 0.5 + 0.42 * progress + 0.06 * next())),
      "logps/chosen": -88 + 10 * chosen,
      "logps/rejected": -97 + 10 * (chosen - margin),
      grad_norm: Math.max(0.2, 2.4 - 1.1 * progress + 0.3 * next()),
      learning_rate: 5e-6 * Math.min(1, step / 15) * (1 - step / (steps + 1)),
    };
  });
}

/** Rows of completions, as rollouts leave them: lengths shrink, advantages narrow as groups come to agree. */
export function completionRows(steps: number, perStep: number, seed = 1): StepRow[] {
  const next = noise(seed);
  return Array.from({ length: steps * perStep }, (_, i) => {
    const step = 1 + Math.floor(i / perStep);
    const progress = step / (step + 40);
    const agreeing = next() < 1.6 * progress - 1.9;
    return {
      step,
      length: Math.min(256, Math.max(4, Math.round(150 - 50 * progress + (40 - 16 * progress) * next()))),
      advantage: agreeing ? 0 : (1 - 0.3 * progress) * next() + (i % 3 === 0 ? 0.9 : -0.45) * (1 - progress),
    };
  });
}
