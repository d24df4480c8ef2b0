import assert from "node:assert/strict";
import fc from "fast-check";
import { histogram, type HistogramValues } from "../../lib/plot/mod.ts";
import { assertDrawing, texts } from "./drawing.ts";

const bars = (svg: string) => [...svg.matchAll(/<rect\b[^>]*>/g)].length - 1;

Deno.test("histogram() draws a bar for each bin that holds something, and says how many values and their median", () => {
  const svg = histogram([1, 2, 2, 3, 3, 3, 9]);
  assertDrawing(svg, "histogram");
  assert.equal(bars(svg), 4);
  const heights = [...svg.matchAll(/<rect\b[^>]*height="([\d.]+)"/g)].slice(1).map(([, height]) => Number(height));
  const unit = Math.min(...heights);
  assert.deepEqual(heights.map((height) => Math.round(height / unit)), [1, 2, 3, 1]);
  assert.ok(texts(svg).includes("n = 7, median 3"));
});

Deno.test("histogram() leaves out and counts NaN, null and infinite values", () => {
  assert.ok(texts(histogram([1, NaN, null, undefined, Infinity, 2])).includes("n = 2, median 1.50, 4 left out"));
});

Deno.test('histogram() says "no data yet" when there is no number', () => {
  const nothing: HistogramValues[] = [[], [NaN], { groups: {} }, { groups: { a: [] } }];
  for (const values of nothing) {
    const svg = histogram(values);
    assertDrawing(svg, "empty");
    assert.ok(texts(svg).includes("no data yet"));
  }
});

Deno.test("histogram() compares groups as shares of their own size", () => {
  const small = [1, 2, 3];
  const large = Array.from({ length: 300 }, (_, i) => 1 + (i % 3));
  const svg = histogram({ groups: { "<small>": small, large } });
  assert.ok(texts(svg).includes("<small>: n = 3, median 2"));
  assert.ok(texts(svg).includes("large: n = 300, median 2"));
  const outlines = [...svg.matchAll(/<path\b[^>]*d="([^"]*)"/g)].map(([, d]) => d).filter((d) =>
    d.split("L").length > 5
  );
  assert.equal(outlines.length, 4, "an area and an edge for each");
  assert.equal(new Set(outlines).size, 2, "the same shape for the same shares");
});

Deno.test("histogram() draws any values, the same bytes each time", () => {
  const value = fc.oneof(
    fc.double({ min: -1e6, max: 1e6, noNaN: true }),
    fc.integer({ min: -30, max: 30 }),
    fc.double(),
  );
  fc.assert(fc.property(fc.array(value, { maxLength: 80 }), fc.integer({ min: 1, max: 60 }), (values, bins) => {
    const svg = histogram(values, { bins });
    assertDrawing(svg, "any values");
    assert.equal(histogram(values, { bins }), svg);
  }));
});

Deno.test("histogram() throws when bins is not positive", () => {
  assert.throws(() => histogram([1], { bins: 0 }), /positive number of bins/);
});
