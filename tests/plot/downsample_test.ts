import assert from "node:assert/strict";
import { keepCloud, keepEvenly } from "../../lib/plot/downsample.ts";
import { noise } from "./example_runs.ts";

const next = noise(5);
const points = Array.from({ length: 10_000 }, (_, step) => ({ step, value: next() }));

Deno.test("keepCloud() keeps spikes, order and about the limit", () => {
  const spiked = points.map((point) => point.step === 4321 ? { ...point, value: 99 } : point);
  const kept = keepCloud(spiked, 600);
  assert.ok(kept.length > 500 && kept.length <= 600, `${kept.length}`);
  assert.ok(kept.some(({ step, value }) => step === 4321 && value === 99));
  assert.ok(kept.every((point, i) => i === 0 || point.step > kept[i - 1].step));
});

Deno.test("keepCloud() keeps the spread of a cloud", () => {
  const inside = (cloud: readonly { value: number }[]) =>
    cloud.filter(({ value }) => Math.abs(value) < 1).length / cloud.length;
  // 68 % of a normal cloud lies within one standard deviation; extremes alone would leave nearly none.
  assert.ok(Math.abs(inside(keepCloud(points, 600)) - inside(points)) < 0.2);
});

Deno.test("keepCloud() and keepEvenly() return short series untouched", () => {
  assert.deepEqual(keepCloud(points.slice(0, 600), 600), points.slice(0, 600));
  assert.deepEqual(keepEvenly([1, 2, 3], 3), [1, 2, 3]);
  assert.deepEqual(keepEvenly([], 3), []);
});

Deno.test("keepEvenly() keeps the first and the last entry", () => {
  assert.deepEqual(keepEvenly([0, 1, 2, 3, 4, 5, 6, 7, 8], 3), [0, 4, 8]);
});
