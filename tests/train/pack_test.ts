import assert from "node:assert/strict";
import fc from "fast-check";
import { bestFitDecreasing, packExamples, type TokenizedExample } from "../../lib/train/mod.ts";
import { goldenJson } from "../support/golden.ts";

/** Documents whose ids count up through all of them; odd ids are trained on. */
function documents(lengths: readonly number[]): TokenizedExample[] {
  let next = 0;
  return lengths.map((length) => {
    const ids = Array.from({ length }, () => next++);
    return { ids, lossMask: ids.map((id) => id % 2 === 1) };
  });
}

const idsOf = (rows: readonly TokenizedExample[][]) => rows.map((row) => row.flatMap(({ ids }) => ids));

Deno.test("packExamples() gives the rows that TRL's documentation shows", () => {
  const texts = [[1, 2, 3, 4, 5], [6, 7], [8, 9, 10], [11]];
  const examples = texts.map((ids) => ({ ids, lossMask: ids.map(() => true) }));
  const packed = (packingStrategy: "bfd" | "bfd_split") =>
    idsOf(packExamples(examples, { maxLength: 4, packingStrategy }));
  assert.deepEqual(packed("bfd"), [[1, 2, 3, 4], [8, 9, 10, 11], [6, 7]]);
  assert.deepEqual(packed("bfd_split"), [[1, 2, 3, 4], [8, 9, 10, 5], [6, 7, 11]]);
});

Deno.test("packExamples() gives the rows of TRL's pack_dataset for random documents, equals in the same order", async () => {
  interface Case {
    maxLength: number;
    lengths: number[];
    bfd: string;
    bfd_split: string;
  }
  const { cases } = await goldenJson<{ cases: Case[] }>("sft_packing/packing.json");
  assert.equal(cases.length, 300);
  for (const [index, { maxLength, lengths, ...expected }] of cases.entries()) {
    for (const packingStrategy of ["bfd", "bfd_split"] as const) {
      const rows = packExamples(documents(lengths), { maxLength, packingStrategy });
      const text = rows.map((row) => row.map(({ ids }) => `${ids[0]}:${ids.length}`).join("+")).join(" ");
      assert.equal(text, expected[packingStrategy], `case ${index}, ${packingStrategy}`);
    }
  }
});

const lengths = fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 40 });

Deno.test("packExamples() with bfd_split keeps every token once with its mask, with bfd the beginning of each document", () => {
  fc.assert(fc.property(lengths, fc.integer({ min: 1, max: 30 }), (lengths, maxLength) => {
    for (const packingStrategy of ["bfd", "bfd_split"] as const) {
      const examples = documents(lengths);
      const rows = packExamples(examples, { maxLength, packingStrategy });
      for (const row of rows) {
        assert.ok(row.length > 0 && row.flatMap(({ ids }) => ids).length <= maxLength);
        for (const { ids, lossMask } of row) assert.deepEqual(lossMask, ids.map((id) => id % 2 === 1));
      }
      const kept = examples.flatMap(({ ids }) => packingStrategy === "bfd" ? ids.slice(0, maxLength) : ids);
      assert.deepEqual(idsOf(rows).flat().sort((a, b) => a - b), kept);
    }
  }));
});

Deno.test("bestFitDecreasing() never opens a row for what fits an open one, as a plain search does", () => {
  const some = fc.integer({ min: 1, max: 40 }).chain((maxLength) =>
    fc.tuple(fc.constant(maxLength), fc.array(fc.integer({ min: 1, max: maxLength }), { maxLength: 60 }))
  );
  fc.assert(fc.property(some, ([maxLength, lengths]) => {
    // The definition, without any tree. The row that has had its room for longest goes first among equals.
    const rows: { indices: number[]; room: number; since: number }[] = [];
    const order = lengths.map((_, index) => index).sort((a, b) => lengths[b] - lengths[a]);
    for (const [time, index] of order.entries()) {
      const fitting = rows.filter(({ room }) => room >= lengths[index])
        .sort((a, b) => a.room - b.room || a.since - b.since);
      const row = fitting[0] ?? { indices: [], room: maxLength, since: 0 };
      if (fitting.length === 0) rows.push(row);
      row.indices.push(index);
      row.room -= lengths[index];
      row.since = time;
    }
    assert.deepEqual(bestFitDecreasing(lengths, maxLength), rows.map(({ indices }) => indices));
  }));
});

Deno.test("bestFitDecreasing() packs 100,000 lengths without wasting a row", () => {
  // Lengths 1 to 1000 a hundred times each: pairs of n and 1000 - n fill rows of 1000 to the last token.
  const many = Array.from({ length: 100_000 }, (_, i) => 1 + i % 1000);
  const rows = bestFitDecreasing(many, 1000);
  assert.equal(rows.length, many.reduce((a, b) => a + b) / 1000);
});

Deno.test("packing refuses options and lengths that mean nothing", () => {
  const pack = (options: object) => () => packExamples(documents([3]), { maxLength: 4, ...options });
  assert.throws(pack({ maxLength: 0 }), /maxLength: expected a positive integer, got 0/);
  assert.throws(pack({ maxLength: 2.5 }), /maxLength: .* got 2.5/);
  assert.throws(pack({ packingStrategy: "wrapped" }), /packingStrategy: expected "bfd" or "bfd_split", got "wrapped"/);
  assert.throws(() => bestFitDecreasing([3, 5], 4), /length 1 is 5: expected 1 to 4/);
  assert.throws(() => bestFitDecreasing([0], 4), /length 0 is 0/);
  assert.deepEqual(packExamples([], { maxLength: 4 }), []);
});
