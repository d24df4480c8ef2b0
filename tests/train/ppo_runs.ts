/** Runs of PPO on the tiny model, for the tests of its parts. */
import { createLora } from "../../lib/adapters/mod.ts";
import { type CausalLM, openSafetensors } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { createCritic, type Critic, type Episode, type Metrics, ppo, type PpoOptions } from "../../lib/train/mod.ts";
import { GOLDEN } from "../support/golden.ts";
import { EOS, numbersOf } from "../support/tiny_model.ts";

/** A critic with the factors of a golden file, which PEFT's names are in. */
export async function goldenCritic(
  model: CausalLM,
  { factors, ...options }: { r: number; loraAlpha: number; factors: string },
): Promise<Critic> {
  const critic = await createCritic(model, new Random(1), options);
  const file = await openSafetensors(GOLDEN + factors);
  for (const [name, tensor] of critic.factors) {
    critic.factors.set(
      name,
      await model.engine.store(await file.readF32(`base_model.model.${name}.weight`), tensor.shape),
    );
  }
  file.close();
  return critic;
}

/** A critic that says something: no factor is 0. */
export async function drawnCritic(model: CausalLM, seed = 3): Promise<Critic> {
  const random = new Random(seed);
  const critic = await createCritic(model, random, { r: 2 });
  for (const [name, tensor] of critic.factors) {
    const { shape } = tensor;
    const numbers = Float32Array.from({ length: shape[0] * shape[1] }, () => random.uniform(-0.3, 0.3));
    critic.factors.set(name, await model.engine.store(numbers, shape));
    tensor.dispose();
  }
  return critic;
}

/**
 * Episodes of a prompt, what the policy wrote, what a tool answered, and what the policy wrote then; each with a score and
 * with a reward at the end of the first stretch. Some end with the end word.
 */
export function randomEpisodes(count: number, seed: number | string): Episode[] {
  const random = new Random(seed);
  const words = (most: number) => Array.from({ length: random.integer(1, most) }, () => random.integer(2, 95));
  return Array.from({ length: count }, () => {
    const parts = [words(4), words(4), words(5), words(3)];
    if (random.uniform(0, 1) < 0.5) parts[3].push(EOS);
    const lossMask = parts.flatMap((part, i) => part.map(() => i % 2 === 1));
    const firstEnd = parts[0].length + parts[1].length - 1;
    return {
      ids: parts.flat(),
      lossMask,
      score: random.uniform(-1, 1),
      tokenRewards: lossMask.map((_, token) => token === firstEnd ? 0.25 : 0),
      metrics: { steps: 2 },
    };
  });
}

export const COMMON = {
  learningRate: 2e-3,
  perDeviceTrainBatchSize: 3,
  numMiniBatches: 2,
  numPpoEpochs: 2,
  numTotalBatches: 2,
  klCoef: 0.2,
  gamma: 0.98,
  lam: 0.9,
} as const;

/** A run from always the same beginning: its curve without times, and what it has learned. */
export async function train(
  model: CausalLM,
  options: Omit<Partial<PpoOptions>, "model"> = {},
  stopAfter = Infinity,
) {
  const adapter = options.adapter ?? await createLora(model, new Random(1), { r: 2 });
  const critic = options.critic ?? await drawnCritic(model);
  const rollout = (round: number) => Promise.resolve(randomEpisodes(7, round));
  const curve: Metrics[] = [];
  const notes: string[] = [];
  const onNote = (note: string) => notes.push(note);
  for await (const step of ppo({ ...COMMON, rollout, onNote, ...options, model, adapter, critic })) {
    const { step_time: _, ...metrics } = step.metrics;
    curve[step.step - 1] = metrics;
    if (step.step === stopAfter) break;
  }
  return {
    curve,
    notes,
    actor: await numbersOf(model, adapter.factors),
    critic: await numbersOf(model, critic.factors),
  };
}
