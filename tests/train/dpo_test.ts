import assert from "node:assert/strict";
import { createLora, loadAdapter, type LoraAdapter } from "../../lib/adapters/mod.ts";
import { type CausalLM, loadModel } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import {
  DivergenceError,
  dpo,
  type DpoOptions,
  type Metrics,
  type PreferenceExample,
  preferenceWinRate,
  type TrainingStep,
} from "../../lib/train/mod.ts";
import { assertClose, GOLDEN, goldenJson, goldenTensors } from "../support/golden.ts";
import { recordError } from "../support/measured_error.ts";
import { assertSameNumbers } from "../support/same_numbers.ts";
import { collect, EOS, numbersOf, withTinyModel } from "../support/tiny_model.ts";
import { randomPairs } from "./dpo_pairs.ts";

interface GoldenRun {
  adapter: string | null;
  options: Partial<DpoOptions>;
  pairs: PreferenceExample[];
  steps: Metrics[];
  updateNorms: Record<string, number>;
  evaluation: { pairs: PreferenceExample[]; perDeviceEvalBatchSize: number; metrics: Metrics };
}

/** An adapter as a new one would be: B is 0. */
async function withZeroB(model: CausalLM, adapter: LoraAdapter): Promise<LoraAdapter> {
  const factors: LoraAdapter["factors"] = new Map();
  for (const [name, tensor] of adapter.factors) {
    const data = (await model.engine.read(tensor) as Float32Array).slice();
    if (name.endsWith("lora_B")) data.fill(0);
    factors.set(name, await model.engine.store(data, tensor.shape));
  }
  return { ...adapter, factors };
}

for (const name of ["full", "lora", "continued"]) {
  Deno.test(`dpo() equals TRL's DPOTrainer over four steps and in an evaluation (${name})`, () =>
    withTinyModel(async (model) => {
      const { engine } = model;
      const run = await goldenJson<GoldenRun>(`dpo/training.${name}.json`);
      const expected = await goldenTensors(`dpo/training.${name}.weights.safetensors`);
      const saved = run.adapter ? await loadAdapter(model, GOLDEN + run.adapter) : undefined;
      const adapter = saved && name === "lora" ? await withZeroB(model, saved) : saved;
      const parameters = adapter ? adapter.factors : model.weights;
      const before = await numbersOf(model, parameters);
      const steps = await collect(dpo({
        ...run.options,
        model,
        adapter,
        trainDataset: run.pairs,
        evalDataset: run.evaluation.pairs,
        perDeviceEvalBatchSize: run.evaluation.perDeviceEvalBatchSize,
        shuffle: false,
      }));
      assert.equal(steps.length, run.steps.length);
      const compare = (what: string, actual: Metrics, wanted: Metrics) => {
        for (const [key, value] of Object.entries(wanted)) {
          // Without an adapter the head is trained, and its mean is not computed.
          if (!adapter && key.includes("logits/")) continue;
          assert.ok(key in actual, `${what}: metric ${key} is missing`);
          // Rewards are differences of log-probabilities about 20: their rounding is relative to those.
          const isReward = key.includes("rewards/");
          const error = Math.abs(actual[key] - value) / (isReward ? 1 : Math.abs(value) || 1);
          if (!isReward) recordError("close", `${what}: ${key}`, error);
          assert.ok(error <= 1e-5, `${what}: ${key} ${actual[key]}, TRL ${value}`);
        }
      };
      run.steps.forEach((metrics, i) => compare(`step ${i + 1}`, steps[i].metrics, metrics));
      compare("evaluation", steps.at(-1)!.metrics, run.evaluation.metrics);
      const own = (key: string) => key.replace(/^base_model\.model\./, "").replace(/(lora_[AB])\.weight$/, "$1");
      for (const [key, values] of expected) {
        assertClose(await engine.read(parameters.get(own(key))!) as Float32Array, values, key);
      }
      for (const [key, norm] of Object.entries(run.updateNorms)) {
        const now = await engine.read(parameters.get(own(key))!) as Float32Array;
        const change = Math.hypot(...now.map((value, i) => value - before.get(own(key))![i]));
        // A change is a difference of float32 weights: its rounding is relative to the weights, not to itself.
        assertClose([change], [norm], `change of ${key}`, 1e-3);
      }
    }));
}

