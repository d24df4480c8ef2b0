import assert from "node:assert/strict";
import fc from "fast-check";
import { holdOut } from "../../lib/data/hold_out.ts";

const key = (row: string) => row.split("#")[0];

Deno.test("holdOut() divides rows so that no key is on both sides, none is lost, and the order is kept", () => {
  const rows = fc.array(fc.tuple(fc.integer({ min: 0, max: 20 }), fc.nat()).map(([a, b]) => `${a}#${b}`));
  fc.assert(
    fc.property(rows, fc.double({ min: 0.01, max: 0.99, noNaN: true }), fc.integer(), (rows, share, seed) => {
      const keys = new Set(rows.map(key));
      fc.pre(keys.size >= 2);
      const { train, heldOut } = holdOut(rows, { share, seed, key });
      const held = new Set(heldOut.map(key));
      assert.deepEqual(rows.filter((row) => !held.has(key(row))), train);
      assert.deepEqual(rows.filter((row) => held.has(key(row))), heldOut);
      assert.equal(held.size, Math.min(keys.size - 1, Math.max(1, Math.round(share * keys.size))));
    }),
  );
});

Deno.test("holdOut() draws by the seed", () => {
  const rows = Array.from({ length: 50 }, (_, i) => String(i));
  const held = (seed: number) => holdOut(rows, { share: 0.1, seed, key }).heldOut;
  assert.equal(held(1).length, 5);
  assert.deepEqual(held(1), held(1));
  assert.notDeepEqual(held(1), held(2));
});

Deno.test("holdOut() refuses a share out of range, and rows that are all the same", () => {
  for (const share of [0, 1, -1, NaN]) {
    assert.throws(() => holdOut(["a", "b"], { share, seed: 1, key }), /share is .*: expected a number between 0 and 1/);
  }
  assert.throws(() => holdOut(["a#1", "a#2"], { share: 0.5, seed: 1, key }), /1 different rows cannot be divided/);
});
