import assert from "node:assert/strict";
import fc from "fast-check";
import { findQuote, neutralise } from "../../../lib/retrieval/answer/mod.ts";

const TEXT = "Asthma is treated with an inhaler.\nPeople with asthma should “keep calm” – always…";

const found = (text: string, quote: string) => {
  const place = findQuote(text, quote);
  return place && [text.slice(place.start, place.end), place.isExact];
};

Deno.test("findQuote() finds words to the letter first", () => {
  assert.deepEqual(findQuote(TEXT, "treated with an inhaler"), { start: 10, end: 33, isExact: true });
  assert.deepEqual(found(TEXT, "  an inhaler. "), ["an inhaler.", true]);
  assert.deepEqual(findQuote("x = 3 and x = 3", "x = 3"), { start: 0, end: 5, isExact: true });
});

Deno.test("findQuote() folds white space and typography, and gives the place in the original", () => {
  assert.deepEqual(found(TEXT, "inhaler. People   with"), ["inhaler.\nPeople with", false]);
  assert.deepEqual(found(TEXT, "'keep calm' - always..."), ["“keep calm” – always…", false]);
  assert.deepEqual(found("eﬀicient ﬁt", "efficient fit"), ["eﬀicient ﬁt", false]);
  assert.deepEqual(found("the cafe\u0301 is open", "café is"), ["cafe\u0301 is", false]);
  assert.deepEqual(found("the café is open", "cafe\u0301 is"), ["café is", false]);
  assert.deepEqual(found("no\u00adthing is a\u00a0b", "nothing is a b"), ["no\u00adthing is a\u00a0b", false]);
  assert.deepEqual(found("“She’s here”", '"She\'s here"'), ["“She’s here”", false]);
});

Deno.test("findQuote() finds what a prompt showed in place of tags and citations", () => {
  const text = "Write <b>bold</b> as in [2].";
  assert.deepEqual(found(text, neutralise(text)), [text, false]);
});

Deno.test("findQuote() does not find other words, half words, or nothing", () => {
  for (
    const quote of [
      "treated with a spray",
      "reated with",
      "treated with an inh",
      "asthma is treated",
      "",
      " . ",
      "…",
      "“",
    ]
  ) assert.equal(findQuote(TEXT, quote), null, quote);
  assert.equal(findQuote("x² = 4", "x2 = 4"), null);
  assert.equal(findQuote("𝐱y", "𝐱"), null);
  // A later place where the words stand whole.
  assert.deepEqual(findQuote("cats and a cat", "cat"), { start: 11, end: 14, isExact: true });
  assert.deepEqual(findQuote("", "a"), null);
});

Deno.test("findQuote() finds every run of whole words of a text, however its spaces and quotes are changed", () => {
  const word = fc.constantFrom("pain", "“pain”", "it's", "ﬁne", "3.5", "é", "e\u0301", "–", "x<y", "𝐱");
  fc.assert(fc.property(
    fc.array(fc.tuple(word, fc.constantFrom(" ", "\n", "\u00a0", " \t ")), { minLength: 1, maxLength: 12 }),
    fc.nat(),
    fc.nat(),
    (parts, from, length) => {
      const text = parts.map(([word, space]) => word + space).join("");
      const first = from % parts.length;
      const chosen = parts.slice(first, first + 1 + length % (parts.length - first)).map(([word]) => word);
      const quote = chosen.join(" ").replaceAll("“", '"').replaceAll("”", '"').replaceAll("–", "-").normalize("NFC");
      fc.pre(/[\p{L}\p{N}]/u.test(quote));
      const place = findQuote(text, quote);
      assert.ok(place !== null, `${JSON.stringify(quote)} in ${JSON.stringify(text)}`);
      const again = findQuote(text.slice(place.start, place.end), quote);
      assert.deepEqual([again?.start, again?.end], [0, place.end - place.start]);
    },
  ));
});
