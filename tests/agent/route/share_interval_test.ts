import assert from "node:assert/strict";
import fc from "fast-check";
import { shareInterval } from "../../../lib/agent/mod.ts";

Deno.test("shareInterval() is Wilson's interval", () => {
  // Newcombe 1998, Statistics in Medicine 17:857, table I, method 3: 81/263, 15/148, 0/20, 1/29.
  const published: [number, number, number, number][] = [
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ];
  for (const [right, count, low, high] of published) {
    const interval = shareInterval(right, count);
    assert.ok(Math.abs(interval.low - low) < 5e-5, `${right} of ${count}: ${interval.low}, expected ${low}`);
    assert.ok(Math.abs(interval.high - high) < 5e-5, `${right} of ${count}: ${interval.high}, expected ${high}`);
  }
});

Deno.test("shareInterval() holds the share, stays within 0 and 1, and mirrors", () => {
  const cases = fc.integer({ min: 1, max: 5000 }).chain((count) =>
    fc.record({ count: fc.constant(count), right: fc.integer({ min: 0, max: count }) })
  );
  fc.assert(fc.property(cases, ({ right, count }) => {
    const { low, high } = shareInterval(right, count);
    assert.ok(0 <= low && low <= right / count + 1e-12 && right / count - 1e-12 <= high && high <= 1 && low < high);
    const mirrored = shareInterval(count - right, count);
    assert.ok(Math.abs(mirrored.low - (1 - high)) < 1e-12 && Math.abs(mirrored.high - (1 - low)) < 1e-12);
  }));
});

Deno.test("shareInterval() refuses counts that make no share", () => {
  for (const [right, count] of [[0, 0], [3, 2], [-1, 5], [NaN, 5]]) {
    assert.throws(() => shareInterval(right, count), /expected at least one case/);
  }
});
