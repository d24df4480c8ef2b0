import assert from "node:assert/strict";
import { createEngine } from "../../../lib/engine/mod.ts";
import { houseEmbedder } from "../../../lib/retrieval/embed/mod.ts";
import { search } from "../../../lib/retrieval/search/mod.ts";
import { ingest, openTable, verify } from "../../../lib/retrieval/store/mod.ts";
import { inFolder } from "../../support/in_folder.ts";
import { asItems, sampleDocument } from "../store/sample_documents.ts";

const ARTICLES = [
  sampleDocument("medicine/asthma.md", [
    "Asthma is a long-term disease of the airways. They become narrow and swollen, so that breathing is hard.",
    "An inhaler that widens the airways brings relief within minutes.",
  ], { title: "Asthma", metadata: { topic: "medicine" } }),
  sampleDocument("medicine/fracture.md", [
    "A fracture is a break in a bone. It is held still with a cast until the bone has grown together.",
  ], { title: "Broken bones", metadata: { topic: "medicine" } }),
  sampleDocument("mathematics/primes.md", [
    "A prime number has exactly two divisors, one and itself. There are infinitely many of them, as Euclid showed.",
  ], { title: "Prime numbers", metadata: { topic: "mathematics" } }),
  sampleDocument("mathematics/triangles.md", [
    "In a right triangle the squares of the two short sides add up to the square of the longest side.",
  ], { title: "Right triangles", metadata: { topic: "mathematics" } }),
];

Deno.test("search() with the house encoder finds the article that answers a question, in every mode", () =>
  inFolder(async (folder) => {
    const engine = await createEngine();
    const embedder = await houseEmbedder({ engine });
    const table = await openTable({ uri: folder, name: "articles", embedder });
    try {
      const { added } = await ingest(table, asItems(ARTICLES));
      assert.equal(added, ARTICLES.length);
      assert.deepEqual((await verify(table)).problems, []);
      const questions: [string, string][] = [
        ["What helps when asthma makes breathing hard?", "medicine/asthma.md"],
        ["How is a broken bone treated?", "medicine/fracture.md"],
        ["How many prime numbers are there?", "mathematics/primes.md"],
        ["What is true of the sides of a right triangle?", "mathematics/triangles.md"],
      ];
      for (const [question, source] of questions) {
        for (const mode of ["dense", "fullText", "hybrid"] as const) {
          const [best] = await search(table, question, { mode });
          assert.equal(best.chunk.source, source, `${mode}: ${question}`);
        }
      }
      const filter = { op: "eq", column: "topic", value: "mathematics" } as const;
      const [best] = await search(table, "How is a broken bone treated?", { filter });
      assert.equal(best.chunk.metadata.topic, "mathematics");
    } finally {
      table.close();
      await embedder.dispose();
      await engine.dispose();
    }
  }));
