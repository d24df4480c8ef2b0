import assert from "node:assert/strict";
import { createLora } from "../../lib/adapters/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import {
  chunk,
  collate,
  collatePacked,
  evaluateSft,
  labelMetrics,
  lengthGroupedOrder,
  sft,
  type TokenizedExample,
} from "../../lib/train/mod.ts";
import { batchingOptions, cutDataset, SftBatches } from "../../lib/train/sft_batches.ts";
import { collect, EOS, randomExamples, withTinyModel } from "../support/tiny_model.ts";

/** A row of `prompt` masked and `completion` trained tokens; the last one ends it. */
function row(prompt: number, completion: number): TokenizedExample {
  const lossMask = [...new Array(prompt).fill(false), ...new Array(completion).fill(true)];
  return { ids: lossMask.map((_, token) => token === lossMask.length - 1 ? EOS : 2 + token % 50), lossMask };
}

const cut = (rows: TokenizedExample[], options: object) => cutDataset(rows, batchingOptions(options, 128), "rows");

Deno.test("batchingOptions() gives TRL's defaults, within what the model reads", () => {
  const defaults = { maxLength: 1024, packing: false, packingStrategy: "bfd", groupByLength: false };
  assert.deepEqual(batchingOptions({}, 4096), defaults);
  assert.equal(batchingOptions({}, 128).maxLength, 128);
  assert.equal(batchingOptions({ maxLength: null }, 128).maxLength, null);
});

Deno.test("cutDataset() keeps the beginning, leaves out what trains nothing, and says so", () => {
  const rows = [row(2, 3), row(9, 4), row(4, 9), row(8, 2)];
  const { documents, notes } = cut(rows, { maxLength: 8 });
  assert.deepEqual(documents.map(({ source, example }) => [source, example.ids.length]), [[0, 5], [2, 8]]);
  assert.deepEqual(documents[1].example, { ids: rows[2].ids.slice(0, 8), lossMask: rows[2].lossMask.slice(0, 8) });
  assert.deepEqual(notes, [
    "rows: cut 3 of 4 rows, which are longer than maxLength 8",
    "rows: 2 of those are left out, since nothing that is trained remains (1, 3)",
  ]);
  assert.deepEqual(cut(rows, {}).notes, []);
  assert.deepEqual(cut(rows, { maxLength: null }).documents.map(({ example }) => example), rows);
  assert.throws(() => cut([row(9, 4)], { maxLength: 8 }), /rows: the first 8 tokens of every row are prompt; raise/);
  assert.deepEqual(cut([], { maxLength: 8 }), { documents: [], notes: [] });
});

Deno.test("cutDataset() makes documents of all parts with bfd_split, but of none that trains nothing", () => {
  const split = { maxLength: 8, packing: true, packingStrategy: "bfd_split" };
  const { documents, notes } = cut([row(9, 4), row(2, 15), row(3, 3)], split);
  // Row 0 begins with 8 tokens of prompt; the last token of row 1 would be alone and predicted by nothing.
  const parts = documents.map((
    { source, example },
  ) => [source, example.ids.length, example.lossMask.filter(Boolean).length]);
  assert.deepEqual(parts, [[0, 5, 4], [1, 8, 6], [1, 8, 8], [2, 6, 3]]);
  assert.deepEqual(notes, ["rows: split 2 of 3 rows, which are longer than maxLength 8"]);
  // Only what is packed is split.
  const rows = [row(2, 15), row(3, 3)];
  assert.deepEqual(cut(rows, { ...split, packing: false }), cut(rows, { maxLength: 8 }));
});

Deno.test("SftBatches hands out every row once an epoch, packed or not, and tells which rows a step has", () => {
  const rows = randomExamples(30);
  for (const options of [{}, { packing: true, maxLength: 20 }, { groupByLength: true }]) {
    const data = new SftBatches(rows, {
      ...batchingOptions(options, 128),
      perDeviceTrainBatchSize: 3,
      gradientAccumulationSteps: 2,
      shuffle: true,
      padTokenId: 0,
    });
    const ofStep = data.bySteps(new Random(1));
    for (const epoch of [0, 1]) {
      const seen: number[] = [];
      for (let step = 0; step < data.stepsPerEpoch; step++) {
        const { batches, rows: sources } = ofStep(epoch * data.stepsPerEpoch + step);
        assert.ok(batches.length <= 2 && batches.every(({ tokens }) => tokens.batch <= 3));
        const tokens = sources.reduce((sum, source) => sum + rows[source].ids.length, 0);
        assert.equal(batches.reduce((sum, batch) => sum + batch.tokenCount, 0), tokens);
        seen.push(...sources);
      }
      assert.deepEqual(seen.sort((a, b) => a - b), rows.map((_, source) => source));
    }
  }
});

