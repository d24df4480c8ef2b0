import assert from "node:assert/strict";
import fc from "fast-check";
import { insideNotebook, liveDisplay, showSvg, showTable } from "../../lib/notebook/display.ts";
import { escapeHtml, html } from "../../lib/notebook/html.ts";
import { formatValue, tableHtml, tableText } from "../../lib/notebook/table.ts";
import { anyText } from "../support/any_text.ts";

Deno.test("html escapes every value that is not markup, in text and in attributes", () => {
  const evil = `"><script>alert('x')</script>&`;
  const safe = "&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;";
  assert.equal(String(html`<p title="${evil}">${evil}</p>`), `<p title="${safe}">${safe}</p>`);
  assert.equal(
    String(html`<ul>${[1, "<", null].map((item) => html`<li>${item}</li>`)}</ul>`),
    "<ul><li>1</li><li>&lt;</li><li></li></ul>",
  );
  fc.assert(fc.property(anyText(), (text) => {
    assert(!/[<>"']/.test(escapeHtml(text)) && escapeHtml(text).isWellFormed());
  }));
});

Deno.test("tableText() aligns columns, numbers to the right, and counts the rows that it leaves out", () => {
  const rows = [{ name: "a\nb", score: 1 / 3 }, { name: "ü", score: 12 }, { name: null, score: undefined }, {
    name: "z",
  }];
  assert.equal(
    tableText(rows, { caption: "scores", maxRows: 3 }),
    ["scores", "name    score", "─────  ──────", "a ⏎ b  0.3333", "ü          12", "", "… and 1 more row"].join("\n"),
  );
  assert.equal(tableText([]), ["", ""].join("\n"));
});

Deno.test("tableHtml() escapes names and values and shortens long cells", () => {
  const markup = String(tableHtml([{ "<b>": "<i>", long: "x".repeat(50) }], { maxCellCharacters: 10 }));
  assert(markup.includes("&lt;b&gt;") && markup.includes("&lt;i&gt;") && !markup.includes("<i>"));
  assert(markup.includes(`>${"x".repeat(9)}…<`));
});

Deno.test("formatValue() rounds without losing the size of a number", () => {
  const shown = [0.123456, 1234.5678, 12345.678, 3, 1e-7, -0.000123456, NaN, 1e21].map((value) => formatValue(value));
  assert.deepEqual(shown, ["0.1235", "1235", "12346", "3", "1.000e-7", "-0.0001235", "NaN", "1e+21"]);
  assert.deepEqual([true, null, [1, "a"], { a: 1 }].map((value) => formatValue(value)), [
    "true",
    "",
    '[1,"a"]',
    '{"a":1}',
  ]);
});

Deno.test("the display helpers print plain text outside a notebook", async () => {
  const printed: string[] = [];
  const log = console.log;
  console.log = (text: string) => printed.push(text);
  try {
    assert.equal(insideNotebook(), false);
    await showTable([{ a: 1 }]);
    await showSvg("<svg></svg>", "a chart");
    const line = liveDisplay();
    await line.showText("step 1");
    await line.showText("step 1");
    await line.showText("step 2");
  } finally {
    console.log = log;
  }
  assert.deepEqual(printed, ["a\n─\n1", "a chart", "step 1", "step 2"]);
  await assert.rejects(showSvg("not a chart", "x"), /expected an SVG document, got "not a chart"/);
});
