import assert from "node:assert/strict";
import * as Plot from "@observablehq/plot";
import { renderPlot, theme } from "../../lib/plot/mod.ts";
import { assertDrawing, texts } from "./drawing.ts";

const rows = [{ x: 1, y: 2, kind: "a <1>" }, { x: 2, y: 3, kind: "b" }];

Deno.test("renderPlot() draws any plot with title, subtitle and a legend in the house colours", () => {
  const svg = renderPlot(
    { color: { legend: true }, marks: [Plot.dot(rows, { x: "x", y: "y", fill: "kind" })] },
    { title: "Title", subtitle: "Subtitle" },
  );
  assertDrawing(svg, "plot");
  assert.deepEqual(texts(svg).slice(0, 4), ["Title", "Subtitle", "a <1>", "b"]);
  assert.ok(svg.includes(`fill="${theme.series[0]}"`) && svg.includes(`fill="${theme.series[1]}"`));
  assert.match(svg, /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
});

Deno.test("renderPlot() keeps a colour scale that the caller chose", () => {
  const svg = renderPlot({
    color: { legend: true, domain: ["a <1>", "b"], range: ["#123456", "#654321"] },
    marks: [Plot.dot(rows, { x: "x", y: "y", fill: "kind" })],
  });
  assert.ok(svg.includes("#123456") && svg.includes("#654321") && !svg.includes(theme.series[0]));
});

Deno.test("renderPlot() throws when a legend is asked for numbers", () => {
  const marks = [Plot.dot(rows, { x: "x", y: "y", fill: "y" })];
  assert.throws(() => renderPlot({ color: { legend: true }, marks }), /needs a colour scale of names/);
  assertDrawing(renderPlot({ marks }), "without a legend");
});