const COMMON = { learningRate: 5e-3, maxSteps: 3, perDeviceTrainBatchSize: 4, beta: 0.2 } as const;

/** A run of a new adapter, which is the same one each time; its metrics without times, and the factors after it. */
async function trainNew(model: CausalLM, options: Omit<DpoOptions, "model" | "adapter">) {
  const adapter = await createLora(model, new Random(1), { r: 2 });
  const steps = await collect(dpo({ ...COMMON, ...options, model, adapter }));
  return { steps, metrics: steps.map(timeless), factors: await numbersOf(model, adapter.factors) };
}

function timeless({ metrics: { step_time: _, ...metrics } }: TrainingStep): Metrics {
  return metrics;
}

function assertSameCurve(actual: Metrics[], expected: Metrics[], what: string, without: string[] = []): void {
  assert.equal(actual.length, expected.length);
  expected.forEach((metrics, i) => {
    for (const [name, value] of Object.entries(metrics)) {
      if (without.includes(name)) continue;
      const scale = Math.max(1, Math.abs(value));
      const difference = Math.abs(actual[i][name] - value);
      assert.ok(difference <= 2e-5 * scale, `${what}, step ${i + 1}: ${name} ${actual[i][name]}, not ${value}`);
    }
  });
}

Deno.test("dpo() begins at ln 2 with margins of 0, whatever the reference is, and learns the pairs", () =>
  withTinyModel(async (model) => {
    const trainDataset = randomPairs(8);
    const adapter = await createLora(model, new Random(1), { r: 4 });
    const options: DpoOptions = { ...COMMON, model, adapter, trainDataset, maxSteps: 25, perDeviceTrainBatchSize: 8 };
    for (const start of ["a new adapter", "a trained adapter"]) {
      const steps = await collect(dpo(options));
      assert.ok(Math.abs(steps[0].metrics.loss - Math.LN2) < 1e-6, `${start}: loss ${steps[0].metrics.loss}`);
      assert.ok(Math.abs(steps[0].metrics["rewards/margins"]) < 1e-5, start);
      const { loss, ...metrics } = steps.at(-1)!.metrics;
      assert.ok(loss < 0.5, `${start}: loss ${loss}`);
      assert.ok(metrics["rewards/accuracies"] > 0.8, `${start}: ${metrics["rewards/accuracies"]}`);
      assert.ok(metrics["rewards/margins"] > 0.3, start);
      const expected = start === "a new adapter" ? /reference: the model with the adapter off/ : /a frozen copy/;
      assert.match(steps[0].notes!.join("\n"), expected);
    }
    const before = (await numbersOf(model, model.weights)).get("model.norm.weight")!;
    const [first] = await collect(dpo({ ...options, adapter: undefined, learningRate: 1e-3, maxSteps: 1 }));
    assert.ok(Math.abs(first.metrics.loss - Math.LN2) < 1e-6, `all weights: loss ${first.metrics.loss}`);
    assert.match(first.notes!.join("\n"), /reference: a copy of all weights/);
    const after = (await numbersOf(model, model.weights)).get("model.norm.weight")!;
    assert.notDeepEqual(after, before);
  }));

Deno.test("dpo() gives the same curve for one batch of 6 pairs, 3 of 2, or one of 4 and one of 2, padded or packed", () =>
  withTinyModel(async (model) => {
    const trainDataset = randomPairs(6);
    // Means over tokens are means over micro-batches.
    const ofBatches = ["entropy", "mean_token_accuracy", "logits/chosen", "logits/rejected", "nll_loss"];
    // Each has a part that divides by something else: pairs, chosen tokens, all tokens of chosen rows.
    for (const lossType of [["sigmoid", "sft"], ["orpo"], ["simpo"]] as const) {
      const run = (options: Partial<DpoOptions>) => trainNew(model, { lossType, trainDataset, ...options });
      const whole = await run({ perDeviceTrainBatchSize: 6 });
      const parts = await run({ perDeviceTrainBatchSize: 2, gradientAccumulationSteps: 3 });
      assertSameCurve(parts.metrics, whole.metrics, `${lossType}, 3 of 2`, ofBatches);
      const uneven = await run({ perDeviceTrainBatchSize: 4, gradientAccumulationSteps: 2 });
      assertSameCurve(uneven.metrics, whole.metrics, `${lossType}, 4 and 2`, ofBatches);
      const packed = await run({ perDeviceTrainBatchSize: 6, packing: true, padTokenId: 7 });
      assertSameCurve(packed.metrics, whole.metrics, `${lossType}, packed`);
    }
  }));

