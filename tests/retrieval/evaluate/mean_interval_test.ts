import assert from "node:assert/strict";
import { Random } from "../../../lib/random/mod.ts";
import { meanInterval } from "../../../lib/retrieval/evaluate/mod.ts";

Deno.test("meanInterval() holds the mean of a binomial where the normal approximation has it", () => {
  const values = Array.from({ length: 200 }, (_, index) => index < 140 ? 1 : 0);
  const { mean, low, high, count } = meanInterval(values);
  assert.deepEqual([mean, count], [0.7, 200]);
  const error = 1.96 * Math.sqrt(0.7 * 0.3 / 200);
  assert.ok(Math.abs(low - (0.7 - error)) < 0.012, `${low}`);
  assert.ok(Math.abs(high - (0.7 + error)) < 0.012, `${high}`);
  const wider = meanInterval(values, { level: 0.99 });
  assert.ok(wider.low < low && wider.high > high);
});

Deno.test("meanInterval() covers the true mean about as often as it says", () => {
  const random = new Random("coverage");
  let covered = 0;
  for (let run = 0; run < 200; run++) {
    const values = Array.from({ length: 60 }, () => random.uniform(0, 1));
    const { low, high } = meanInterval(values, { level: 0.8, resamples: 200, seed: run });
    if (low <= 0.5 && 0.5 <= high) covered++;
  }
  // 160 of 200, give or take three standard deviations.
  assert.ok(covered >= 143 && covered <= 177, `${covered}`);
});

Deno.test("meanInterval() is the same for the same seed, and has no width for equal values", () => {
  const values = [0.1, 1, 0.73, 0, 0.5, 0.31];
  assert.deepEqual(meanInterval(values, { seed: 3 }), meanInterval(values, { seed: 3 }));
  assert.notDeepEqual(meanInterval(values, { seed: 3 }), meanInterval(values, { seed: 4 }));
  assert.deepEqual(meanInterval([0.25]), { mean: 0.25, low: 0.25, high: 0.25, count: 1 });
});

Deno.test("meanInterval() refuses what has no mean", () => {
  assert.throws(() => meanInterval([]), /there are no values/);
  assert.throws(() => meanInterval([1, NaN]), /value 1 is NaN/);
  assert.throws(() => meanInterval([1], { level: 1 }), /level is 1: expected a number between 0 and 1/);
  assert.throws(() => meanInterval([1], { resamples: 0 }), /resamples: expected a whole number above 0/);
});
