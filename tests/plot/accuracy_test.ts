import assert from "node:assert/strict";
import { accuracyBars } from "../../lib/plot/mod.ts";
import { assertDrawing, texts } from "./drawing.ts";

Deno.test("accuracyBars() writes means and the difference in points", () => {
  const svg = accuracyBars([{ name: "held-out", scores: { before: [0.2, 0.22, 0.24], after: [0.5, 0.6, 0.55] } }]);
  assertDrawing(svg, "accuracy");
  for (const text of ["22.0%", "55.0%", "+33.0 points", "held-out", "before", "after"]) {
    assert.ok(texts(svg).includes(text), `${text} in ${texts(svg)}`);
  }
});

Deno.test("accuracyBars() draws a dot for each seed, and neither dots nor whiskers for a single value", () => {
  const circlesIn = (svg: string) => [...svg.matchAll(/<circle/g)].length;
  const seeds = accuracyBars([{ name: "a", scores: { before: [0.1, 0.2], after: [0.3, 0.4, 0.5] } }]);
  assert.equal(circlesIn(seeds), 5);
  const single = accuracyBars([{ name: "a", scores: { before: 0.1, after: [0.3] } }]);
  assert.equal(circlesIn(single), 0);
  assert.ok(texts(seeds).includes("accuracy, mean ± 1 sd over seeds"));
  assert.ok(texts(single).includes("accuracy"));
});

Deno.test("accuracyBars() leaves a place for what was not measured, and shows a loss as one", () => {
  const svg = accuracyBars([
    { name: "a <b>", scores: { before: 0.5, after: 0.4 } },
    { name: "c", scores: { before: NaN, after: [] } },
    { name: "d", scores: { after: 0.9 } },
  ]);
  assertDrawing(svg, "gaps");
  assert.ok(texts(svg).includes("−10.0 points"));
  assert.equal(texts(svg).filter((text) => text.endsWith("points")).length, 1);
});

Deno.test('accuracyBars() says "no data yet" when nothing was measured', () => {
  for (const groups of [[], [{ name: "a", scores: {} }], [{ name: "a", scores: { before: NaN } }]]) {
    assert.ok(texts(accuracyBars(groups)).includes("no data yet"));
  }
});

Deno.test("accuracyBars() throws when an accuracy is no share, naming where", () => {
  assert.throws(
    () => accuracyBars([{ name: "gsm8k", scores: { after: [0.4, 41] } }]),
    /Accuracy "after" of "gsm8k" must be a share from 0 to 1, got 41/,
  );
});
