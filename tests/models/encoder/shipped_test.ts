import assert from "node:assert/strict";
import { libraryPairSources, readLibraryArticles } from "../../../lib/data/retrieval_pairs/mod.ts";
import { loadEncoder } from "../../../lib/models/encoder/mod.ts";
import { denseRanker, heldOutRecall } from "../../../lib/train/mod.ts";
import { withEngine } from "../../support/tiny_model.ts";

const LIBRARY = new URL("../../../data/library", import.meta.url).pathname;
const FOLDER = new URL("../../../data/models/kiln-embed", import.meta.url).pathname;

Deno.test("kiln-embed finds the passages of held-out questions of every sort", () =>
  withEngine(async (engine) => {
    const encoder = await loadEncoder(FOLDER, { engine });
    const recall = await heldOutRecall(denseRanker(encoder), { pool: 60 });
    assert.ok(recall["recall@1"] > 0.9 && recall["recall@5"] > 0.95, JSON.stringify(recall));
    await encoder.dispose();
  }));

Deno.test("kiln-embed finds the passages of the library for held-out sentences in everyday words", () =>
  withEngine(async (engine) => {
    const encoder = await loadEncoder(FOLDER, { engine });
    const sources = libraryPairSources(await readLibraryArticles(LIBRARY)).filter(({ kind }) => /^sent/.test(kind));
    const recall = await heldOutRecall(denseRanker(encoder), { pool: 200, sources });
    assert.ok(recall["recall@5"] > 0.75, JSON.stringify(recall));
    await encoder.dispose();
  }));

Deno.test("kiln-embed takes at most 4 MB", async () => {
  let bytes = 0;
  for await (const { name, isFile } of Deno.readDir(FOLDER)) {
    if (isFile) bytes += (await Deno.stat(`${FOLDER}/${name}`)).size;
  }
  assert.ok(bytes <= 4e6, `${bytes} bytes`);
});
