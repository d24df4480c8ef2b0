import assert from "node:assert/strict";
import fc from "fast-check";
import { confusionMatrix, theme } from "../../lib/plot/mod.ts";
import { svgSize } from "../../lib/plot/svg.ts";
import { assertDrawing, texts } from "./drawing.ts";
import { overlaps, textBoxes } from "./text_boxes.ts";

const three = { labels: ["math", "medical", "none"], counts: [[57, 0, 3], [1, 399, 0], [0, 0, 0]] };
const letters = (count: number) => Array.from({ length: count }, (_, at) => String.fromCharCode(97 + at));
const diagonal = (labels: readonly string[], count = 12) => ({
  labels,
  counts: labels.map((_, i) => labels.map((_, j) => i === j ? count : 0)),
});

Deno.test("confusionMatrix() writes names, counts, shares of the row, and how many are right", () => {
  const svg = confusionMatrix(three, { title: "Routes", yLabel: "right route", xLabel: "sent to" });
  assertDrawing(svg, "three");
  const words = texts(svg);
  for (const text of ["Routes", "right route", "sent to", "57", "95%", "3", "5%", "399", "100%", "1", "<1%"]) {
    assert.ok(words.includes(text), `${text} in ${words}`);
  }
  assert.ok(words.includes("460 cases, 99.1% right"));
  // Beside a row and below a column.
  for (const label of three.labels) assert.equal(words.filter((word) => word === label).length, 2, label);
  assert.equal(words.filter((word) => word === "0").length, 5);
  assert.match(svg, /<title>medical as math: 1 \(0\.3%\)<\/title>/);
});

Deno.test("confusionMatrix() has truth from top to bottom and predictions from left to right", () => {
  const counts = [[1, 2, 3], [4, 5, 6], [7, 8, 9]].map((row) => row.map((digit) => 100 * digit));
  const boxes = textBoxes(confusionMatrix({ labels: ["one", "two", "none"], counts }, { legend: false }));
  const inCells = boxes.filter(({ text }) => /^\d00$/.test(text));
  const rows = Map.groupBy(inCells, ({ top }) => Math.round(top));
  assert.deepEqual(
    [...rows].sort(([a], [b]) => a - b).map(([, row]) =>
      row.sort((a, b) => a.left - b.left).map(({ text }) => Number(text))
    ),
    counts,
  );
  const find = (text: string, which: "top" | "bottom") =>
    boxes.filter((box) => box.text === text).sort((a, b) => (a.top - b.top) * (which === "top" ? 1 : -1))[0];
  const corner = inCells.find(({ text }) => text === "100")!;
  assert.ok(find("one", "top").right < corner.left && find("one", "bottom").top > corner.bottom);
});

Deno.test("confusionMatrix() shades a cell by its share of the row, and words on dark cells are white", () => {
  const svg = confusionMatrix({ labels: ["a", "b"], counts: [[9, 1], [50, 50]] }, { legend: false });
  const fills = [...svg.matchAll(/<rect[^>]* fill="(#[0-9a-f]{6})"/g)].map(([, fill]) => fill)
    .filter((fill) => (theme.ramp as readonly string[]).includes(fill));
  assert.deepEqual(fills, [theme.ramp[5], theme.ramp[0], theme.ramp[3], theme.ramp[3]]);
  assert.match(svg, /<text[^>]*fill="#ffffff"[^>]*>9<\/text>/);
  assert.match(svg, /<text[^>]*fill="#1d2433"[^>]*>1<\/text>/);
});

Deno.test("confusionMatrix() numbers classes whose names do not fit below the columns", () => {
  const long = ["opening hours of all our shops", "technical_support", "a", "b", "c", "d", "e", "none"];
  const words = texts(confusionMatrix(diagonal(long)));
  assert.ok(words.includes("3 a") && words.includes("8 none"), `${words}`);
  for (let number = 1; number <= 8; number++) assert.ok(words.includes(String(number)), `${number} in ${words}`);
  assert.ok(texts(confusionMatrix(diagonal(letters(8)))).every((word) => !/^\d [a-h]$/.test(word)));
});

Deno.test("confusionMatrix() of twenty classes has every name, count and share, and grows for them", () => {
  const labels = letters(20).map((letter) => `the route with the name ${letter}`);
  const svg = confusionMatrix(diagonal(labels, 1234));
  const words = texts(svg);
  for (const [at, label] of labels.entries()) assert.ok(words.includes(`${at + 1} ${label}`), label);
  assert.equal(words.filter((word) => word === "1,234").length, 20);
  assert.equal(words.filter((word) => word === "100%").length, 20);
  const { width, height } = svgSize(svg);
  assert.ok(width > theme.chart.width && width < 1300 && height > 600 && height < 900, `${width} by ${height}`);
});

Deno.test('confusionMatrix() says "no data yet" when nothing was counted', () => {
  for (const empty of [{ labels: [], counts: [] }, diagonal(["a", "b"], 0)]) {
    const svg = confusionMatrix(empty, { title: "Routes" });
    assertDrawing(svg, "empty");
    assert.deepEqual(texts(svg), ["Routes", "no data yet"]);
  }
});

Deno.test("confusionMatrix() throws when there is not a count for each pair of classes, naming the row", () => {
  const labels = ["a", "b"];
  assert.throws(() => confusionMatrix({ labels, counts: [[1, 2]] }), /of 2 classes .* it has 1 rows/);
  assert.throws(() => confusionMatrix({ labels, counts: [[1, 2], [1]] }), /row "b" has 1\./);
  for (const count of [NaN, -1, Infinity]) {
    assert.throws(() => confusionMatrix({ labels, counts: [[1, count], [1, 1]] }), /row "a" has the count/);
  }
});

Deno.test("confusionMatrix() keeps all text inside and apart, at any size, for any number of classes and names", () => {
  const name = fc.oneof(
    fc.string({ minLength: 1, maxLength: 12 }),
    fc.constantFrom("a b", "Fragen zur Rechnung", "日本語の質問", "x".repeat(200), "customer/orders/late", " ", "none"),
  );
  const size = fc.record({
    width: fc.option(fc.integer({ min: 300, max: 1100 }), { nil: undefined }),
    height: fc.option(fc.integer({ min: 240, max: 700 }), { nil: undefined }),
    legend: fc.boolean(),
  });
  const labels = fc.array(name, { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(labels, size, fc.integer({ min: 1, max: 9 }), fc.nat(), (labels, options, digits, salt) => {
      const counts = labels.map((_, i) =>
        labels.map((_, j) => (i * 31 + j * 17 + salt) % 5 === 0 ? (i + 3 * j + salt) % 10 ** digits : 0)
      );
      const svg = confusionMatrix({ labels, counts }, options);
      assertDrawing(svg, "any");
      const { width, height } = svgSize(svg);
      const boxes = textBoxes(svg);
      const outside = boxes.filter((box) =>
        box.left < -0.5 || box.right > width + 0.5 || box.top < 0 || box.bottom > height
      );
      assert.deepEqual(outside, [], `outside of ${width} by ${height}`);
      assert.deepEqual(overlaps(boxes), []);
    }),
    { numRuns: 100 },
  );
});
