import assert from "node:assert/strict";
import { timeline, type TimelineRow } from "../../lib/plot/mod.ts";
import { svgSize } from "../../lib/plot/svg.ts";
import { assertDrawing, texts } from "./drawing.ts";
import { overlaps, textBoxes } from "./text_boxes.ts";

const row = (name: string, ...ends: number[]): TimelineRow => ({
  name,
  bars: ends.map((end, index) => ({
    kind: ["call", "tool"][index % 2],
    start: ends[index - 1] ?? 0,
    end,
    label: `label ${index}\n of ${name}`,
  })),
  note: `note of ${name}`,
});

/** The drawn bars: left and right end in pixels. */
function rects(svg: string): { left: number; right: number }[] {
  return [...svg.matchAll(/<rect stroke="[^>]*>/g)].map(([rect]) => {
    const [left, width] = ["x", "width"].map((name) => Number(new RegExp(` ${name}="([\\d.]+)"`).exec(rect)![1]));
    return { left, right: left + width };
  });
}

Deno.test("timeline() draws a bar for each thing that took time, and names rows, kinds, notes and axis", () => {
  const svg = timeline([row("one <b>", 100, 300), row("two", 50)], { xLabel: "ms" });
  assertDrawing(svg, "timeline");
  for (const text of ["one <b>", "two", "call", "tool", "note of two", "ms", "label 1 of one <b>"]) {
    assert.ok(texts(svg).includes(text), `${text} in ${texts(svg)}`);
  }
  assert.match(svg, /<title>tool: label 1 of one &lt;b&gt;, 100 to 300<\/title>/);
  const bars = rects(svg).sort((a, b) => a.left - b.left || a.right - b.right);
  assert.equal(bars.length, 3);
  const [short, first, second] = bars;
  const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1, `${a}, ${b}`);
  near(first.right, second.left);
  near((second.right - second.left) / (first.right - first.left), 2);
  near((first.right - first.left) / (short.right - short.left), 2);
});

Deno.test("timeline() shows what took no time, and keeps words apart and within the drawing", () => {
  const rows = [
    row("a question that is so long that nobody could read it whole in a chart", 1, 2, 3, 900),
    row("nothing at all", 0),
    row("at the end", 899.9, 900),
    { name: "without a bar", bars: [] },
    row("a very long note ".repeat(9), 400),
  ];
  for (const width of [360, 640, 900]) {
    const svg = timeline(rows, { width });
    assertDrawing(svg, `timeline of ${width}`);
    assert.equal(rects(svg).length, 8);
    assert.ok(rects(svg).every(({ left, right }) => right - left > 1.9));
    const boxes = textBoxes(svg);
    assert.deepEqual(overlaps(boxes), [], String(width));
    for (const { text, left, right, bottom } of boxes) {
      assert.ok(left >= 0 && right <= width && bottom <= svgSize(svg).height, `${width}: "${text}" is outside`);
    }
  }
});

Deno.test("timeline() gives kinds the colours that their order asks for", () => {
  const [blue, orange] = [{ kinds: ["tool", "call", "never met"] }, {}].map((options) =>
    /<rect[^>]*fill="(#\w+)"[^>]*><title>tool/.exec(timeline([row("a", 10, 20)], options))?.[1]
  );
  assert.deepEqual([blue, orange], ["#0e6fb8", "#df733b"]);
  assert.ok(!texts(timeline([row("a", 1)], { kinds: ["never met"] })).includes("never met"));
});

Deno.test('timeline() says "no data yet" where nothing happened, and throws for times that cannot be', () => {
  for (const rows of [[], [{ name: "a", bars: [] }]]) assert.ok(texts(timeline(rows)).includes("no data yet"));
  for (const [start, end] of [[-1, 2], [3, 2], [0, NaN], [0, Infinity]]) {
    assert.throws(
      () => timeline([{ name: "a", bars: [{ kind: "call", start, end }] }]),
      /"call" of "a" lasts from .*: expected 0 or more/,
    );
  }
});
