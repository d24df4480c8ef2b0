import assert from "node:assert/strict";
import fc from "fast-check";
import { Packer } from "../../lib/train/packer.ts";
import { pretrain, type PretrainOptions, type TokenizedExample } from "../../lib/train/mod.ts";
import { collect, randomExamples, withTinyModel } from "../support/tiny_model.ts";

/** A document of a length, all of it learned but its first token; `mark` tells it apart. */
function documentOf(length: number, mark = 0): TokenizedExample {
  return { ids: Array.from({ length }, (_, i) => i === 0 ? mark : 2 + i % 90), lossMask: new Array(length).fill(true) };
}

Deno.test("Packer puts every document that fits in exactly one row, and none in two halves", () => {
  const lengths = fc.array(fc.integer({ min: 0, max: 25 }).filter((length) => length !== 1), { maxLength: 60 });
  fc.assert(fc.property(lengths, fc.integer({ min: 1, max: 6 }), (lengths, rows) => {
    const packer = new Packer(lengths.map(documentOf), 20);
    const seen: number[] = [];
    for (;;) {
      let packed: TokenizedExample[][];
      try {
        packed = packer.take(rows);
      } catch (error) {
        assert.match((error as Error).message, new RegExp(`run out after ${lengths.length}:`));
        break;
      }
      assert.ok(packed.length <= rows && packed.length > 0);
      for (const row of packed) {
        assert.ok(row.reduce((sum, { ids }) => sum + ids.length, 0) <= 20);
        seen.push(...row.map(({ ids }) => ids[0]));
      }
    }
    const expected = lengths.flatMap((length, mark) => length > 0 && length <= 20 ? [mark] : []);
    assert.deepEqual(seen.sort((a, b) => a - b), expected);
  }));
});

Deno.test("Packer leaves little room in its rows when documents are short", () => {
  const packer = new Packer(randomExamples(400), 64);
  for (let batch = 0; batch < 4; batch++) {
    const real = packer.take(8).flat().reduce((sum, { ids }) => sum + ids.length, 0);
    assert.ok(real / (8 * 64) > 0.95, `${real} of ${8 * 64}`);
  }
});

Deno.test("Packer stops with an error on an endless stream in which no document fits", () => {
  for (const [length, max] of [[30, 20], [0, 20]]) {
    const endless = function* () {
      for (;;) yield documentOf(length);
    };
    assert.throws(() => new Packer(endless(), max).take(2), /10000 documents in a row, .* longer than 20 tokens/);
  }
});

Deno.test("Packer names the document that trains nothing", () => {
  const masked = { ids: [3, 4, 5], lossMask: [true, false, false] };
  assert.throws(() => new Packer([documentOf(4), masked], 20).take(1), /document 1: every token is masked/);
});

/** Documents that count upwards: easy to learn. */
function* counting(): Generator<TokenizedExample> {
  for (let start = 0;; start = (start + 7) % 80) {
    yield { ids: Array.from({ length: 10 }, (_, i) => 2 + start + i), lossMask: new Array(10).fill(true) };
  }
}

Deno.test("pretrain() learns, packs rows full, and counts tokens", () =>
  withTinyModel(async (model) => {
    const options = { model, documents: counting(), perDeviceTrainBatchSize: 4, maxLength: 44, maxSteps: 25 };
    const steps = await collect(pretrain({ ...options, learningRate: 1e-2 }));
    const losses = steps.map(({ metrics }) => metrics.loss);
    assert.ok(losses[0] > 4 && losses[24] < losses[0] / 2, `${losses[0]} to ${losses[24]}`);
    // Four documents of 10 tokens go into 44, and a padded row is as long as the longest.
    assert.deepEqual(steps.map(({ metrics }) => metrics.num_tokens), steps.map(({ step }) => 160 * step));
    assert.ok(steps.every(({ metrics, totalSteps }) => metrics.packed_share === 1 && totalSteps === 25));
  }));

Deno.test("pretrain() gives the same metrics twice, frees what it took, and lets its stream end", () =>
  withTinyModel(async (model) => {
    let ended = false;
    const documents = function* () {
      try {
        yield* counting();
      } finally {
        ended = true;
      }
    };
    const options = { model, perDeviceTrainBatchSize: 2, maxLength: 20, maxSteps: 3, learningRate: 0 };
    const run = async (changes: Partial<PretrainOptions> = {}) =>
      (await collect(pretrain({ ...options, documents: documents(), ...changes })))
        .map(({ metrics: { step_time: _time, ...metrics } }) => metrics);
    const first = await run();
    const bytes = model.engine.bytesInUse;
    assert.ok(ended);
    assert.deepEqual(await run(), first);
    assert.equal(model.engine.bytesInUse, bytes);
  }));

Deno.test("pretrain() says what is wrong with its options or its documents", () =>
  withTinyModel(async (model) => {
    const cases: [Partial<PretrainOptions>, RegExp][] = [
      [{ maxSteps: 0 }, /maxSteps: .* got 0/],
      [{ maxSteps: -1 }, /maxSteps: .* got -1/],
      [{ maxLength: 129 }, /maxLength: the model reads at most 128 tokens, got 129/],
      [{ documents: randomExamples(3) }, /run out after 3: give more of them, or fewer maxSteps/],
      [
        { documents: [{ ids: [2, 96], lossMask: [true, true] }] },
        /(id|target) 96 is outside the model's vocabulary of 96/,
      ],
      [{ documents: [{ ids: [2, 3], lossMask: [true] }] }, /document 0: 2 ids but a loss mask of 1/],
    ];
    const options = { model, documents: counting(), maxSteps: 2, perDeviceTrainBatchSize: 2, maxLength: 40 };
    for (const [change, message] of cases) await assert.rejects(collect(pretrain({ ...options, ...change })), message);
  }));