Deno.test("dpo() does not depend on the order of pairs in a batch, nor on what fills the rows", () =>
  withTinyModel(async (model) => {
    const trainDataset = randomPairs(4);
    const options = { shuffle: false, maxSteps: 2 };
    const one = await trainNew(model, { ...options, trainDataset });
    const turned = await trainNew(model, { ...options, trainDataset: trainDataset.toReversed(), padTokenId: 31 });
    assertSameCurve(turned.metrics, one.metrics, "turned round");
  }));

Deno.test("dpo() with precomputeRefLogProbs has the curve that it has without", () =>
  withTinyModel(async (model) => {
    const trainDataset = randomPairs(10);
    const options = { trainDataset, evalDataset: trainDataset.slice(0, 3), evalSteps: 1, maxSteps: 4 };
    const live = await trainNew(model, options);
    const precomputed = await trainNew(model, { ...options, precomputeRefLogProbs: true });
    assertSameCurve(precomputed.metrics, live.metrics, "an adapter");
    assert.ok("eval_rewards/margins" in live.metrics[0]);
    assert.match(precomputed.steps[0].notes!.join("\n"), /it has scored all pairs/);
  }));

Deno.test("dpo() takes another model for the reference", () =>
  withTinyModel(async (model) => {
    const referenceModel = await loadModel(`${GOLDEN}qwen2_tiny/untied`, { engine: model.engine });
    const { steps: [first] } = await trainNew(model, { trainDataset: randomPairs(4), referenceModel });
    assert.ok(Math.abs(first.metrics.loss - Math.LN2) > 1e-3);
    assert.ok(Math.abs(first.metrics["rewards/margins"]) > 1e-3);
    await referenceModel.dispose();
    await assert.rejects(
      trainNew(model, { trainDataset: randomPairs(4), referenceModel: model }),
      /referenceModel is the model that is trained/,
    );
    await assert.rejects(
      trainNew(model, { trainDataset: randomPairs(4), referenceModel, lossType: "simpo" }),
      /referenceModel: simpo knows no reference/,
    );
  }));

Deno.test("preferenceWinRate() counts the pairs whose chosen completion is more probable, more of them after dpo()", () =>
  withTinyModel(async (model) => {
    const pairs = randomPairs(12);
    const adapter = await createLora(model, new Random(1), { r: 4 });
    const before = await preferenceWinRate(model, pairs, { perDeviceEvalBatchSize: 5 });
    assert.deepEqual(before.margins.length, 12);
    assert.equal(before.winRatePerToken, before.margins.filter((margin) => margin > 0).length / 12);
    const mean = before.margins.reduce((a, b) => a + b) / 12;
    assert.ok(Math.abs(before.chosenPerToken - before.rejectedPerToken - mean) < 1e-9);
    assert.ok(before.winRate < 0.9 && before.winRatePerToken < 0.9, JSON.stringify(before));
    const swapped = pairs.map(({ promptIds, chosenIds, rejectedIds }) => ({
      ...{ promptIds, chosenIds: rejectedIds, rejectedIds: chosenIds },
    }));
    assert.ok(Math.abs((await preferenceWinRate(model, swapped)).winRate - (1 - before.winRate)) < 1e-9);
    await collect(dpo({ ...COMMON, model, adapter, trainDataset: pairs, maxSteps: 40, perDeviceTrainBatchSize: 12 }));
    const after = await preferenceWinRate(model, pairs, { adapter });
    assert.ok(after.winRate > before.winRate, `${after.winRate}, before ${before.winRate}`);
    const tie = { ...pairs[0], rejectedIds: pairs[0].chosenIds };
    assert.equal((await preferenceWinRate(model, [tie])).winRate, 0.5);
    await assert.rejects(preferenceWinRate(model, []), /there are no pairs/);
    await assert.rejects(preferenceWinRate(model, [{ ...pairs[0], chosenIds: [] }]), /rows \(chosen\), row 0/);
  }));

