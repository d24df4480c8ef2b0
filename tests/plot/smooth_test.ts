import assert from "node:assert/strict";
import fc from "fast-check";
import { defaultSmoothing, smooth } from "../../lib/plot/smooth.ts";

Deno.test("smooth() divides the bias away, worked by hand", () => {
  // s1 = 0.5 * 4 = 2, / (1 - 0.5) = 4; s2 = 0.5 * 2 + 0.5 * 1 = 1.5, / (1 - 0.25) = 2; s3 = 0.75 + 0.5 * 7 = 4.25, /
  // 0.875
  const expected = [4, 2, 4.25 / 0.875];
  smooth([4, 1, 7], 0.5).forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 1e-12));
});

Deno.test("smooth() keeps the values when the weight is 0, and none when there are none", () => {
  assert.deepEqual(smooth([3, -1, 2], 0), [3, -1, 2]);
  assert.deepEqual(smooth([], 0.9), []);
});

Deno.test("smooth() stays between the lowest and the highest value, and keeps a constant", () => {
  const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 50 });
  fc.assert(fc.property(values, fc.double({ min: 0, max: 0.99, noNaN: true }), (series, weight) => {
    const slack = 1e-6;
    const [low, high] = [Math.min(...series) - slack, Math.max(...series) + slack];
    assert.ok(smooth(series, weight).every((value) => value >= low && value <= high));
    const constant = smooth(series.map(() => series[0]), weight);
    assert.ok(constant.every((value) => Math.abs(value - series[0]) < slack));
  }));
});

Deno.test("smooth() throws when the weight is not in [0, 1)", () => {
  for (const weight of [1, -0.1, NaN]) assert.throws(() => smooth([1], weight), /smoothing must be/);
});

Deno.test("defaultSmoothing() leaves short curves alone and widens its window with the root of the number", () => {
  const window = (count: number) => Math.round(1 / (1 - defaultSmoothing(count)));
  assert.equal(defaultSmoothing(19), 0);
  assert.deepEqual([20, 50, 1000, 10_000].map(window), [3, 4, 19, 60]);
});
