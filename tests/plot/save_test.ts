import assert from "node:assert/strict";
import { lossCurve, saveChart, toPng } from "../../lib/plot/mod.ts";
import { sftRows } from "./example_runs.ts";

Deno.test("saveChart() writes both files, makes the folder, replaces what was there and leaves nothing else", async () => {
  const root = await Deno.makeTempDir();
  try {
    const path = `${root}/charts/loss`;
    await saveChart(lossCurve([]), path);
    const svg = lossCurve(sftRows(20));
    assert.deepEqual(await saveChart(svg, path, { scale: 1 }), { svgPath: `${path}.svg`, pngPath: `${path}.png` });
    assert.equal(await Deno.readTextFile(`${path}.svg`), svg);
    assert.deepEqual(await Deno.readFile(`${path}.png`), toPng(svg, { scale: 1 }));
    const names = [...Deno.readDirSync(`${root}/charts`)].map((entry) => entry.name).sort();
    assert.deepEqual(names, ["loss.png", "loss.svg"]);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("saveChart() takes a path with an extension, and says so when its arguments are swapped", async () => {
  const root = await Deno.makeTempDir();
  try {
    const svg = lossCurve(sftRows(3));
    const saved = { svgPath: `${root}/loss.svg`, pngPath: `${root}/loss.png` };
    assert.deepEqual(await saveChart(svg, `${root}/loss.png`, { scale: 1 }), saved);
    assert.deepEqual(await saveChart(svg, `${root}/loss.v2`, { scale: 1 }), {
      svgPath: `${root}/loss.v2.svg`,
      pngPath: `${root}/loss.v2.png`,
    });
    await assert.rejects(saveChart(`${root}/loss`, svg), /expected an SVG and then a path, got ".*loss" first/);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("saveChart() keeps the old files when the drawing is broken", async () => {
  const root = await Deno.makeTempDir();
  try {
    const svg = lossCurve(sftRows(3));
    await saveChart(svg, `${root}/loss`);
    await assert.rejects(saveChart("<svg><g></svg>", `${root}/loss`));
    assert.equal(await Deno.readTextFile(`${root}/loss.svg`), svg);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
