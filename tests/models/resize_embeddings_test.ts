import assert from "node:assert/strict";
import { createLora } from "../../lib/adapters/mod.ts";
import {
  type CausalLM,
  generate,
  loadModel,
  type PrecisionOptions,
  resizeEmbeddings,
  type WeightPrecision,
} from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { collate, sft } from "../../lib/train/mod.ts";
import { assertClose, GOLDEN } from "../support/golden.ts";
import { collect, numbersOf, TINY_MODEL, withEngine, withTinyModel } from "../support/tiny_model.ts";

const UNTIED = `${GOLDEN}qwen2_tiny/untied`;
const HIDDEN = 32;

const row = (table: Float32Array, id: number) => Array.from(table.subarray(id * HIDDEN, (id + 1) * HIDDEN));

function meanOf(table: Float32Array, ids: readonly number[]): number[] {
  return Array.from(
    { length: HIDDEN },
    (_, i) => ids.reduce((sum, id) => sum + table[id * HIDDEN + i], 0) / ids.length,
  );
}

/** The hidden states of a batch, which do not depend on the head. */
async function hiddenOf(model: CausalLM, ids: number[]): Promise<Float32Array> {
  const pass = await model.forward(collate([{ ids, lossMask: ids.map(() => true) }], 0).tokens);
  const hidden = (await model.engine.read(pass.hidden) as Float32Array).slice();
  pass.hidden.dispose();
  return hidden;
}

for (const folder of [TINY_MODEL, UNTIED]) {
  const name = folder === UNTIED ? "untied" : "tied";
  Deno.test(`resizeEmbeddings() of ${name} tables keeps old rows and begins new ones as means`, () =>
    withEngine(async (engine) => {
      const model = await loadModel(folder, { engine });
      const before = await numbersOf(model, model.weights);
      const states = await hiddenOf(model, [2, 3, 90]);
      const bytes = engine.bytesInUse;
      const pieces = new Map([[97, [3, 5, 5]], [7, [8]]]);
      const wider = await resizeEmbeddings(model, 98, { pieces, padToMultipleOf: 8 });
      assert.deepEqual([wider.config.vocabSize, model.config.vocabSize], [104, 96]);
      const tables = name === "tied" ? ["model.embed_tokens.weight"] : ["model.embed_tokens.weight", "lm_head.weight"];
      assert.equal(engine.bytesInUse - bytes, tables.length * 104 * HIDDEN * 4);
      for (const table of tables) {
        const [old, own] = [before.get(table)!, await wider.readWeight(table)];
        assert.equal(own.length, 104 * HIDDEN);
        for (const id of [0, 6, 8, 95]) assert.deepEqual(row(own, id), row(old, id));
        assert.deepEqual(row(own, 7), row(old, 8));
        assertClose(row(own, 97), meanOf(old, [3, 5, 5]), "a row of pieces", 1e-6);
        const all = Array.from({ length: 96 }, (_, id) => id);
        for (const id of [96, 98, 103]) assertClose(row(own, id), meanOf(old, all), "a new row", 1e-6);
      }
      assert.deepEqual(await hiddenOf(wider, [2, 3, 90]), states);
      await wider.dispose();
      assert.equal(engine.bytesInUse, bytes);
      assert.deepEqual(await numbersOf(model, model.weights), before);
      await model.dispose();
    }));
}

Deno.test("resizeEmbeddings() takes no row away, and gives a view of a view", () =>
  withTinyModel(async (model) => {
    const same = await resizeEmbeddings(model, 5, { pieces: new Map([[95, [1, 2]]]) });
    const wider = await resizeEmbeddings(same, 100);
    assert.deepEqual([same.config.vocabSize, wider.config.vocabSize], [96, 100]);
    const [old, own] = [
      await model.readWeight("model.embed_tokens.weight"),
      await wider.readWeight("model.embed_tokens.weight"),
    ];
    assertClose(row(own, 95), meanOf(old, [1, 2]), "a row of pieces", 1e-6);
    await same.dispose();
    assert.equal((await hiddenOf(wider, [2, 99])).length, 2 * HIDDEN);
    await wider.dispose();
  }));

