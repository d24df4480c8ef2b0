import assert from "node:assert/strict";
import { loadModel } from "../../lib/models/mod.ts";
import { sft, type SftOptions } from "../../lib/train/mod.ts";
import { assertClose } from "../support/golden.ts";
import { collect, numbersOf, randomExamples, TINY_MODEL, withEngine, withTinyModel } from "../support/tiny_model.ts";

/** Runs sft() on the tiny model and returns the metrics and the weights after it. */
async function trained(options: Partial<SftOptions>) {
  const result: { metrics: Record<string, number>[]; weights: Map<string, Float32Array> } = {
    metrics: [],
    weights: new Map(),
  };
  await withEngine(async (engine) => {
    const model = await loadModel(TINY_MODEL, { engine });
    const trainDataset = randomExamples(24, "sft");
    const steps = await collect(sft({ model, trainDataset, learningRate: 1e-3, maxSteps: 3, ...options }));
    result.metrics = steps.map(({ metrics }) => metrics);
    result.weights = await numbersOf(model, model.weights);
    await model.dispose();
  });
  return result;
}

Deno.test("sft() learns the same from 8 rows, 2 x 4 and 8 x 1 rows", async () => {
  const whole = await trained({ perDeviceTrainBatchSize: 8 });
  for (const size of [4, 1]) {
    const parts = await trained({ perDeviceTrainBatchSize: size, gradientAccumulationSteps: 8 / size });
    parts.metrics.forEach((metrics, step) => {
      for (const name of ["loss", "grad_norm", "num_tokens", "epoch"]) {
        assertClose([metrics[name]], [whole.metrics[step][name]], `${name} of step ${step + 1}`);
      }
    });
    for (const [name, values] of whole.weights) assertClose(parts.weights.get(name)!, values, name);
  }
});

Deno.test("sft() learns the same whether it recomputes blocks or keeps their residuals", async () => {
  const [recomputed, kept] = [
    await trained({ gradientCheckpointing: true }),
    await trained({ gradientCheckpointing: false }),
  ];
  for (const [name, values] of recomputed.weights) assertClose(kept.weights.get(name)!, values, name);
  for (const [step, { loss }] of recomputed.metrics.entries()) assertClose([kept.metrics[step].loss], [loss], "loss");
});

Deno.test("sft() takes the last rows of an epoch as a smaller batch, and counts epochs as transformers does", async () => {
  const { metrics } = await trained({ perDeviceTrainBatchSize: 10, maxSteps: -1, numTrainEpochs: 2 });
  assert.equal(metrics.length, 6);
  const tokens = randomExamples(24, "sft").reduce((sum, { ids }) => sum + ids.length, 0);
  assert.equal(metrics[2].num_tokens, tokens);
  assert.equal(metrics[5].num_tokens, 2 * tokens);
  assert.deepEqual(metrics.map(({ epoch }) => epoch), [1 / 3, 2 / 3, 1, 4 / 3, 5 / 3, 2]);
});

Deno.test("sft() frees all but the weights, also when its consumer stops or the signal is aborted", () =>
  withTinyModel(async (model) => {
    const options = { model, trainDataset: randomExamples(24), perDeviceTrainBatchSize: 4, learningRate: 1e-3 };
    await collect(sft({ ...options, maxSteps: 1 }));
    const before = model.engine.bytesInUse;
    for await (const { step } of sft({ ...options, evalDataset: randomExamples(5), evalSteps: 1 })) {
      if (step === 2) break;
    }
    assert.equal(model.engine.bytesInUse, before);

    const abort = new AbortController();
    const seen: number[] = [];
    await assert.rejects(async () => {
      for await (const { step } of sft({ ...options, signal: abort.signal })) {
        seen.push(step);
        if (step === 2) abort.abort(new Error("enough"));
      }
    }, /enough/);
    assert.deepEqual(seen, [1, 2]);
    assert.equal(model.engine.bytesInUse, before);
  }));

Deno.test("sft() names the row or the option it cannot train on, before it changes a weight", () =>
  withTinyModel(async (model) => {
    const before = await numbersOf(model, model.weights);
    const good = { ids: [2, 3, 4], lossMask: [false, true, true] };
    const long = { ids: new Array(129).fill(2), lossMask: new Array(129).fill(true) };
    const cases: [Partial<SftOptions>, RegExp][] = [
      [{ trainDataset: [] }, /trainDataset has no rows/],
      [
        { trainDataset: [good, { ids: [2, 3], lossMask: [false, false] }] },
        /trainDataset, row 1: every token is masked/,
      ],
      [{ trainDataset: [{ ids: [2], lossMask: [true] }] }, /trainDataset, row 0: its only trained token is the first/],
      [{ trainDataset: [good, good, { ids: [2, 96], lossMask: [false, true] }] }, /row 2: token id 96 .* of 96/],
      [{ trainDataset: [{ ids: [2, 3.5], lossMask: [false, true] }] }, /row 0: token id 3.5/],
      [{ trainDataset: [good, { ids: [2, 3], lossMask: [true] }] }, /row 1: 2 ids but a loss mask of 1/],
      [{ trainDataset: [long] }, /row 0: 129 tokens, but the model reads at most 128; cut the row/],
      [{ evalDataset: [good, { ids: [2, 3], lossMask: [false, false] }] }, /evalDataset, row 1: every token is masked/],
      [{ maxSteps: 2.5 }, /maxSteps: .* got 2.5/],
      [{ maxSteps: 0 }, /maxSteps: .* got 0/],
      [{ numTrainEpochs: 0 }, /numTrainEpochs: .* got 0/],
      [{ evalSteps: 0.5 }, /evalSteps: .* got 0.5/],
      [{ perDeviceTrainBatchSize: 0 }, /perDeviceTrainBatchSize: .* got 0/],
      [{ gradientAccumulationSteps: 1.5 }, /gradientAccumulationSteps: .* got 1.5/],
      [{ learningRate: NaN }, /learningRate: .* got NaN/],
      [{ maxGradNorm: NaN }, /maxGradNorm: .* got NaN/],
      [{ padTokenId: 96, trainDataset: [good, { ids: [2, 3], lossMask: [true, true] }] }, /id 96 is outside/],
    ];
    for (const [change, message] of cases) {
      await assert.rejects(collect(sft({ model, trainDataset: [good], ...change })), message);
    }
    for (const [name, values] of await numbersOf(model, model.weights)) {
      assert.deepEqual(values, before.get(name), name);
    }
  }));
