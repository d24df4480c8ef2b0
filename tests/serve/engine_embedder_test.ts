import assert from "node:assert/strict";
import { createEngine } from "../../lib/engine/mod.ts";
import { houseEmbedder } from "../../lib/retrieval/embed/mod.ts";
import { openEngine } from "../../lib/serve/engine/mod.ts";
import { engineEmbedder } from "../../lib/serve/engine_embedder.ts";
import { HOUSE_MODEL } from "../support/house_model.ts";

Deno.test("engineEmbedder() gives the vectors of the same encoder in this thread, and computes none here", async () => {
  const here = await createEngine({ device: "cpu" });
  const same = await houseEmbedder({ engine: here });
  const engine = await openEngine({ model: HOUSE_MODEL, embedder: "kiln-embed", threads: 1 });
  try {
    const far = engineEmbedder(engine, same);
    assert.deepEqual(far.description, same.description);
    const texts = ["a headache", "pain in the head that lasts for days", "the price of oil", "Grüße"];
    const progress: [number, number][] = [];
    const options = { batchSize: 3, onProgress: (done: number, all: number) => void progress.push([done, all]) };
    for (const kind of ["embedPassages", "embedQueries"] as const) {
      const [ours, theirs] = [await far[kind](texts, options), await same[kind](texts)];
      assert.equal(ours.length, texts.length);
      ours.forEach((vector, i) =>
        vector.forEach((value, at) => assert.ok(Math.abs(value - theirs[i][at]) < 1e-5, `${texts[i]}[${at}]`))
      );
    }
    assert.deepEqual(progress, [[3, 4], [4, 4], [3, 4], [4, 4]]);
    assert.deepEqual(await far.embedQueries([]), []);
    assert.equal(far.countTokens(texts[1]), same.countTokens(texts[1]));
    assert.equal((await engine.stats()).embeddings.texts, 2 * texts.length);
    await assert.rejects(far.embedPassages(["word ".repeat(1000)]), /cut it into passages/);
    const abort = new AbortController();
    abort.abort(new Error("enough"));
    await assert.rejects(far.embedQueries(texts, { signal: abort.signal }), /enough/);
  } finally {
    await engine.dispose();
    await same.dispose();
    await here.dispose();
  }
});
