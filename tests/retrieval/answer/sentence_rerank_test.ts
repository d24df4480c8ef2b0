import assert from "node:assert/strict";
import { sentenceRerank } from "../../../lib/retrieval/answer/mod.ts";
import { search, wordWeights } from "../../../lib/retrieval/search/mod.ts";
import { ingest } from "../../../lib/retrieval/store/mod.ts";
import { asItems, sampleDocument, withTable } from "../store/sample_documents.ts";

Deno.test("sentenceRerank() puts a passage first for one sentence, where words all over a passage do not answer", () =>
  withTable(async (table) => {
    const documents = [
      sampleDocument("gout.md", [
        "Allopurinol lowers uric acid. Gout often begins at night in the big toe, after beer.",
      ], {
        title: "Gout",
      }),
      sampleDocument("acid.md", [
        "Uric stones hurt. Acid lowers enamel. Uric is a word. Acid burns. Uric salts form acid.",
      ], {
        title: "Acid",
      }),
    ];
    await ingest(table, asItems(documents));
    const rerank = sentenceRerank({ embedder: table.embedder, weights: await wordWeights(table) });
    const question = "Does allopurinol lower uric acid?";
    const results = await search(table, question, { rerank, fusion: { kind: "minMax" } });
    assert.equal(results[0].chunk.source, "gout.md");
    for (const { score, parts } of results) {
      assert.equal(score, parts.rerank);
      assert.ok(parts.fused !== undefined);
    }
    // Coverage of all words, half of it again, cosine, and the best fused score.
    assert.ok(results[0].score > 1.5 && results[0].score <= 3.5, `${results[0].score}`);
    assert.deepEqual(
      await search(table, question, { rerank, filter: { op: "eq", column: "topic", value: "none" } }),
      [],
    );
  }));
