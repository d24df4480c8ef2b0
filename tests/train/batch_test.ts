import assert from "node:assert/strict";
import fc from "fast-check";
import type { CausalLM } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import {
  checkExamples,
  chunk,
  collate,
  collatePacked,
  epochOrder,
  type TokenizedExample,
  type TrainingBatch,
} from "../../lib/train/mod.ts";
import { assertClose } from "../support/golden.ts";
import { randomExamples, withTinyModel } from "../support/tiny_model.ts";

/** Ids from 1, so that padding, which is 0 here, is none of them. */
const example = fc.array(fc.tuple(fc.integer({ min: 1, max: 50 }), fc.boolean()), { minLength: 1, maxLength: 7 })
  .map((tokens): TokenizedExample => ({ ids: tokens.map(([id]) => id), lossMask: tokens.map(([, bit]) => bit) }));
const packs = fc.array(fc.array(example, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 5 });

Deno.test("collatePacked() keeps every token once, in its document, and pads the rest", () => {
  fc.assert(fc.property(packs, (packs) => {
    const { tokens, tokenCount } = collatePacked(packs, 0);
    assert.equal(tokenCount, packs.flat().reduce((sum, { ids }) => sum + ids.length, 0));
    assert.equal(tokens.tokens, Math.max(...packs.map((pack) => pack.flatMap(({ ids }) => ids).length)));
    packs.forEach((pack, row) => {
      const from = row * tokens.tokens;
      const columns = <T>(array: ArrayLike<T>) => Array.from({ length: tokens.tokens }, (_, t) => array[from + t]);
      const padding = tokens.tokens - pack.reduce((sum, { ids }) => sum + ids.length, 0);
      const filled = <T>(values: T[], pad: T) => [...values, ...new Array<T>(padding).fill(pad)];
      assert.deepEqual(columns(tokens.ids).map(Number), filled(pack.flatMap(({ ids }) => ids), 0));
      assert.deepEqual(
        columns(tokens.positions).map(Number),
        filled(pack.flatMap(({ ids }) => ids.map((_, position) => position)), 0),
      );
      assert.deepEqual(
        columns(tokens.documents),
        filled(pack.flatMap(({ ids }, document) => ids.map(() => document)), -1),
      );
    });
  }));
});

Deno.test("collatePacked() wants the next token of the same document where the mask is true, and never padding", () => {
  fc.assert(fc.property(packs, (packs) => {
    const { tokens, wanted } = collatePacked(packs, 0);
    const expected = packs.flatMap((pack, row) => {
      let at = row * tokens.tokens;
      return pack.flatMap(({ ids, lossMask }) => {
        const start = at;
        at += ids.length;
        return ids.flatMap((id, token) => token > 0 && lossMask[token] ? [[start + token - 1, id]] : []);
      });
    });
    assert.deepEqual(wanted.rows.map((at, i) => [at, wanted.targets[i]]), expected);
    for (const [i, at] of wanted.rows.entries()) {
      assert.equal(tokens.documents[at], tokens.documents[at + 1]);
      assert.ok(tokens.documents[at] >= 0);
      assert.equal(Number(tokens.ids[at + 1]), wanted.targets[i]);
    }
  }));
});

Deno.test("collate() puts each example in a row of its own", () => {
  fc.assert(fc.property(fc.array(example, { minLength: 1, maxLength: 5 }), (examples) => {
    assert.deepEqual(collate(examples, 9), collatePacked(examples.map((one) => [one]), 9));
  }));
});

Deno.test("collate() padded on the left holds the same tokens, and wants the same of them", () => {
  fc.assert(fc.property(packs, (packs) => {
    const [left, right] = (["left", "right"] as const).map((paddingSide) => collatePacked(packs, 0, { paddingSide }));
    const { batch, tokens } = right.tokens;
    const lengths = packs.map((pack) => pack.flatMap(({ ids }) => ids).length);
    // Where a place of the batch padded on the right is in the other one.
    const moved = (at: number) => at + tokens - lengths[Math.floor(at / tokens)];
    for (let at = 0; at < batch * tokens; at++) {
      const isReal = at % tokens < lengths[Math.floor(at / tokens)];
      for (const name of ["ids", "positions", "documents"] as const) {
        if (isReal) assert.equal(left.tokens[name][moved(at)], right.tokens[name][at], name);
      }
      const isPadding = at % tokens < tokens - lengths[Math.floor(at / tokens)];
      assert.equal(left.tokens.documents[at] === -1, isPadding);
    }
    assert.deepEqual(left.wanted.rows, right.wanted.rows.map(moved));
    assert.deepEqual(left.wanted.targets, right.wanted.targets);
    assert.equal(left.tokenCount, right.tokenCount);
  }));
});

Deno.test("collate() refuses a batch without tokens and a mask that does not fit", () => {
  assert.throws(() => collate([], 0), /a batch of 0 rows without a token/);
  assert.throws(() => collate([{ ids: [], lossMask: [] }], 0), /a batch of 1 rows without a token/);
  const good = { ids: [1], lossMask: [true] };
  assert.throws(() => collate([good, { ids: [1, 2], lossMask: [true] }], 0), /row 1: 2 ids but a loss mask of 1/);
});

