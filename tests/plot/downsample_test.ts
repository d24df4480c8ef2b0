import assert from "node:assert/strict";
import fc from "fast-check";
import { keepExtremes } from "../../lib/plot/downsample.ts";
import { noise } from "./example_runs.ts";

const next = noise(5);
const points = Array.from({ length: 100_000 }, (_, x) => ({ x, value: next() }));

Deno.test("keepExtremes() keeps spikes, both ends, the order, and at most four points a column", () => {
  const spiked = points.map((point) => point.x === 43_210 ? { ...point, value: 99 } : point);
  const kept = keepExtremes(spiked, 300);
  assert.ok(kept.length > 900 && kept.length <= 1200, `${kept.length}`);
  assert.ok(kept.some(({ x, value }) => x === 43_210 && value === 99));
  assert.deepEqual([kept[0].x, kept.at(-1)!.x], [0, 99_999]);
  assert.ok(kept.every((point, i) => i === 0 || point.x > kept[i - 1].x));
});

Deno.test("keepExtremes() keeps the lowest and the highest value, wherever the points lie", () => {
  const point = fc.record({ x: fc.double({ min: 0, max: 1e6, noNaN: true }), value: fc.integer() });
  fc.assert(
    fc.property(fc.array(point, { minLength: 1, maxLength: 300 }), fc.integer({ min: 1, max: 40 }), (all, columns) => {
      const sorted = [...all].sort((a, b) => a.x - b.x);
      const kept = keepExtremes(sorted, columns);
      assert.ok(kept.length <= Math.max(4 * columns, 2 * columns));
      for (const most of [Math.min, Math.max]) {
        assert.equal(most(...kept.map(({ value }) => value)), most(...sorted.map(({ value }) => value)));
      }
      assert.ok(kept.every((each) => sorted.includes(each)));
    }),
  );
});

Deno.test("keepExtremes() returns short series untouched", () => {
  assert.deepEqual(keepExtremes(points.slice(0, 600), 300), points.slice(0, 600));
  assert.deepEqual(keepExtremes([], 3), []);
});
