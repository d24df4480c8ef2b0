import assert from "node:assert/strict";
import { characterWidth } from "../../lib/plot/font.ts";
import { ellipsize, textWidth, wrap } from "../../lib/plot/text.ts";
import { toPng } from "../../lib/plot/png.ts";

Deno.test("characterWidth() has the widths of DejaVu Sans and none for what it cannot draw", () => {
  // DejaVu draws on a grid of 2048 units to the em.
  assert.equal(characterWidth(0x20, "normal"), 651 / 2048);
  assert.equal(characterWidth(0x41, "normal"), 1401 / 2048);
  assert.equal(characterWidth(0x30, "normal"), 1303 / 2048);
  assert.ok(characterWidth(0x41, "bold")! > characterWidth(0x41, "normal")!);
  assert.equal(characterWidth(0x635f, "normal"), undefined);
});

Deno.test("textWidth() agrees with what the renderer draws", () => {
  // Ink reaches from near the left end to near the right end of the measured width: draw it, look for the last dark
  // column.
  const text = "HHHHHHHHHHHHHHHHHHHH";
  const width = textWidth(text, 20);
  const png = (clipFrom: number) =>
    toPng(
      `<svg xmlns="http://www.w3.org/2000/svg" width="500" height="40"><rect width="500" height="40" fill="white"/><text x="0" y="30" font-family="DejaVu Sans" ` +
        `font-size="20">${text}</text><rect x="${clipFrom}" width="500" height="40" fill="white"/></svg>`,
      { scale: 1 },
    );
  assert.deepEqual(png(width), png(width + 100), "no ink right of the measured width");
  assert.notDeepEqual(png(width - 6), png(width), "ink right up to it");
});

Deno.test("ellipsize() shortens to the width and leaves short text alone", () => {
  assert.equal(ellipsize("reward", 200, 11), "reward");
  const cut = ellipsize("a reward function with a long name", 100, 11);
  assert.ok(cut.endsWith("…") && textWidth(cut, 11) <= 100, cut);
  assert.equal(ellipsize("wide", 0, 11), "…");
});

Deno.test("ellipsize() never cuts a character of two code units in half", () => {
  for (let width = 10; width < 120; width += 7) assert.ok(ellipsize("😀😀😀😀😀😀😀😀", width, 11).isWellFormed());
});

Deno.test("wrap() keeps all words while lines are left, then ends in an ellipsis", () => {
  const text = "one two three four five six";
  assert.equal(wrap(text, 80, 11, 5).join(" "), text);
  const two = wrap(text, 60, 11, 2);
  assert.equal(two.length, 2);
  assert.ok(two[1].endsWith("…"));
  assert.deepEqual(wrap("  ", 60, 11, 2), []);
});