Deno.test("checkExamples() names the row that is not tokenized, has no trained token, or does not fit the model", () => {
  const limits = { vocabSize: 10, maxPositions: 4 };
  const good = { ids: [1, 2], lossMask: [false, true] };
  checkExamples([good, good], "rows", limits);
  const cases: [unknown, RegExp][] = [
    [
      { prompt: "a", completion: "b" },
      /^Error: rows, row 1: expected ids and a lossMask; prepareSftDataset makes them/,
    ],
    [{ ids: [1, 2], lossMask: [true, false] }, /row 1: its only trained token is the first/],
    [{ ids: [1, 2], lossMask: [false, false] }, /row 1: every token is masked/],
    [{ ids: [1, 10], lossMask: [false, true] }, /row 1: token id 10 is outside the model's vocabulary of 10/],
    [
      { ids: [1, 2, 3, 4, 5], lossMask: [false, true, true, true, true] },
      /row 1: 5 tokens, .* at most 4; give a maxLength/,
    ],
  ];
  for (const [row, expected] of cases) {
    assert.throws(() => checkExamples([good, row as TokenizedExample], "rows", limits), expected);
  }
});

Deno.test("epochOrder() visits every row once, differently in each epoch, and the same in every run", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 50 }), fc.integer(), fc.nat(20), (count, seed, epoch) => {
    const random = new Random(seed);
    const order = epochOrder(count, random, epoch);
    assert.deepEqual([...order].sort((a, b) => a - b), Array.from({ length: count }, (_, row) => row));
    random.float();
    assert.deepEqual(epochOrder(count, random, epoch), order, "draws in between do not matter");
  }));
  const random = new Random(7);
  assert.notDeepEqual(epochOrder(20, random, 0), epochOrder(20, random, 1));
  assert.notDeepEqual(epochOrder(20, random, 0), epochOrder(20, new Random(8), 0));
  assert.deepEqual(epochOrder(4, random, 3, false), [0, 1, 2, 3]);
});

Deno.test("chunk() loses nothing", () => {
  fc.assert(fc.property(fc.array(fc.nat()), fc.integer({ min: 1, max: 9 }), (list, size) => {
    const parts = chunk(list, size);
    assert.deepEqual(parts.flat(), list);
    assert.ok(parts.slice(0, -1).every((part) => part.length === size));
    assert.ok(parts.every((part) => part.length > 0));
  }));
});

/** Log-probabilities in the batch's order, and the gradients of their sum with weights 1, 2, 3 ... in that of `order`. */
async function pass(model: CausalLM, { tokens, wanted }: TrainingBatch, weights: readonly number[]) {
  const forward = await model.forward(tokens, { keep: "inputs", trainable: "all" });
  const gradients = new Map<string, Float32Array>();
  const { logProbs } = await model.backward(forward, wanted, Float32Array.from(weights), async (name, gradient) => {
    gradients.set(name, await model.engine.read(gradient) as Float32Array);
  });
  return { logProbs: Array.from(logProbs), gradients };
}

/** The same of each example in a batch of its own. */
async function oneByOne(model: CausalLM, examples: readonly TokenizedExample[], weights: readonly number[]) {
  const logProbs: number[] = [];
  const sums = new Map<string, Float32Array>();
  for (const one of examples) {
    const batch = collate([one], 0);
    const { length } = batch.wanted.rows;
    const result = await pass(model, batch, weights.slice(logProbs.length, logProbs.length + length));
    logProbs.push(...result.logProbs);
    for (const [name, gradient] of result.gradients) {
      const sum = sums.get(name) ?? sums.set(name, new Float32Array(gradient.length)).get(name)!;
      gradient.forEach((value, i) => sum[i] += value);
    }
  }
  return { logProbs, gradients: sums };
}

const examples = randomExamples(6);
const weights = examples.flatMap(({ lossMask }) => lossMask.filter(Boolean)).map((_, i) => 1 + i % 3);
const batches: Record<string, TrainingBatch> = {
  "padded rows": collate(examples, 0),
  "rows padded with a token that means something": collate(examples, 5),
  "rows padded on the left": collate(examples, 0, { paddingSide: "left" }),
  "packed rows padded on the left": collatePacked([examples.slice(0, 4), examples.slice(4)], 5, {
    paddingSide: "left",
  }),
  "two packed rows": collatePacked([examples.slice(0, 4), examples.slice(4)], 0),
  "one packed row": collatePacked([examples], 0),
};

for (const [what, batch] of Object.entries(batches)) {
  Deno.test(`CausalLM gives ${what} the numbers and gradients of the rows one by one`, () =>
    withTinyModel(async (model) => {
      const expected = await oneByOne(model, examples, weights);
      const actual = await pass(model, batch, weights);
      assertClose(actual.logProbs, expected.logProbs, "log-probabilities", 2e-6);
      for (const [name, gradient] of expected.gradients) assertClose(actual.gradients.get(name)!, gradient, name);
      assert.equal(actual.gradients.size, expected.gradients.size);
    }));
}

Deno.test("CausalLM's numbers do not depend on the order of a batch's rows", () =>
  withTinyModel(async (model) => {
    const order = [3, 0, 5, 1, 4, 2];
    const logProbsByRow = async (list: readonly TokenizedExample[]) => {
      const batch = collate(list, 0);
      const { logProbs } = await pass(model, batch, batch.wanted.rows.map(() => 1));
      let at = 0;
      return list.map(({ lossMask }) => logProbs.slice(at, at += lossMask.filter(Boolean).length));
    };
    const straight = await logProbsByRow(examples);
    const shuffled = await logProbsByRow(order.map((row) => examples[row]));
    assertClose(shuffled.flat(), order.flatMap((row) => straight[row]), "log-probabilities", 2e-6);
  }));

Deno.test("CausalLM reads a row of one token, which predicts nothing", () =>
  withTinyModel(async (model) => {
    const { tokens, wanted } = collate([{ ids: [7], lossMask: [true] }], 0);
    assert.equal(wanted.rows.length, 0);
    const { logProbs, gradients } = await pass(model, { tokens, wanted, tokenCount: 1 }, []);
    assert.deepEqual(logProbs, []);
    for (const [name, gradient] of gradients) assert.ok(gradient.every((value) => value === 0), name);
  }));
