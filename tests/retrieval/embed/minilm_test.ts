import assert from "node:assert/strict";
import { EMBEDDERS, openEmbedder, type OpenEmbedderOptions } from "../../../lib/retrieval/embed/mod.ts";
import { goldenJson } from "../../support/golden.ts";
import { minilmTest } from "./minilm.ts";

interface Golden {
  maxTokens: number;
  texts: { text: string; tokens: number; vector: number[] }[];
}

const golden = await goldenJson<Golden>("minilm/minilm.json");
const fitting = golden.texts.filter(({ tokens }) => tokens <= golden.maxTokens);

function largestDifference(actual: readonly Float32Array[], texts: Golden["texts"]): number {
  assert.equal(actual.length, texts.length);
  return Math.max(...texts.flatMap(({ vector }, at) => {
    assert.equal(actual[at].length, vector.length);
    return vector.map((value, i) => Math.abs(actual[at][i] - value));
  }));
}

for (const runtime of ["transformers", "kiln"] as const) {
  const options: OpenEmbedderOptions = { as: "all-MiniLM-L6-v2", runtime, threads: 1 };

  minilmTest(`MiniLM by ${runtime} gives the vectors of sentence-transformers`, async (folder) => {
    const embedder = await openEmbedder(folder, options);
    try {
      assert.deepEqual(fitting.map(({ text }) => embedder.countTokens(text)), fitting.map(({ tokens }) => tokens));
      const asPassages = largestDifference(await embedder.embedPassages(fitting.map(({ text }) => text)), fitting);
      // Those that are too long are cut as sentence-transformers cuts them.
      const asQueries = largestDifference(
        await embedder.embedQueries(golden.texts.map(({ text }) => text)),
        golden.texts,
      );
      console.log(
        `MiniLM by ${runtime}: largest difference ${asPassages.toExponential(1)}, queries ${
          asQueries.toExponential(1)
        }`,
      );
      assert.ok(asPassages <= 1e-4 && asQueries <= 1e-4, `${asPassages} ${asQueries}`);
    } finally {
      await embedder.dispose();
    }
  });

  minilmTest(`MiniLM by ${runtime} refuses the passage that is too long`, async (folder) => {
    const embedder = await openEmbedder(folder, options);
    try {
      const long = golden.texts.find(({ tokens }) => tokens > golden.maxTokens)!;
      assert.equal(embedder.countTokens(long.text), long.tokens);
      await assert.rejects(
        embedder.embedPassages(["short", long.text]),
        new RegExp(`passage 1 .* has ${long.tokens} tokens, and all-MiniLM-L6-v2 reads at most 256`),
      );
    } finally {
      await embedder.dispose();
    }
  });
}

Deno.test("the golden vectors are those of the registry's MiniLM", () => {
  const entry = EMBEDDERS.get("all-MiniLM-L6-v2")!;
  assert.equal(golden.maxTokens, entry.maxTokens);
  for (const { vector } of golden.texts) {
    assert.equal(vector.length, entry.dimensions);
    assert.ok(Math.abs(Math.hypot(...vector) - 1) < 1e-6);
  }
  const counts = golden.texts.map(({ tokens }) => tokens);
  assert.ok(counts.includes(entry.maxTokens) && counts.some((tokens) => tokens > entry.maxTokens), String(counts));
});
