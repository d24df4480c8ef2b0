import assert from "node:assert/strict";
import { groupAdvantages, grpoLoss, type GrpoLossOptions, type ScaleRewards } from "../../lib/train/mod.ts";
import { createEngine } from "../../lib/engine/mod.ts";
import { loadModel } from "../../lib/models/mod.ts";
import { collate } from "../../lib/train/mod.ts";
import { assertClose, GOLDEN, goldenJson, goldenTensors } from "../support/golden.ts";

interface Golden {
  numGenerations: number;
  maxCompletionLength: number;
  batch: {
    promptIds: number[][];
    promptMask: number[][];
    completionIds: number[][];
    completionMask: number[][];
    maskedCompletionMask: number[][];
    advantages: number[];
    policies: {
      temperature: number;
      logProbs: number[][];
      oldLogProbs: number[][];
      referenceLogProbs: number[][];
    }[];
  };
  cases: {
    name: string;
    options: GrpoLossOptions & {
      temperature: number;
      gradientAccumulationSteps: number;
      stepsPerGeneration: number;
      maskTruncatedCompletions: boolean;
      onPolicy: boolean;
      numItemsInBatch: number;
    };
    loss: number;
    gradNorm: number;
    metrics: Record<string, number>;
  }[];
}

const golden = await goldenJson<Golden>("grpo/losses.json");
const goldenGradients = await goldenTensors("grpo/losses.gradients.safetensors");
const { batch } = golden;
const lengths = batch.completionMask.map((mask) => mask.reduce((a, b) => a + b));
const unpadded = (rows: number[][]) => rows.map((row, i) => row.slice(0, lengths[i]));

for (const { name, options, loss, gradNorm, metrics } of golden.cases) {
  Deno.test(`grpoLoss() equals TRL's loss, gradients and metrics (${name})`, async () => {
    const engine = await createEngine();
    const model = await loadModel(`${GOLDEN}qwen2_tiny/tied`, { engine });
    const prompts = batch.promptIds.map((ids, row) => ids.filter((_, i) => batch.promptMask[row][i] === 1));
    const completions = unpadded(batch.completionIds);
    const examples = prompts.map((prompt, row) => ({
      ids: [...prompt, ...completions[row]],
      lossMask: [...prompt.map(() => false), ...completions[row].map(() => true)],
    }));
    const { tokens, wanted } = collate(examples, 0);
    const pass = await model.forward(tokens, { keep: "inputs", trainable: "all" });
    const scored = { ...wanted, temperature: options.temperature };
    const { logProbs } = await model.logProbs(pass, scored);
    let at = 0;
    const byRow = completions.map((ids) => Array.from(logProbs.subarray(at, at += ids.length)));

    const policy = batch.policies.find(({ temperature }) => temperature === options.temperature)!;
    assertClose(byRow.flat(), unpadded(policy.logProbs).flat(), "log-probabilities");
    const result = grpoLoss({
      logProbs: byRow,
      oldLogProbs: options.onPolicy ? undefined : unpadded(policy.oldLogProbs),
      referenceLogProbs: unpadded(policy.referenceLogProbs),
      advantages: batch.advantages,
      active: batch.maskedCompletionMask.map((mask) => !options.maskTruncatedCompletions || mask.includes(1)),
      accumulationSteps: options.gradientAccumulationSteps,
      tokensInStep: options.numItemsInBatch * options.gradientAccumulationSteps / options.stepsPerGeneration,
      maxCompletionLength: golden.maxCompletionLength,
    }, options);
    // The loss may be a small difference of large terms: it is compared on their scale.
    assert.ok(Math.abs(result.loss - loss) <= 1e-5 * Math.max(1, Math.abs(loss)), `loss ${result.loss}, TRL ${loss}`);
    for (const [key, value] of Object.entries(metrics)) {
      if (key !== "entropy") assertClose([result.metrics[key]], [value], key);
    }
    const gradients = new Map<string, Float32Array>();
    await model.backward(pass, scored, Float32Array.from(result.gradients.flat()), async (weight, gradient) => {
      gradients.set(weight, await engine.read(gradient) as Float32Array);
    });
    const norm = Math.hypot(...[...gradients.values()].map((gradient) => Math.hypot(...gradient)));
    assertClose([norm], [gradNorm], "gradient norm");
    for (const [key, values] of goldenGradients) {
      if (key.startsWith(`${name}.model.`)) assertClose(gradients.get(key.slice(name.length + 1))!, values, key);
    }
    await model.dispose();
    await engine.dispose();
  });
}

Deno.test("the golden gradients of grpoLoss() cover every case", () => {
  const covered = golden.cases.filter(({ name }) =>
    [...goldenGradients.keys()].some((key) => key.startsWith(`${name}.model.`))
  );
  assert.ok(covered.length >= 8, `only ${covered.length} cases have golden gradients`);
});

Deno.test("grpoLoss() throws when beta asks for a reference that is not given", () => {
  const inputs = {
    logProbs: [[-1]],
    advantages: [1],
    active: [true],
    accumulationSteps: 1,
    tokensInStep: 1,
    maxCompletionLength: 1,
  };
  assert.throws(() => grpoLoss(inputs, { beta: 0.1 }), /reference/);
});

Deno.test("groupAdvantages() equals TRL's for group, batch and none, also with null rewards", async () => {
  const golden = await goldenJson<{
    numGenerations: number;
    rewards: (number | null)[][];
    rewardWeights: number[];
    cases: { scaleRewards: ScaleRewards; aggregation: string; advantages: number[]; metrics: Record<string, number> }[];
  }>("grpo/advantages.json");
  const totals = golden.rewards.map((row) =>
    row.every((reward) => reward === null)
      ? null
      : row.reduce<number>((sum, reward, i) => sum + (reward ?? 0) * golden.rewardWeights[i], 0)
  );
  const cases = golden.cases.filter(({ aggregation }) => aggregation === "sum_then_normalize");
  assert.ok(cases.length >= 3);
  for (const { scaleRewards, advantages, metrics } of cases) {
    const result = groupAdvantages(totals, golden.numGenerations, scaleRewards);
    assertClose(result.advantages, advantages, `advantages (${scaleRewards})`);
    for (const [key, value] of Object.entries(result.metrics)) {
      assertClose([value], [metrics[key]], `${key} (${scaleRewards})`);
    }
  }
});
