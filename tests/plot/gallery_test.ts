import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { fileURLToPath } from "node:url";
import { Resvg } from "@resvg/resvg-js";
import { writeFileAtomic } from "../../lib/files/mod.ts";
import { fontPaths } from "../../lib/plot/font.ts";
import { saveChart, theme, toPng } from "../../lib/plot/mod.ts";
import { svgSize } from "../../lib/plot/svg.ts";
import { assertDrawing, texts } from "./drawing.ts";
import { gallery, galleryCharts } from "./gallery.ts";
import { codeOf, galleryPage } from "./gallery_page.ts";
import { overlaps, textBoxes } from "./text_boxes.ts";

const folder = fileURLToPath(new URL("../../outputs/gallery", import.meta.url));
const source = Deno.readTextFileSync(new URL("./gallery.ts", import.meta.url));
const update = Deno.env.get("KILN_UPDATE_GALLERY") === "1";
const PNG_SCALE = 1.25;
const charts = galleryCharts();

Deno.test("galleryCharts() are the SVGs that are committed, byte for byte", async (t) => {
  for (const { name, svg, png } of charts) {
    await t.step(name, async () => {
      const path = `${folder}/${name}.svg`;
      if (update && png) await saveChart(svg, `${folder}/${name}`, { scale: PNG_SCALE });
      else if (update) await writeFileAtomic(path, svg);
      assert.ok(svg.length < 72_000, `${svg.length} bytes`);
      assertCommitted(svg, path);
    });
  }
});

