import assert from "node:assert/strict";
import fc from "fast-check";
import { aboveZero, logAxis } from "../../lib/plot/log_axis.ts";
import { gradNormCurve, lossCurve } from "../../lib/plot/mod.ts";
import { assertDrawing, texts } from "./drawing.ts";

Deno.test("logAxis() has powers of ten, and 2 and 5 between few of them", () => {
  assert.deepEqual(logAxis([0.8, 70], 240).ticks, [0.5, 1, 2, 5, 10, 20, 50, 100]);
  assert.deepEqual(logAxis([1, 1e4], 240).ticks, [1, 10, 100, 1000, 10_000]);
  assert.ok(logAxis([1e-20, 1e20], 240).ticks.length <= 8);
  assert.deepEqual(logAxis([0.3, 3], 240, { exact: true }).domain, [0.3, 3]);
});

Deno.test("logAxis() covers its range with distinct tick labels, whatever the numbers", () => {
  const exponent = fc.double({ min: -25, max: 25, noNaN: true });
  fc.assert(fc.property(exponent, exponent, fc.integer({ min: 60, max: 600 }), (a, b, height) => {
    const [low, high] = [10 ** Math.min(a, b), 10 ** Math.max(a, b)];
    const axis = logAxis([low, high], height);
    assert.ok(axis.domain[0] <= low * 1.001 && axis.domain[1] >= high * 0.999, `${axis.domain}`);
    const labels = axis.ticks.map(axis.format);
    assert.ok(labels.length >= 2 && labels.length <= 24, labels.join(" "));
    assert.equal(new Set(labels).size, labels.length, labels.join(" "));
  }));
});

Deno.test("logAxis() throws when the range is not above zero", () => {
  for (const range of [[0, 1], [-1, 1], [2, 1], [NaN, 1]] as [number, number][]) {
    assert.throws(() => logAxis(range, 200), /range above zero/);
  }
});

Deno.test("aboveZero() breaks the line where a value has no logarithm", () => {
  const points = [1, 2, 0, 3, -1, -1, 4].map((value, x) => ({ x, value, stretch: 0 }));
  assert.deepEqual(aboveZero(points).map(({ value }) => value), [1, 2, 3, 4]);
  assert.equal(new Set(aboveZero(points).map(({ stretch }) => stretch)).size, 3);
});

Deno.test("curves on a logarithmic axis count what they leave out", () => {
  const rows = [5, 0, 1e6, 20, -3, 1e-9].map((loss, i) => ({ step: i + 1, loss }));
  const svg = lossCurve(rows, { yScale: "log" });
  assertDrawing(svg, "log");
  assert.ok(texts(svg).includes("loss, 2 at or below 0 left out"));
  assert.ok(texts(lossCurve([{ step: 1, loss: 0 }], { yScale: "log" })).includes("no value above zero"));
  assert.throws(() => gradNormCurve(rows, { yScale: "log", yDomain: [0, 1] }), /above zero/);
});
