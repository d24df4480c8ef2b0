import assert from "node:assert/strict";
import { loadAdapter } from "../../lib/adapters/mod.ts";
import { createEngine } from "../../lib/engine/mod.ts";
import { loadModel } from "../../lib/models/mod.ts";
import { grpo, type GrpoOptions, type PromptTokenizer, type RewardFunction } from "../../lib/train/mod.ts";
import { assertClose, GOLDEN, goldenJson, goldenTensors } from "../support/golden.ts";

interface GoldenRun {
  adapter: string | null;
  options: Omit<GrpoOptions<Record<never, never>>, "model" | "tokenizer" | "rewards" | "trainDataset" | "sampler"> & {
    rewardWeights: unknown;
  };
  prompts: number[][];
  completions: number[][][];
  steps: { step: number; metrics: Record<string, number> }[];
  updateNorms: Record<string, number>;
}

/** The golden runs are in token ids: their text is the ids, separated by spaces. */
const idTokenizer: PromptTokenizer = {
  encode: (text) => text.split(" ").map(Number),
  decode: (ids) => [...ids].join(" "),
  applyChatTemplate: () => assert.fail("prompts are text"),
};

const EOS = 1;

const rewards: Record<string, RewardFunction> = {
  even_words: ({ completionIds }) => completionIds.map((ids) => ids.filter((id) => id % 2 === 0).length / 8),
  ended: ({ completionIds }) => completionIds.map((ids) => ids.at(-1) === EOS ? 1 : 0),
};

for (const name of ["full", "lora"]) {
  Deno.test(`grpo() equals TRL's GRPOTrainer over four steps with two updates per rollout (${name})`, async () => {
    const engine = await createEngine();
    const run = await goldenJson<GoldenRun>(`grpo/training.${name}.json`);
    const expected = await goldenTensors(`grpo/training.${name}.weights.safetensors`);
    const model = await loadModel(`${GOLDEN}qwen2_tiny/tied`, { engine });
    const adapter = run.adapter ? await loadAdapter(model, GOLDEN + run.adapter) : undefined;
    const before = new Map<string, Float32Array>();
    const parameters = adapter ? adapter.factors : model.weights;
    for (const [key, tensor] of parameters) before.set(key, (await engine.read(tensor) as Float32Array).slice());

    const steps = grpo<Record<never, never>>({
      ...run.options,
      rewardWeights: { even_words: 1, ended: 0.5 },
      model,
      adapter,
      tokenizer: idTokenizer,
      rewards,
      trainDataset: run.prompts.map((ids) => ({ prompt: ids.join(" ") })),
      shuffle: false,
      sampler: ({ round }) =>
        Promise.resolve(
          run.completions[round].map((tokenIds) => ({ tokenIds, terminated: tokenIds.at(-1) === EOS })),
        ),
    });
    let step = 0;
    for await (const { metrics } of steps) {
      for (const [key, value] of Object.entries(run.steps[step].metrics)) {
        assert.ok(key in metrics, `metric ${key} is missing`);
        const scale = Math.max(1, Math.abs(value));
        assert.ok(
          Math.abs(metrics[key] - value) <= 1e-5 * scale,
          `step ${step + 1}: ${key} ${metrics[key]}, TRL ${value}`,
        );
      }
      step++;
    }
    assert.equal(step, run.steps.length);
    for (const [key, values] of expected) {
      const own = key.replace(/^base_model\.model\./, "").replace(/(lora_[AB])\.weight$/, "$1");
      assertClose(await engine.read(parameters.get(own)!) as Float32Array, values, key);
    }
    for (const [key, norm] of Object.entries(run.updateNorms)) {
      const own = key.replace(/^base_model\.model\./, "").replace(/(lora_[AB])\.weight$/, "$1");
      const now = await engine.read(parameters.get(own)!) as Float32Array;
      const change = Math.hypot(...now.map((value, i) => value - before.get(own)![i]));
      // A change is a difference of float32 weights: its rounding is relative to the weights, not to itself.
      assertClose([change], [norm], `change of ${key}`, 1e-3);
    }
    await model.dispose();
    await engine.dispose();
  });
}