Deno.test("galleryPage() is the page that is committed, and shows every chart with its code", async () => {
  const page = galleryPage(source);
  const path = `${folder}/index.html`;
  if (update) await writeFileAtomic(path, page);
  for (const { name } of charts) assert.ok(page.includes(`<img src="${name}.svg"`), name);
  assert.equal(page.split("<pre><code>").length - 1, charts.length);
  assert.equal(codeOf(source, "kl"), "klCurve(grpo)");
  assert.match(codeOf(source, "accuracy"), /^accuracyBars\(\[\n {2}\{ name:[^]*seeds" \}\)$/);
  assertCommitted(page, path);
});

Deno.test("the gallery holds no file that nothing makes, and not more than 1.5 MB", () => {
  const expected = [
    "index.html",
    ...charts.flatMap(({ name, png }) => png ? [`${name}.svg`, `${name}.png`] : `${name}.svg`),
  ];
  const present = [...Deno.readDirSync(folder)].map((entry) => entry.name);
  assert.deepEqual(present.sort(), expected.sort());
  const bytes = present.reduce((sum, name) => sum + Deno.statSync(`${folder}/${name}`).size, 0);
  assert.ok(bytes < 1_500_000, `${bytes} bytes`);
});

Deno.test("PNGs of the gallery show what their SVGs show", () => {
  for (const { name, svg } of charts.filter(({ png }) => png)) {
    const committed = pixels(Deno.readFileSync(`${folder}/${name}.png`));
    const drawn = pixels(toPng(svg, { scale: PNG_SCALE }));
    assert.equal(committed.length, drawn.length, name);
    // Other processors may round a shade differently; another drawing differs far more.
    const differing = committed.filter((value, i) => Math.abs(value - drawn[i]) > 8).length;
    assert.ok(differing < committed.length / 10_000, `${name}: ${differing} of ${committed.length} values differ`);
  }
});

Deno.test("toPng() of the gallery's drawings shows their text", () => {
  for (const { name, svg } of charts) {
    const withoutText = svg.replace(/<text[^>]*>[^<]*<\/text>/g, "");
    assert.notEqual(svg, withoutText, name);
    assert.notDeepEqual(toPng(svg, { scale: 0.25 }), toPng(withoutText, { scale: 0.25 }), name);
  }
});

Deno.test("no text of the gallery lies outside its drawing or over another", () => {
  for (const { name, svg } of charts) {
    assertDrawing(svg, name);
    const { width, height } = svgSize(svg);
    const boxes = textBoxes(svg);
    assert.ok(boxes.length > 1, name);
    for (const { text, left, right, top, bottom } of boxes) {
      assert.ok(left >= 0 && right <= width && top >= 0 && bottom <= height, `${name}: "${text}" is outside`);
    }
    assert.deepEqual(overlaps(boxes), [], name);
  }
});

Deno.test("textBoxes() are where the renderer draws, and overlaps() finds texts that cover each other", () => {
  for (
    const { name, svg } of charts.filter(({ name }) => ["accuracy", "reward-runs", "sft-dashboard"].includes(name))
  ) {
    const boxes = textBoxes(svg);
    // Only texts have a fill of their own to see here: everything else is made invisible.
    const onlyText = svg.replace(/<(?:path|rect|line|circle)\b[^>]*\/>/g, "");
    const ink = new Resvg(onlyText, { font: { fontFiles: [...fontPaths], loadSystemFonts: false } }).innerBBox()!;
    const near = (a: number, b: number, what: string) => assert.ok(Math.abs(a - b) < 4, `${name}, ${what}: ${a}, ${b}`);
    near(Math.min(...boxes.map((box) => box.left)), ink.x, "left");
    near(Math.max(...boxes.map((box) => box.right)), ink.x + ink.width, "right");
    near(Math.min(...boxes.map((box) => box.top)), ink.y, "top");
    near(Math.max(...boxes.map((box) => box.bottom)), ink.y + ink.height, "bottom");
  }
  const text = (x: number) => `<text x="${x}" y="30" font-size="10">word</text>`;
  const drawing = (x: number) =>
    `<svg width="200" height="50">${text(10)}<g transform="translate(5,0)">${text(x)}</g></svg>`;
  assert.deepEqual(overlaps(textBoxes(drawing(20))), ['"word" and "word"']);
  assert.deepEqual(overlaps(textBoxes(drawing(60))), []);
});

Deno.test("every chart of the gallery has a title, and every curve names both axes", () => {
  for (const { name, svg } of charts) assert.match(svg, /<text[^>]*font-weight="bold"/, name);
  const drawn = (name: string) => texts(charts.find((chart) => chart.name === name)!.svg);
  const words: Record<string, string[]> = {
    "loss": ["SFT loss", "loss", "step", "training", "held-out"],
    "reward": ["GRPO reward", "mean over completions", "step", "total", "correctness", "strict_format", "± reward_std"],
    "reward-parts": ["Total", "correctness", "integer_answer", "strict_format", "± 1 sd"],
    "length": ["Completion length", "tokens, mean", "shortest to longest", "cut off at the limit", "step"],
    "kl": ["KL from the reference", "nats per token", "step"],
    "chosen-rejected": ["Implicit rewards", "reward, mean over pairs", "chosen", "rejected", "step"],
    "margin": ["Reward margin", "chosen − rejected, mean over pairs", "step"],
    "preference-accuracy": ["Preference accuracy", "pairs with the chosen answer ahead", "100%", "step"],
    "throughput": ["Throughput", "tokens per second", "step"],
    "lengths-over-steps": ["Completion length", "tokens", "step", "median", "middle 80%"],
    "advantages-ridgeline": ["Advantages", "advantage", "steps 1–15", "steps 106–120"],
    "loss-runs": ["LoRA rank 8", "full parameters", "held-out"],
    "unequal-runs-tokens": ["tokens seen"],
    "unequal-runs-time": ["minutes"],
    "grad-norm": ["1 above, up to 40"],
    "empty": ["no data yet"],
  };
  for (const [name, expected] of Object.entries(words)) {
    assert.deepEqual(expected.filter((word) => !drawn(name).includes(word)), [], name);
  }
});

Deno.test("the gallery's curves have a line for each series and break at gaps", () => {
  const lines = (name: string, width: number) =>
    [...charts.find((chart) => chart.name === name)!.svg.matchAll(
      /<g\b[^>]*stroke-width="([\d.]+)"[^>]*>((?:<path[^>]*\/>)+)/g,
    )]
      .filter(([, stroke]) => Number(stroke) === width).map(([, , paths]) => paths.split("<path").length - 1);
  const { smooth, emphasis } = theme.strokes;
  assert.deepEqual(lines("reward", smooth), [1, 1, 1], "a line for each part");
  assert.deepEqual(lines("reward", emphasis), [1], "and the total");
  assert.equal(lines("reward-runs", smooth).length, 8);
  const faint = charts.find((chart) => chart.name === "reward-runs")!.svg
    .split(`stroke-opacity="${theme.opacities.rawOverlaid}"`).length - 1;
  assert.equal(faint, 8, "and the raw values of each");
  assert.deepEqual(lines("kl", smooth), [1]);
  assert.deepEqual(lines("gaps", smooth), [4], "one line in four stretches");
});

Deno.test("names in the gallery are unique", () => {
  const names = gallery.flatMap((section) => section.charts.map((chart) => chart.name));
  assert.equal(new Set(names).size, names.length);
});

function assertCommitted(made: string, path: string): void {
  assert.ok(
    made === Deno.readTextFileSync(path),
    `${path} differs from what is drawn now. Look at both; if the new one is right, run this test with KILN_UPDATE_GALLERY=1.`,
  );
}

/** Red, green, blue and opacity of each pixel of a PNG, decoded by the renderer itself. */
function pixels(png: Uint8Array): Uint8Array {
  const view = new DataView(png.buffer, png.byteOffset);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const data = `data:image/png;base64,${Buffer.from(png).toString("base64")}`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">` +
    `<image href="${data}" width="${width}" height="${height}"/></svg>`;
  return new Uint8Array(new Resvg(svg, { font: { loadSystemFonts: false } }).render().pixels);
}
