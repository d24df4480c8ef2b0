import assert from "node:assert/strict";
import { lossCurve, toPng } from "../../lib/plot/mod.ts";
import { sftRows } from "./example_runs.ts";

/** Width and height from the header chunk of a PNG. */
function pngSize(png: Uint8Array): [number, number] {
  assert.deepEqual([...png.subarray(0, 8)], [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const view = new DataView(png.buffer, png.byteOffset);
  return [view.getUint32(16), view.getUint32(20)];
}

const rows = sftRows(30);

Deno.test("toPng() has the size asked for, twice the drawing's by default", () => {
  const svg = lossCurve(rows, { width: 320, height: 200 });
  assert.deepEqual(pngSize(toPng(svg)), [640, 400]);
  assert.deepEqual(pngSize(toPng(svg, { width: 160 })), [160, 100]);
  assert.deepEqual(pngSize(toPng(svg, { scale: 0.5 })), [160, 100]);
});

Deno.test("toPng() draws text: another title gives other pixels", () => {
  const titled = (title: string) => toPng(lossCurve(rows, { title }), { scale: 1 });
  assert.notDeepEqual(titled("Loss of run A"), titled("Loss of run B"));
  assert.deepEqual(titled("Loss of run A"), titled("Loss of run A"));
});

Deno.test("toPng() throws when the size is not positive or the SVG is broken", () => {
  assert.throws(() => toPng(lossCurve(rows), { width: 0 }), /positive width or scale/);
  assert.throws(() => toPng(lossCurve(rows), { scale: NaN }), /positive width or scale/);
  assert.throws(() => toPng("<svg><g></svg>"));
});
