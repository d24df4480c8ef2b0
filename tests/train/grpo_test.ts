import assert from "node:assert/strict";
import { loadAdapter } from "../../lib/adapters/mod.ts";
import { createEngine } from "../../lib/engine/mod.ts";
import { loadModel, NotFiniteLogitsError } from "../../lib/models/mod.ts";
import {
  DivergenceError,
  grpo,
  type GrpoOptions,
  type PromptTokenizer,
  type RewardFunction,
} from "../../lib/train/mod.ts";
import { assertClose, GOLDEN, goldenJson, goldenTensors } from "../support/golden.ts";
import { collect, withTinyModel } from "../support/tiny_model.ts";

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

Deno.test("grpo() stops at a loss above lossLimit, and has none of its own: its loss is no log-probability", () =>
  withTinyModel(async (model) => {
    // The longer completion has the worse advantage, so that the mean over tokens is not 0.
    const completions = [[5, EOS], [6, 7, 8, 9, EOS]].map((tokenIds) => ({ tokenIds, terminated: true }));
    const options: GrpoOptions<Record<never, never>> = {
      ...{ model, tokenizer: idTokenizer, trainDataset: [{ prompt: "3 4" }], maxCompletionLength: 8 },
      rewards: { short: ({ completionIds }) => completionIds.map((ids) => -ids.length) },
      sampler: () => Promise.resolve(completions),
      ...{ numGenerations: 2, perDeviceTrainBatchSize: 2, learningRate: 0, maxSteps: 1 },
    };
    const [{ metrics: { loss } }] = await collect(grpo(options));
    assert.ok(loss > 0.1, `loss ${loss}`);
    await assert.rejects(collect(grpo({ ...options, lossLimit: loss / 2 })), (error: Error) => {
      assert.ok(error instanceof DivergenceError, String(error));
      assert.match(error.message, /^step 1: the loss has exploded to .* on rows 0/);
      return true;
    });
    assert.equal((await collect(grpo({ ...options, lossLimit: 2 * loss }))).length, 1);
    const huge: RewardFunction = ({ completionIds }) => completionIds.map((ids) => -1000 * ids.length);
    const [step] = await collect(grpo({ ...options, rewards: { huge }, scaleRewards: "none" }));
    assert.ok(step.metrics.loss > 100, `loss ${step.metrics.loss}`);
  }));

Deno.test("grpo() hands its signal to the sampler, and takes logits that are not finite in an evaluation for a divergence", () =>
  withTinyModel(async (model) => {
    const { signal } = new AbortController();
    const seen: unknown[] = [];
    const run = grpo<Record<never, never>>({
      ...{ model, tokenizer: idTokenizer, trainDataset: [{ prompt: "3 4" }], maxCompletionLength: 8, signal },
      rewards: { ended: rewards.ended },
      sampler: ({ samples, signal }) => {
        seen.push(signal);
        return Promise.resolve(Array.from({ length: samples }, () => ({ tokenIds: [5, EOS], terminated: true })));
      },
      evaluate: () => Promise.reject(new NotFiniteLogitsError("NaN")),
      ...{ numGenerations: 2, perDeviceTrainBatchSize: 2, maxSteps: 1 },
    });
    await assert.rejects(collect(run), (error: Error) => {
      assert.ok(error instanceof DivergenceError, String(error));
      assert.match(error.message, /the model's logits are not finite/);
      return true;
    });
    assert.equal(seen.length, 1);
    assert.equal(seen[0], signal);
  }));
