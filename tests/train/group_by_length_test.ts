import assert from "node:assert/strict";
import fc from "fast-check";
import { Random } from "../../lib/random/mod.ts";
import { chunk, lengthGroupedOrder } from "../../lib/train/mod.ts";

const lengths = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 300 });
const rowsPerStep = fc.integer({ min: 1, max: 9 });

Deno.test("lengthGroupedOrder() visits every row once, the longest first, in sorted stretches of up to 50 batches", () => {
  fc.assert(fc.property(lengths, rowsPerStep, fc.integer(), fc.nat(5), (lengths, rowsPerStep, seed, epoch) => {
    const order = lengthGroupedOrder(lengths, rowsPerStep, new Random(seed), epoch);
    assert.deepEqual([...order].sort((a, b) => a - b), lengths.map((_, row) => row));
    assert.equal(lengths[order[0]], Math.max(...lengths));
    // transformers: at least four stretches where there are rows enough, and at most 50 batches in each.
    const batches = Math.max(1, Math.min(50, Math.floor(lengths.length / (4 * rowsPerStep))));
    for (const stretch of chunk(order, batches * rowsPerStep)) {
      // The head of a stretch may have changed places with the longest row of all.
      const tail = stretch.slice(1).map((row) => lengths[row]);
      assert.deepEqual(tail, [...tail].sort((a, b) => b - a));
    }
  }));
});

Deno.test("lengthGroupedOrder() sorts stretches of 50 batches where there are rows for more than four of them", () => {
  const lengths = Array.from({ length: 1000 }, (_, row) => 1 + (7 * row) % 997);
  const order = lengthGroupedOrder(lengths, 2, new Random(1), 0);
  const inOrder = (rows: readonly number[]) => rows.every((row, i) => i === 0 || lengths[rows[i - 1]] >= lengths[row]);
  // The heads of two stretches may have changed places.
  for (const stretch of chunk(order, 100)) assert.ok(inOrder(stretch.slice(1)));
  assert.equal(chunk(order, 200).some((rows) => inOrder(rows.slice(1))), false);
});

Deno.test("lengthGroupedOrder() is the same in a resumed run, and another in each epoch and for each seed", () => {
  const lengths = Array.from({ length: 400 }, (_, row) => 1 + row % 37);
  const random = new Random(3);
  const first = lengthGroupedOrder(lengths, 4, random, 2);
  random.float();
  assert.deepEqual(lengthGroupedOrder(lengths, 4, new Random(3), 2), first, "draws in between do not matter");
  assert.notDeepEqual(lengthGroupedOrder(lengths, 4, random, 3), first);
  assert.notDeepEqual(lengthGroupedOrder(lengths, 4, new Random(4), 2), first);
});

Deno.test("lengthGroupedOrder() leaves little padding", () => {
  const random = new Random("lengths");
  const lengths = Array.from({ length: 2000 }, () => random.integer(1, 500));
  const padded = (order: readonly number[]) =>
    chunk(order, 8).reduce((sum, batch) => sum + 8 * Math.max(...batch.map((row) => lengths[row])), 0);
  const real = lengths.reduce((a, b) => a + b);
  assert.ok(padded(lengthGroupedOrder(lengths, 8, random, 0)) < 1.05 * real);
  assert.ok(padded(lengths.map((_, row) => row)) > 1.5 * real);
});
