import assert from "node:assert/strict";
import { echoCorpus } from "../../../lib/data/mod.ts";

Deno.test("echoCorpus() asks for lines of its prompt, which the reply repeats to the letter", () => {
  const kinds = new Set<string>();
  for (let index = 0; index < 300; index++) {
    const { kind, messages: [prompt, reply], cases: [{ reference, grade }] } = echoCorpus.exampleAt(index);
    kinds.add(kind);
    assert.equal(reply.content, reference);
    const prompted = String(prompt.content).split("\n");
    for (const line of reference.split("\n")) {
      assert.ok(prompted.includes(line.replace(/^\d\. /, "")) || prompted.includes(line));
    }
    assert.deepEqual(grade(reference), { repeated: 1 });
    assert.deepEqual(grade(`${reference}.`), { repeated: 0 });
    assert.deepEqual(grade(""), { repeated: 0 });
  }
  assert.deepEqual(kinds, new Set(["words", "terms", "names"]));
});

Deno.test("echoCorpus() is the same in every run and shares no list between train and test", () => {
  const texts = (split: "train" | "test") =>
    Array.from({ length: 200 }, (_, index) => echoCorpus.exampleAt(index, { seed: 7, split }).cases[0].reference);
  assert.deepEqual(texts("train"), texts("train"));
  const train = new Set(texts("train"));
  assert.ok(texts("test").every((text) => !train.has(text)));
});