const PRECISIONS: (WeightPrecision | PrecisionOptions)[] = [
  "float16",
  { weights: "float16", compute: "float16" },
  "8bit",
  "4bit",
];

for (const precision of PRECISIONS) {
  Deno.test(`resizeEmbeddings() of a model in ${JSON.stringify(precision)} has float32 tables, which are trained and decoded with`, () =>
    withEngine(async (engine) => {
      for (const folder of [TINY_MODEL, UNTIED]) {
        const model = await loadModel(folder, { engine, precision });
        const wider = await resizeEmbeddings(model, 98);
        const table = await model.readWeight("model.embed_tokens.weight");
        assert.deepEqual((await wider.readWeight("model.embed_tokens.weight")).slice(0, table.length), table.slice());
        assertClose(await hiddenOf(wider, [2, 3, 90]), await hiddenOf(model, [2, 3, 90]), "hidden states", 1e-4);
        const prompts = [[2, 3, 90]];
        const [own, base] = [
          await generate(wider, { prompts, temperature: 0, maxNewTokens: 4 }),
          await generate(model, { prompts, temperature: 0, maxNewTokens: 4 }),
        ];
        // The base may hold its head in fewer bits for decoding; the tokens are its own either way.
        assert.equal(own.flat()[0].tokenIds.length, base.flat()[0].tokenIds.length);
        for (
          const carried of [{ modulesToSave: ["embed_tokens", "lm_head"] as const }, { trainableTokenIndices: [97, 3] }]
        ) {
          const adapter = await createLora(wider, new Random(1), { r: 2, ...carried });
          const trainDataset = [{ ids: [2, 97, 3, 97], lossMask: [false, true, true, true] }];
          const steps = await collect(sft({ model: wider, adapter, trainDataset, maxSteps: 6, learningRate: 3e-2 }));
          assert.ok(steps[5].metrics.loss < steps[0].metrics.loss);
          adapter.factors.forEach((factor) => factor.dispose());
        }
        await wider.dispose();
        await model.dispose();
      }
      assert.equal(engine.bytesInUse, 0);
    }));
}

Deno.test("resizeEmbeddings() names the number that it cannot take, and frees what it made", () =>
  withTinyModel(async (model) => {
    const bytes = model.engine.bytesInUse;
    const cases: [number, Parameters<typeof resizeEmbeddings>[2], RegExp][] = [
      [0, {}, /vocabularySize: expected a positive integer, got 0/],
      [98.5, {}, /vocabularySize: expected a positive integer, got 98.5/],
      [98, { padToMultipleOf: -8 }, /padToMultipleOf: expected a positive integer, got -8/],
      [98, { pieces: new Map([[98, [1]]]) }, /pieces of token 98: the vocabulary will have 98 tokens/],
      [98, { pieces: new Map([[97, [96]]]) }, /pieces of token 97: expected ids from 0 to 95, got 96/],
      [98, { pieces: new Map([[97, []]]) }, /pieces of token 97: expected ids from 0 to 95, got none/],
    ];
    for (const [size, options, message] of cases) await assert.rejects(resizeEmbeddings(model, size, options), message);
    assert.equal(model.engine.bytesInUse, bytes);
  }));

Deno.test("all weights of a view are not trained: they are another model's", () =>
  withTinyModel(async (model) => {
    const wider = await resizeEmbeddings(model, 98);
    const trainDataset = [{ ids: [2, 97, 3], lossMask: [false, true, true] }];
    await assert.rejects(
      collect(sft({ model: wider, trainDataset, maxSteps: 1 })),
      /write it with saveModel\(\), and load that/,
    );
    await wider.dispose();
  }));
