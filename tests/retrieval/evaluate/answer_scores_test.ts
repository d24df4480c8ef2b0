import assert from "node:assert/strict";
import { citationScores, containsAnswer, withoutCitations } from "../../../lib/retrieval/evaluate/mod.ts";

Deno.test("withoutCitations() leaves the text alone", () => {
  assert.equal(withoutCitations("Rest helps [1]. Cold too [2, 3][4]."), "Rest helps. Cold too.");
  assert.equal(withoutCitations("a[i] and [x]"), "a[i] and [x]");
});

Deno.test("containsAnswer() finds the right answer's words in a sentence, whole and in order", () => {
  assert.equal(containsAnswer("It is treated with the Silent-Lamp.", "a silentlamp"), true);
  assert.equal(containsAnswer("The gcd is 12.", "12"), true);
  assert.equal(containsAnswer("The gcd is 120.", "12"), false);
  assert.equal(containsAnswer("Noether Emmy", "Emmy Noether"), false);
  assert.equal(containsAnswer("anything", "the"), false);
});

Deno.test("citationScores() counts right citations among all, and supporting articles among those needed", () => {
  const right = { article: "gout", found: true };
  const wrongQuote = { article: "gout", found: false };
  const other = { article: "asthma", found: true };
  const nowhere = { article: null, found: false };
  assert.deepEqual(citationScores([right, other, wrongQuote, nowhere], ["gout", "pi"]), {
    precision: 1 / 4,
    recall: 1 / 2,
  });
  assert.deepEqual(citationScores([right, right], ["gout"]), { precision: 1, recall: 1 });
  assert.deepEqual(citationScores([wrongQuote], ["gout"]), { precision: 0, recall: 0 });
  assert.deepEqual(citationScores([], ["gout"]), { precision: null, recall: 0 });
  assert.throws(() => citationScores([right], []), /no article supports the answer/);
});
