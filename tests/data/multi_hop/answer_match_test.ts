import assert from "node:assert/strict";
import fc from "fast-check";
import { answerF1, exactMatch, normalizeAnswer } from "../../../lib/data/multi_hop/mod.ts";

Deno.test("normalizeAnswer() lowers case and drops punctuation, articles and spaces, as HotpotQA does", () => {
  const cases = [
    ["The  Red-Lamp, a book!", "redlamp book"],
    ["  An apple\tand THE pear ", "apple and pear"],
    ["theater", "theater"],
    ["U.S.A.", "usa"],
    ["été a", "été"],
    ["the", ""],
    ["2,400 km", "2400 km"],
  ];
  for (const [text, normalized] of cases) assert.equal(normalizeAnswer(text), normalized);
});

Deno.test("exactMatch() compares after normalization", () => {
  assert.equal(exactMatch("The Silent Lamp.", "silent lamp"), 1);
  assert.equal(exactMatch("Silent Lamps", "silent lamp"), 0);
});

Deno.test("answerF1() is the harmonic mean over words, and 0 for a wrong yes or no", () => {
  assert.equal(answerF1("Mia Tarsik", "Mia Tarsik"), 1);
  assert.equal(answerF1("Mia", "Mia Tarsik"), 2 / 3);
  assert.equal(answerF1("Mia Mia", "Mia Tarsik"), 1 / 2);
  assert.equal(answerF1("yes", "no"), 0);
  assert.equal(answerF1("yes it is", "yes"), 0);
  assert.equal(answerF1("yes", "Yes."), 1);
  assert.equal(answerF1("", "Mia"), 0);
  assert.equal(answerF1("", ""), 0);
});

Deno.test("answerF1() is symmetric, at most 1, and 1 where exactMatch() is", () => {
  const words = fc.array(fc.constantFrom("Velmona", "the", "of", "12", "km"), { maxLength: 6 }).map((list) =>
    list.join(" ")
  );
  fc.assert(fc.property(words, words, (one, other) => {
    const f1 = answerF1(one, other);
    assert.equal(f1, answerF1(other, one));
    assert.ok(f1 >= 0 && f1 <= 1);
    if (exactMatch(one, other) === 1 && normalizeAnswer(one) !== "") assert.equal(f1, 1);
  }));
});