Deno.test("dpo() stops at a loss above lossLimit, names the rows, and changes no weight", () =>
  withTinyModel(async (model) => {
    const adapter = await createLora(model, new Random(1), { r: 2 });
    const before = await numbersOf(model, adapter.factors);
    const run = dpo({ ...COMMON, model, adapter, trainDataset: randomPairs(3), lossLimit: 0.1, shuffle: false });
    await assert.rejects(collect(run), (error: Error) => {
      assert.ok(error instanceof DivergenceError, String(error));
      assert.match(error.message, /^step 1: the loss has exploded to 0\.\d+, .* on rows 0, 1, 2 of trainDataset/);
      return true;
    });
    assertSameNumbers(await numbersOf(model, adapter.factors), before, "factors");
  }));

Deno.test("dpo() cuts completions at maxLength, leaves out pairs without room, and says so", () =>
  withTinyModel(async (model) => {
    const trainDataset: PreferenceExample[] = [
      { promptIds: [5, 6], chosenIds: [7, 8, 9, EOS], rejectedIds: [10, EOS] },
      { promptIds: [5, 6, 7, 8, 9], chosenIds: [7, EOS], rejectedIds: [10, EOS] },
      { promptIds: [5], chosenIds: [7, 8, 9, 10, 11, EOS], rejectedIds: [7, 8, 9, 10, 12, EOS] },
      { promptIds: [5], chosenIds: [7, EOS], rejectedIds: [10, EOS] },
    ];
    const { steps } = await trainNew(model, { trainDataset, maxLength: 5, shuffle: false, maxSteps: 1 });
    const notes = steps[0].notes!.join("\n");
    assert.match(notes, /cut completions of 1 of 4 pairs at maxLength 5/);
    assert.match(notes, /1 of 4 pairs left out: their prompt fills maxLength \(rows 1\)/);
    assert.match(notes, /1 of 4 pairs left out: cut, they are the same \(rows 2\)/);
    assert.equal(steps[0].metrics.num_tokens, 5 + 4 + 3 + 3);
    await assert.rejects(trainNew(model, { trainDataset: [trainDataset[1]], maxLength: 5 }), /leaves no pair/);
  }));

Deno.test("dpo() refuses rows and options that it cannot use, and names them", () =>
  withTinyModel(async (model) => {
    const good = randomPairs(2);
    const wrong: [Partial<DpoOptions>, RegExp][] = [
      [{ trainDataset: [] }, /trainDataset has no rows/],
      [
        { trainDataset: [...good, { promptIds: [], chosenIds: [5], rejectedIds: [6] }] },
        /trainDataset, row 2: the prompt/,
      ],
      [{ trainDataset: [good[0], { ...good[1], rejectedIds: [] }] }, /trainDataset \(rejected\), row 1: every token/],
      [{ evalDataset: [{ ...good[0], chosenIds: [96] }] }, /evalDataset \(chosen\), row 0: token id 96/],
      [{ trainDataset: [{ prompt: "a" } as unknown as PreferenceExample] }, /row 0: expected promptIds, chosenIds/],
      [{ beta: -1 }, /beta/],
      [{ maxLength: 129 }, /maxLength: the model reads at most 128/],
      [{ perDeviceEvalBatchSize: 0 }, /perDeviceEvalBatchSize/],
      [{ maxSteps: 0.5 }, /maxSteps/],
    ];
    for (const [options, message] of wrong) {
      await assert.rejects(trainNew(model, { trainDataset: good, ...options }), message);
    }
  }));
