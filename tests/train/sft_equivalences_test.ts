import assert from "node:assert/strict";
import { createLora, mergeAdapter } from "../../lib/adapters/mod.ts";
import { loadModel } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import {
  AdamW,
  collate,
  embeddingNoise,
  evaluateSft,
  sft,
  type SftOptions,
  supervisedBackward,
  type TrainingBatch,
} from "../../lib/train/mod.ts";
import { assertClose } from "../support/golden.ts";
import {
  collect,
  inFolder,
  numbersOf,
  randomExamples,
  TINY_MODEL,
  withEngine,
  withTinyModel,
} from "../support/tiny_model.ts";

/** What a run gave. */
interface Trained {
  metrics: Record<string, number>[];
  weights: Map<string, Float32Array>;
}

/** Runs sft() on the tiny model and returns the metrics and the weights after it. */
async function trained(options: Partial<SftOptions>): Promise<Trained> {
  const result: Trained = { metrics: [], weights: new Map() };
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

function assertSameRun(actual: Trained, expected: Trained, names: readonly string[]): void {
  assert.equal(actual.metrics.length, expected.metrics.length);
  expected.metrics.forEach((metrics, step) => {
    for (const name of names) {
      assertClose([actual.metrics[step][name]], [metrics[name]], `${name} of step ${step + 1}`);
    }
  });
  for (const [name, values] of expected.weights) assertClose(actual.weights.get(name)!, values, name);
}

for (const packingStrategy of ["bfd", "bfd_split"] as const) {
  Deno.test(`sft() learns the same from packed rows (${packingStrategy}) as from the rows one by one`, async () => {
    // A step is the whole data set, so that both runs have the same documents in each.
    const alone = await trained({ perDeviceTrainBatchSize: 24 });
    const packed = await trained({
      perDeviceTrainBatchSize: 4,
      gradientAccumulationSteps: 6,
      packing: true,
      packingStrategy,
      maxLength: 40,
    });
    assertSameRun(packed, alone, ["loss", "grad_norm", "num_tokens", "num_eos_labels", "masked_share", "epoch"]);
    assert.ok(packed.metrics[0].packed_share > alone.metrics[0].packed_share + 0.2);
  });
}

Deno.test("sft() learns the same from a batch's rows in any order", async () => {
  const rows = randomExamples(24, "sft");
  const [one, other] = await Promise.all(
    [rows, rows.toReversed()].map((trainDataset) => trained({ perDeviceTrainBatchSize: 24, trainDataset })),
  );
  assertSameRun(other, one, ["loss", "grad_norm", "mean_token_accuracy", "entropy"]);
});

Deno.test("training is the same with rows padded on the left and on the right", async () => {
  const run = async (paddingSide: "left" | "right"): Promise<Trained> => {
    const result: Trained = { metrics: [], weights: new Map() };
    await withTinyModel(async (model) => {
      const optimizer = new AdamW(model.engine, model.weights, { maxGradNorm: 1 });
      for (let step = 0; step < 3; step++) {
        const batches = [collate(randomExamples(8, `step ${step}`), 0, { paddingSide })];
        const metrics = await supervisedBackward(model, optimizer, batches, { trainable: "all" });
        const { gradNorm } = await optimizer.step(1e-3);
        result.metrics.push({ ...metrics, grad_norm: gradNorm });
      }
      await optimizer.dispose();
      result.weights = await numbersOf(model, model.weights);
    });
    return result;
  };
  assertSameRun(await run("left"), await run("right"), ["loss", "grad_norm", "mean_token_accuracy", "entropy"]);
});

Deno.test("a trained adapter merged into the weights evaluates as it did attached", () =>
  withTinyModel(async (model) => {
    const adapter = await createLora(model, new Random(1), { r: 4, loraAlpha: 8, targetModules: "all-linear" });
    const evalDataset = randomExamples(10, "held out");
    const batches: TrainingBatch[] = [collate(evalDataset.slice(0, 5), 0), collate(evalDataset.slice(5), 0)];
    const untrained = await evaluateSft(model, batches, adapter);
    await collect(sft({ model, adapter, trainDataset: randomExamples(24), learningRate: 1e-2, maxSteps: 5 }));
    const attached = await evaluateSft(model, batches, adapter);
    await mergeAdapter(model, adapter);
    const merged = await evaluateSft(model, batches);
    assert.notEqual(attached.eval_loss.toFixed(3), untrained.eval_loss.toFixed(3));
    for (const [name, value] of Object.entries(attached)) assertClose([merged[name]], [value], name);
    adapter.factors.forEach((factor) => factor.dispose());
  }));

Deno.test("sft() with neftuneNoiseAlpha adds noise of the seed, the step and the micro-batch, in training only", () =>
  withTinyModel(async (model) => {
    const trainDataset = randomExamples(4);
    const evalDataset = randomExamples(4, "held out");
    const before = await evaluateSft(model, [collate(evalDataset, 0)]);
    const shape = { perDeviceTrainBatchSize: 2, gradientAccumulationSteps: 2, shuffle: false };
    const options = { ...shape, model, trainDataset, evalDataset, learningRate: 0, neftuneNoiseAlpha: 5, seed: 9 };
    const steps = await collect(sft({ ...options, maxSteps: 3, evalSteps: 1 }));
    const batches = [collate(trainDataset.slice(0, 2), 0), collate(trainDataset.slice(2), 0)];
    for (const [step, { metrics }] of steps.entries()) {
      const random = new Random(9).fork("neftune").fork(step);
      const expected = await supervisedBackward(
        model,
        { addGradient: (_name, gradient) => Promise.resolve(gradient.dispose()) },
        batches,
        { trainable: "all", residualLayers: model.config.layers },
        { noise: (tokens, part) => embeddingNoise(tokens, 32, 5, random.fork(part)) },
      );
      assert.equal(metrics.loss, expected.loss, `step ${step + 1}`);
      assert.equal(metrics.eval_loss, before.eval_loss, "the weights are the same, and there is no noise");
    }
    assert.equal(new Set(steps.map(({ metrics }) => metrics.loss)).size, 3, "noise of its own in every step");
    const again = await collect(sft({ ...options, maxSteps: 3 }));
    assert.deepEqual(again.map(({ metrics }) => metrics.loss), steps.map(({ metrics }) => metrics.loss));
  }));

Deno.test("embeddingNoise() is uniform up to alpha over the root of tokens times hidden size", () => {
  const noise = embeddingNoise({ batch: 20, tokens: 25 }, 64, 5, new Random(1));
  const size = 5 / Math.sqrt(25 * 64);
  assert.equal(noise.length, 20 * 25 * 64);
  assert.ok(noise.every((value) => Math.abs(value) <= Math.fround(size)));
  const variance = noise.reduce((sum, value) => sum + value ** 2, 0) / noise.length;
  assertClose([variance], [size ** 2 / 3], "variance", 0.02);
  assert.ok(Math.abs(noise.reduce((sum, value) => sum + value, 0) / noise.length) < 0.01 * size);
});

Deno.test("sft() resumes bit for bit with packing, grouping by length and noise", () =>
  inFolder(async (outputDir) => {
    const options: Partial<SftOptions> = {
      perDeviceTrainBatchSize: 2,
      maxSteps: 6,
      packing: true,
      maxLength: 16,
      groupByLength: true,
      neftuneNoiseAlpha: 5,
      lrSchedulerType: "constant",
    };
    const whole = await trained(options);
    await trained({ ...options, outputDir, saveSteps: 4, maxSteps: 4 });
    const rest = await trained({ ...options, outputDir, resumeFromCheckpoint: true });
    const withoutTimes = ({ metrics }: Trained) => metrics.map(({ step_time: _, ...others }) => others);
    assert.deepEqual(withoutTimes(rest), withoutTimes(whole).slice(4));
    for (const [name, values] of whole.weights) assert.deepEqual(rest.weights.get(name), values, name);
    const other = { ...options, outputDir: `${outputDir}/other`, resumeFromCheckpoint: `${outputDir}/checkpoint-4` };
    for (const change of [{ neftuneNoiseAlpha: 1 }, { maxLength: 20 }, { groupByLength: false }, { packing: false }]) {
      await assert.rejects(trained({ ...other, ...change }), new RegExp(`${Object.keys(change)[0]} was .* and is`));
    }
  }));

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
      [
        { trainDataset: [long], maxLength: null },
        /row 0: 129 tokens, but the model reads at most 128; give a maxLength that cuts it/,
      ],
      [{ maxLength: 129 }, /maxLength: the model reads at most 128 tokens, got 129/],
      [{ maxLength: 0 }, /maxLength: .* got 0/],
      [{ maxLength: null, packing: true }, /maxLength: packing needs a number/],
      [{ packingStrategy: "wrapped" as "bfd" }, /packingStrategy: .* got "wrapped"/],
      [{ groupByLength: true, shuffle: false }, /groupByLength draws an order/],
      [{ lossType: "mse" as "nll" }, /lossType: .* got "mse"/],
      [{ labelSmoothingFactor: 1.5 }, /labelSmoothingFactor: .* got 1.5/],
      [{ labelSmoothingFactor: 0.1, lossType: "dft" }, /labelSmoothingFactor: expected 0 with lossType "dft"/],
      [{ neftuneNoiseAlpha: -1 }, /neftuneNoiseAlpha: .* got -1/],
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
