import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { saveChart, toPng } from "../../lib/plot/mod.ts";
import { writeFileAtomic } from "../../lib/files/mod.ts";
import { galleryCharts, galleryPngs } from "./gallery.ts";

const folder = fileURLToPath(new URL("../../outputs/gallery", import.meta.url));
const update = Deno.env.get("KILN_UPDATE_GALLERY") === "1";

Deno.test("galleryCharts() are the SVGs that are committed, byte for byte", async (t) => {
  for (const [name, svg] of Object.entries(galleryCharts())) {
    await t.step(name, async () => {
      const path = `${folder}/${name}.svg`;
      if (update && galleryPngs.includes(name)) await saveChart(svg, `${folder}/${name}`, { scale: 1.5 });
      else if (update) await writeFileAtomic(path, svg);
      assert.ok(svg.length < 60_000, `${svg.length} bytes`);
      const committed = await Deno.readTextFile(path);
      assert.ok(
        svg === committed,
        `${path} differs from what is drawn now. Look at both; if the new one is right, run this test with KILN_UPDATE_GALLERY=1.`,
      );
    });
  }
});

Deno.test("the gallery holds no drawing that nothing makes", () => {
  const charts = Object.keys(galleryCharts());
  const expected = [...charts.map((name) => `${name}.svg`), ...galleryPngs.map((name) => `${name}.png`)];
  const present = [...Deno.readDirSync(folder)].map((entry) => entry.name).filter((name) => /\.(svg|png)$/.test(name));
  assert.deepEqual(present.filter((name) => !expected.includes(name)), []);
});

Deno.test("toPng() of the gallery's drawings shows their text", () => {
  for (const [name, svg] of Object.entries(galleryCharts())) {
    const withoutText = svg.replace(/<text[^>]*>[^<]*<\/text>/g, "");
    assert.notEqual(svg, withoutText, name);
    assert.notDeepEqual(toPng(svg, { scale: 0.25 }), toPng(withoutText, { scale: 0.25 }), name);
  }
});
