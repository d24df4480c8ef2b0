import assert from "node:assert/strict";
import { intervalDots } from "../../lib/plot/mod.ts";
import { assertDrawing, circles, texts } from "./drawing.ts";

const value = (mean: number) => ({ mean, low: Math.max(0, mean - 0.1), high: Math.min(1, mean + 0.1) });

Deno.test("intervalDots() draws a dot for each value and names rows, series and axis", () => {
  const svg = intervalDots(
    [{ name: "dense <b>", values: { all: value(0.6), keyword: value(0.95) } }, {
      name: "hybrid",
      values: { all: value(1) },
    }],
    { xLabel: "recall@5", goal: 0.9 },
  );
  assertDrawing(svg, "interval dots");
  assert.equal(circles(svg, 4).length, 3);
  for (const text of ["dense <b>", "hybrid", "all", "keyword", "recall@5", "0%", "100%"]) {
    assert.ok(texts(svg).includes(text), `${text} in ${texts(svg)}`);
  }
});

Deno.test("intervalDots() places greater shares further to the right", () => {
  const svg = intervalDots([{ name: "a", values: { one: value(0.2), other: value(0.8) } }]);
  const [one, other] = circles(svg, 4).map((circle) => Number(/cx="([\d.]+)"/.exec(circle)![1]));
  assert.ok(one < other, `${one} and ${other}`);
});

Deno.test('intervalDots() says "no data yet" when nothing was measured', () => {
  for (const rows of [[], [{ name: "a", values: {} }]]) {
    assert.ok(texts(intervalDots(rows)).includes("no data yet"));
  }
});

Deno.test("intervalDots() throws when a value is no share, naming where", () => {
  assert.throws(
    () => intervalDots([{ name: "dense", values: { all: { mean: 60, low: 50, high: 70 } } }]),
    /"all" of "dense" must be a share from 0 to 1, got 60/,
  );
});
