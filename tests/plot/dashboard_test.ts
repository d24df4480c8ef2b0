import assert from "node:assert/strict";
import * as Plot from "@observablehq/plot";
import { dashboard, klCurve, lossCurve, type PanelSize, renderPlot } from "../../lib/plot/mod.ts";
import { svgSize } from "../../lib/plot/svg.ts";
import { grpoRows } from "./example_runs.ts";
import { assertDrawing, texts } from "./drawing.ts";

const rows = grpoRows(10);

Deno.test("dashboard() holds every panel, in columns, and its own words", () => {
  const panels = ["one", "two", "three", "four"].map((title) => (size: PanelSize) =>
    lossCurve(rows, { title, ...size })
  );
  const svg = dashboard(panels, { title: "All <runs>", subtitle: "four panels", columns: 2 });
  assertDrawing(svg, "dashboard");
  const shown = texts(svg);
  assert.deepEqual(shown.slice(0, 2), ["All <runs>", "four panels"]);
  for (const title of ["one", "two", "three", "four"]) assert.ok(shown.includes(title));
  const places = [...svg.matchAll(/<svg x="([\d.]+)" y="([\d.]+)"/g)];
  assert.equal(new Set(places.map(([, x]) => x)).size, 2);
  assert.equal(new Set(places.map(([, , y]) => y)).size, 2);
});

Deno.test("dashboard() takes finished drawings of any size and leaves none outside", () => {
  const svg = dashboard([klCurve(rows, { width: 900, height: 200 }), klCurve(rows, { width: 300, height: 500 })], {
    columns: 1,
  });
  const { width, height } = svgSize(svg);
  assert.ok(width > 900 && height > 700);
});

Deno.test("dashboard() keeps the ids of its panels apart", () => {
  const clipped = renderPlot({ marks: [Plot.dot([[1, 1]], { clip: true })] });
  const ids = [...dashboard([clipped, clipped]).matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  assert.equal(ids.length, 2);
  assert.equal(new Set(ids).size, 2);
});

Deno.test("dashboard() without panels is an empty page, and columns must be a whole number", () => {
  assertDrawing(dashboard([], { title: "Nothing" }), "no panels");
  for (const columns of [0, -1, 1.5, NaN]) assert.throws(() => dashboard([], { columns }), /whole number of columns/);
  assert.throws(() => dashboard(["<p/>"]), /Expected an SVG/);
});
