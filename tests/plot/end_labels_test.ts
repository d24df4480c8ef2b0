import assert from "node:assert/strict";
import fc from "fast-check";
import { spreadOut } from "../../lib/plot/end_labels.ts";
import { rewardCurve, theme } from "../../lib/plot/mod.ts";
import { grpoRows } from "./example_runs.ts";
import { texts } from "./drawing.ts";
import { overlaps, textBoxes } from "./text_boxes.ts";

Deno.test("spreadOut() moves labels just far enough apart, worked by hand", () => {
  assert.deepEqual(spreadOut([10, 50], 15, [0, 100]), [10, 50]);
  assert.deepEqual(spreadOut([50, 50], 10, [0, 100]), [45, 55]);
  assert.deepEqual(spreadOut([2, 2, 2], 10, [0, 100]), [0, 10, 20]);
  assert.deepEqual(spreadOut([99, 95], 10, [0, 100]), [100, 90]);
  assert.deepEqual(spreadOut([], 10, [0, 100]), []);
});

Deno.test("spreadOut() keeps order, distance and range whenever there is room", () => {
  fc.assert(fc.property(fc.array(fc.double({ min: 0, max: 200, noNaN: true }), { maxLength: 12 }), (wanted) => {
    const placed = spreadOut(wanted, 15, [0, 200]);
    const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b] || a - b);
    order.forEach((index, i) => {
      assert.ok(placed[index] >= -1e-9 && placed[index] <= 200 + 1e-9);
      if (i > 0) assert.ok(placed[index] - placed[order[i - 1]] >= 15 - 1e-9);
    });
  }));
});

Deno.test("runs are named at their ends from two to eight, in a legend otherwise", () => {
  for (let count = 2; count <= 10; count++) {
    const names = Array.from({ length: count }, (_, i) => `run ${i + 1}`);
    const svg = rewardCurve({ runs: Object.fromEntries(names.map((name, i) => [name, grpoRows(60, i + 1)])) });
    assert.deepEqual(texts(svg).filter((text) => text.startsWith("run ")).sort(), [...names].sort());
    const boxes = textBoxes(svg).filter(({ text }) => text.startsWith("run "));
    const isColumn = new Set(boxes.map(({ left }) => left)).size === 1;
    assert.equal(isColumn, count <= 8, `${count} runs`);
    assert.deepEqual(overlaps(textBoxes(svg)), [], `${count} runs`);
  }
});

Deno.test("runs go to the legend when one ends early, a name is long, or it is asked for", () => {
  const atEnds = (runs: Record<string, ReturnType<typeof grpoRows>>, legend?: "above") => {
    const boxes = textBoxes(rewardCurve({ runs }, { legend }));
    return boxes.filter(({ text }) => text in runs).every(({ left }) => left > theme.chart.width * 0.7);
  };
  assert.equal(atEnds({ a: grpoRows(60), b: grpoRows(60, 2) }), true);
  assert.equal(atEnds({ a: grpoRows(60), b: grpoRows(30, 2) }), false);
  assert.equal(atEnds({ a: grpoRows(60), ["b".repeat(60)]: grpoRows(60, 2) }), false);
  assert.equal(atEnds({ a: grpoRows(60), b: grpoRows(60, 2) }, "above"), false);
});
