import assert from "node:assert/strict";
import { evaluatePolicy, localSampler } from "../../lib/train/mod.ts";
import { goldenJson } from "../support/golden.ts";
import { EOS, idTokenizer, withTinyModel } from "../support/tiny_model.ts";

interface Greedy {
  greedy: { promptIds: number[]; completionIds: number[] }[];
}

Deno.test("evaluatePolicy() scores what the model writes greedily", () =>
  withTinyModel(async (model) => {
    const { greedy: [{ promptIds, completionIds }] } = await goldenJson<Greedy>("qwen2_tiny/tied.json");
    assert.ok(!completionIds.includes(EOS));
    const length = 6;
    const sampler = localSampler({ model, temperature: 0, maxCompletionLength: length });
    const { metrics, rollouts } = await evaluatePolicy<{ gold: string }>({
      rows: [{ prompt: promptIds.join(" "), gold: completionIds.slice(0, length).join(" ") }, {
        prompt: "5 6",
        gold: "?",
      }],
      sampler: sampler.sample,
      tokenizer: idTokenizer,
      rewards: { correct: ({ completions, gold }) => completions.map((text, i) => text === gold[i] ? 1 : 0) },
    });
    await sampler.dispose();
    assert.deepEqual(rollouts.map(({ rewards }) => rewards.correct), [1, 0]);
    assert.equal(metrics["reward/correct"], 0.5);
    assert.equal(metrics.reward, 0.5);
    assert.equal(rollouts[0].completionIds.length, length);
    assert.ok(metrics.mean_length <= length && metrics.mean_length > 0);
  }));

Deno.test("evaluatePolicy() takes several samples of each prompt, and leaves null rewards out", async () => {
  const { metrics, rollouts } = await evaluatePolicy<{ gold: number }>({
    rows: [{ prompt: "5", gold: 1 }, { prompt: "6", gold: 2 }],
    samples: 3,
    sampler: ({ prompts, samples }) =>
      Promise.resolve(
        prompts.flatMap(() => Array.from({ length: samples }, (_, i) => ({ tokenIds: [10 + i], terminated: i > 0 }))),
      ),
    tokenizer: idTokenizer,
    rewards: { gold: ({ gold, completions }) => gold.map((value, i) => completions[i] === "10" ? null : value) },
    rewardWeights: { gold: 2 },
  });
  assert.equal(rollouts.length, 6);
  assert.deepEqual(rollouts.map(({ reward }) => reward), [null, 2, 2, null, 4, 4]);
  assert.equal(metrics["reward/gold"], 1.5);
  assert.equal(metrics.reward, 3);
  assert.ok(Math.abs(metrics.clipped_ratio - 1 / 3) < 1e-12);
  assert.equal(metrics.mean_length, 1);
});

Deno.test("evaluatePolicy() refuses to evaluate on nothing", async () => {
  const rewards = { zero: ({ completions }: { completions: string[] }) => completions.map(() => 0) };
  const sampler = () => Promise.resolve([]);
  await assert.rejects(evaluatePolicy({ rows: [], sampler, tokenizer: idTokenizer, rewards }), /there are no rows/);
});
