import assert from "node:assert/strict";
import fc from "fast-check";
import { coverage, stemsOf, wordWeights, wordWeightsOf } from "../../../lib/retrieval/search/mod.ts";
import { ingest } from "../../../lib/retrieval/store/mod.ts";
import { asItems, sampleDocument, withTable } from "../store/sample_documents.ts";
import { anyText } from "../../support/any_text.ts";

Deno.test("stemsOf() takes forms of a word as one, and leaves out what says nothing", () => {
  assert.deepEqual(stemsOf("How are the infections treated?"), stemsOf("Treating an infection"));
  assert.deepEqual([...stemsOf("What is it, and why can't they?")], []);
  assert.deepEqual([...stemsOf("Wilson's gcd(36, 48)")].sort(), ["36", "48", "gcd", "wilson"]);
  assert.deepEqual([...stemsOf("Über 東京")], ["über", "東京"]);
});

Deno.test("stemsOf() gives words of any text, none of them empty", () => {
  fc.assert(fc.property(anyText(), (text) => {
    for (const stem of stemsOf(text)) assert.match(stem, /^[\p{L}\p{N}]/u);
  }));
});

Deno.test("wordWeightsOf() weighs a word more the fewer passages have it, and one that none has most", () => {
  const weights = wordWeightsOf(["iron anemia", "iron tablets", "iron"]);
  assert.equal(weights.passages, 3);
  const [common, rare, unknown] = ["iron", "anemia", "apnea"].map((word) => weights.weightOf([...stemsOf(word)][0]));
  assert.ok(0 < common && common < rare && rare < unknown, `${common} ${rare} ${unknown}`);
  assert.equal(rare, Math.log(1 + (3 - 1 + 0.5) / 1.5));
});

Deno.test("coverage() is the share of the asked words by squared weight", () => {
  const weights = { passages: 2, weightOf: (stem: string) => stem === "apnea" ? 3 : 1 };
  assert.equal(coverage(["apnea", "treat"], new Set(["treat", "iron"]), weights), 1 / 10);
  assert.equal(coverage(["apnea", "treat"], new Set(["treat", "apnea"]), weights), 1);
  assert.equal(coverage([], new Set(["treat"]), weights), 0);
});

Deno.test("wordWeights() counts the passages of a table with their titles", () =>
  withTable(async (table) => {
    const documents = [
      sampleDocument("a.md", ["Rest helps."], { title: "Gout" }),
      sampleDocument("b.md", ["Rest."], { title: "Asthma" }),
    ];
    await ingest(table, asItems(documents));
    const weights = await wordWeights(table);
    assert.equal(weights.passages, 2);
    assert.ok(weights.weightOf("gout") > weights.weightOf("rest"));
    assert.ok(weights.weightOf("gout") < weights.weightOf("mump"));
  }));
