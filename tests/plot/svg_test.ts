import assert from "node:assert/strict";
import * as Plot from "@observablehq/plot";
import { escapeXml, prefixIds, svgSize } from "../../lib/plot/svg.ts";
import { renderPlot } from "../../lib/plot/mod.ts";

Deno.test("escapeXml() escapes markup and leaves out what XML cannot hold", () => {
  assert.equal(escapeXml(`<a href="x">&'`), "&lt;a href=&quot;x&quot;&gt;&amp;'");
  assert.equal(escapeXml("a\u0000b\u001bc\ufffe"), "abc");
  assert.equal(escapeXml("\ud800x"), "\ufffdx");
  assert.equal(escapeXml("日本 😀"), "日本 😀");
});

Deno.test("renderPlot() numbers ids in each drawing, so a second one has the same bytes", () => {
  const draw = () =>
    renderPlot({ marks: [Plot.line([[0, 1], [1, 2]], { clip: true }), Plot.dot([[0, 1]], { clip: true })] });
  const first = draw();
  assert.match(first, /<clipPath id="id1">/);
  assert.match(first, /clip-path="url\(#id1\)"/);
  assert.equal(draw(), first);
});

Deno.test("prefixIds() renames ids and their uses, and no text", () => {
  const svg =
    `<svg><text>id=&quot;a&quot; url(#a)</text><clipPath id="a"/><g clip-path="url(#a)"/><use href="#a"/></svg>`;
  assert.equal(
    prefixIds(svg, "p1-"),
    `<svg><text>id=&quot;a&quot; url(#a)</text><clipPath id="p1-a"/><g clip-path="url(#p1-a)"/><use href="#p1-a"/></svg>`,
  );
});

Deno.test("svgSize() reads the outermost element and names what it got when there is none", () => {
  assert.deepEqual(svgSize(renderPlot({ width: 300, height: 200, marks: [] })), { width: 300, height: 200 });
  assert.throws(() => svgSize("<p>hello</p>"), /Expected an SVG.*<p>hello/);
});
