import assert from "node:assert/strict";
import fc from "fast-check";
import { formatNumber, progressAxis, robustRange, tickFormat, valueAxis } from "../../lib/plot/axes.ts";

Deno.test("tickFormat() writes thousands, millions, small and negative numbers", () => {
  const cases: [step: number, largest: number, value: number, text: string][] = [
    [0.05, 1, 0.5, "0.50"],
    [500, 5000, 1500, "1,500"],
    [5000, 25000, 15000, "15k"],
    [2e8, 6e8, 4e8, "400M"],
    [2e-6, 1e-5, 1e-5, "1e−5"],
    [5e-6, 2e-5, 1.5e-5, "1.5e−5"],
    [0.5, 2, -0.5, "−0.5"],
    [0.5, 2, 0, "0"],
  ];
  for (const [step, largest, value, text] of cases) assert.equal(tickFormat(step, largest)(value), text);
});

Deno.test("formatNumber() writes about three digits", () => {
  const cases: [number, string][] = [
    [0.41234, "0.412"],
    [23.14, "23.1"],
    [1204, "1,204"],
    [25_312, "25.3k"],
    [1.234e-6, "1.23e−6"],
    [-2, "−2"],
    [0, "0"],
  ];
  for (const [value, text] of cases) assert.equal(formatNumber(value), text);
});

Deno.test("valueAxis() covers its range with distinct tick labels, whatever the numbers", () => {
  const number = fc.oneof(
    fc.double({ min: -1e9, max: 1e9, noNaN: true }),
    fc.double({ min: -1e-3, max: 1e-3, noNaN: true }),
    fc.integer({ min: -50, max: 50 }),
  );
  fc.assert(fc.property(number, number, fc.integer({ min: 60, max: 800 }), (a, b, height) => {
    const [low, high] = a < b ? [a, b] : [b, a];
    // Below a billionth of the size of the numbers the digits of a label cannot tell ticks apart.
    fc.pre(low === high || high - low > 1e-5 * Math.max(Math.abs(low), Math.abs(high)));
    fc.pre(Math.max(Math.abs(low), Math.abs(high)) === 0 || Math.max(Math.abs(low), Math.abs(high)) > 1e-200);
    const axis = valueAxis([low, high], height);
    assert.ok(axis.domain[0] <= low && axis.domain[1] >= high);
    const labels = axis.ticks.map(axis.format);
    assert.ok(labels.length >= 2, `ticks ${axis.ticks}`);
    assert.equal(new Set(labels).size, labels.length, labels.join(" "));
  }));
});

Deno.test("progressAxis() has whole numbers only where they are asked for", () => {
  fc.assert(fc.property(fc.nat(20_000), fc.nat(20_000), fc.integer({ min: 100, max: 1200 }), (a, b, width) => {
    const axis = progressAxis([Math.min(a, b), Math.max(a, b)], width, { whole: true });
    assert.ok(axis.ticks.every(Number.isInteger));
    assert.ok(axis.ticks.length >= 1 && axis.domain[0] < axis.domain[1]);
  }));
});

Deno.test("progressAxis() puts a place alone in the middle, and starts at 0 when that is near", () => {
  assert.deepEqual(progressAxis([7, 7], 600, { whole: true }).domain, [6, 8]);
  assert.deepEqual(progressAxis([1, 100], 600, { whole: true }).domain, [0, 100]);
  assert.deepEqual(progressAxis([50, 100], 600, { whole: true }).domain, [50, 100]);
  assert.deepEqual(progressAxis([0.02, 0.8], 600, { whole: false }).ticks, [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]);
});

Deno.test("robustRange() cuts a rare spike and nothing else", () => {
  const calm = Array.from({ length: 100 }, (_, i) => 1 + (i % 10) / 10);
  const [, high] = robustRange([...calm, 500]);
  assert.ok(high > 1.9 && high < 3, `${high}`);
  assert.deepEqual(robustRange(calm), [1, 1.9]);
  assert.deepEqual(robustRange([1, 2, 500]), [1, 500]);
});
