import assert from "node:assert/strict";
import fc from "fast-check";
import { cutAtWord, resolveLimits, shownPassage } from "../../lib/r3/mod.ts";
import { anyText } from "../support/any_text.ts";

Deno.test("cutAtWord() ends with a whole word, and cuts inside a word only where it is the first", () => {
  assert.equal(cutAtWord("one two three", 13), "one two three");
  assert.equal(cutAtWord("one two three", 12), "one two");
  assert.equal(cutAtWord("one two three", 7), "one two");
  assert.equal(cutAtWord("one two three", 6), "one");
  assert.equal(cutAtWord("incomprehensible", 5), "incom");
});

Deno.test("cutAtWord() gives a beginning that is not too long and no half character", () => {
  fc.assert(fc.property(anyText({ maxLength: 40 }), fc.integer({ min: 1, max: 30 }), (text, length) => {
    const cut = cutAtWord(text, length);
    assert.ok(cut.length <= length && text.startsWith(cut));
    assert.ok(cut.isWellFormed());
  }));
});

Deno.test("shownPassage() cuts the text at 512 characters and keeps the rest of the passage", () => {
  const text = "word ".repeat(200);
  const shown = shownPassage({ id: "a", document: "d", title: "T", text, score: 2 }, 512);
  assert.deepEqual({ ...shown, text: "" }, { id: "a", document: "d", title: "T", text: "", score: 2 });
  assert.equal(shown.text.length, 509);
});

Deno.test("resolveLimits() fills R3-RAG's limits in and refuses what cannot be", () => {
  assert.deepEqual(resolveLimits({ maxPassages: undefined, passagesPerStep: 3 }), {
    passagesPerStep: 3,
    maxPassages: 10,
    maxPassageCharacters: 512,
  });
  assert.throws(() => resolveLimits({ passagesPerStep: 0 }), /passagesPerStep: expected a whole number above 0, got 0/);
});