Deno.test("SftBatches with groupByLength sorts within stretches of whole steps, all their micro-batches together", () => {
  const rows = randomExamples(132);
  const data = new SftBatches(rows, {
    ...batchingOptions({ groupByLength: true }, 128),
    ...{ perDeviceTrainBatchSize: 3, gradientAccumulationSteps: 2, shuffle: true, padTokenId: 0 },
  });
  const order = lengthGroupedOrder(rows.map(({ ids }) => ids.length), 6, new Random(1), 0);
  const ofStep = data.bySteps(new Random(1));
  assert.deepEqual(Array.from({ length: 22 }, (_, step) => ofStep(step).rows), chunk(order, 6));
});

Deno.test("labelMetrics() counts trained end tokens, masked tokens and padding", () => {
  const batches = [collatePacked([[row(2, 3), row(1, 2)], [row(4, 2)]], EOS), collatePacked([[row(3, 1)]], EOS)];
  // Tokens: 5 + 3 of 8, 6 of 8, 4 of 4; trained: 3 + 2, 2, 1; the padding, which is the end token here, never.
  const { num_eos_labels, masked_share, packed_share } = labelMetrics(batches, [EOS, 70]);
  assert.equal(num_eos_labels, 4);
  assert.equal(masked_share, 1 - 8 / 18);
  assert.equal(packed_share, 18 / 20);
  const open = { ids: [3, 4, 5], lossMask: [false, true, true] };
  assert.equal(labelMetrics([collatePacked([[open]], 0)], [EOS]).num_eos_labels, 0);
});

Deno.test("sft() logs what its batches hold, and says at the first step what was cut and packed", () =>
  withTinyModel(async (model) => {
    const trainDataset = [row(2, 3), row(2, 10), row(9, 4), row(4, 4), row(3, 5), row(2, 2)];
    const steps = await collect(sft({
      model,
      trainDataset,
      evalDataset: [row(2, 9), row(2, 4)],
      perDeviceTrainBatchSize: 10,
      maxSteps: 2,
      maxLength: 8,
      packing: true,
    }));
    assert.deepEqual(steps[0].notes!.slice(0, 4), [
      "trainDataset: cut 2 of 6 rows, which are longer than maxLength 8",
      "trainDataset: 1 of those are left out, since nothing that is trained remains (2)",
      "packing: 5 documents in 5 rows of 8 tokens, 82.5 % full",
      "evalDataset: cut 1 of 2 rows, which are longer than maxLength 8",
    ]);
    assert.match(steps[0].notes!.slice(4).join(), /^residuals of 3 of 3 layers kept: about 1 MB of a budget of/);
    assert.equal(steps[1].notes, undefined);
    for (const { metrics } of steps) {
      assert.equal(metrics.num_eos_labels, 4, "the row that was cut has lost its end");
      assert.equal(metrics.masked_share, 1 - 20 / 33);
      assert.equal(metrics.packed_share, 33 / 40);
    }
  }));

Deno.test("sft() evaluates the adapter by the loss that it trains with, on rows that are cut and never split", () =>
  withTinyModel(async (model) => {
    const adapter = await createLora(model, new Random(1), { r: 2 });
    const objective = { lossType: "nll", labelSmoothingFactor: 0.2 } as const;
    const steps = await collect(sft({
      ...{ model, adapter, trainDataset: randomExamples(12), learningRate: 1e-2, maxSteps: 3 },
      ...{ ...objective, packing: true, packingStrategy: "bfd_split", maxLength: 8 },
      ...{ evalDataset: [row(2, 15), row(3, 3), row(9, 4), row(2, 5)], perDeviceEvalBatchSize: 2 },
    }));
    const long = row(2, 15);
    const first = { ids: long.ids.slice(0, 8), lossMask: long.lossMask.slice(0, 8) };
    const batches = [collate([first, row(3, 3)], 0), collate([row(2, 5)], 0)];
    const { eval_loss, eval_mean_token_accuracy, eval_entropy } = steps[2].metrics;
    const expected = await evaluateSft(model, batches, adapter, objective);
    assert.deepEqual({ eval_loss, eval_mean_token_accuracy, eval_entropy }, expected);
    assert.notEqual((await evaluateSft(model, batches, adapter)).eval_loss, eval_loss);
    assert.notEqual((await evaluateSft(model, batches, undefined, objective)).eval_loss, eval_loss);
    adapter.factors.forEach((factor) => factor.dispose());
  }));

Deno.test("sft() takes a step for what is begun of one where the epochs are not whole, as transformers does", () =>
  withTinyModel(async (model) => {
    const shape = { perDeviceTrainBatchSize: 5, numTrainEpochs: 1.5, learningRate: 1e-3 };
    // Three steps an epoch: 4.5 are 5.
    const steps = await collect(sft({ ...shape, model, trainDataset: randomExamples(12) }));
    assert.deepEqual(
      steps.map(({ totalSteps, metrics }) => [totalSteps, metrics.epoch]),
      [1, 2, 3, 4, 5].map((step) => [5, step / 3]),
    );
  }));
