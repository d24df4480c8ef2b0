import assert from "node:assert/strict";
import fc from "fast-check";
import { evidenceFor, houseForm, instructionForm, passesFloor } from "../../../lib/retrieval/answer/mod.ts";
import { result, words } from "./passages.ts";

const options = { countTokens: words, form: houseForm };

Deno.test("evidenceFor() numbers results from the best, with title, provenance and what they cost", () => {
  const fields = {
    title: "Gout",
    headings: ["Gout", "Treatment"],
    page: 3,
    untrusted: true,
    source: "https://x.org/gout",
  };
  const [first, second] = [result("Rest helps.", fields), result("Inhalers help.", {}, { score: 0.5 })];
  const { passages, tokens, leftOut } = evidenceFor([first, second], { ...options, budget: 50 });
  assert.deepEqual(
    passages.map(({ number, title, source, page, headings, untrusted, score, isCut, text, tokens }) => {
      return { number, title, source, page, headings, untrusted, score, isCut, text, tokens };
    }),
    [
      { number: 1, ...fields, score: 1, isCut: false, text: "Rest helps.", tokens: 4 },
      {
        number: 2,
        title: "Asthma",
        source: "medicine/asthma.md",
        page: undefined,
        headings: [],
        untrusted: false,
        score: 0.5,
        isCut: false,
        text: "Inhalers help.",
        tokens: 4,
      },
    ],
  );
  assert.equal(passages[0].chunk, first.chunk);
  assert.deepEqual([tokens, leftOut], [8, []]);
});

Deno.test("evidenceFor() cuts the first passage that is too long at the end of a sentence, and stops there", () => {
  const long = result("One two three. Four five six. Seven eight nine.");
  const results = [result("Short it is."), long, result("Tiny."), result("Small.")];
  // "[1] Asthma: Short it is." is 5 words; "[2] Asthma: One two three. Four five six. ..." is 9.
  const { passages, tokens, leftOut } = evidenceFor(results, { ...options, budget: 14 });
  assert.deepEqual(passages.map(({ text, isCut }) => [text, isCut]), [
    ["Short it is.", false],
    ["One two three. Four five six.", true],
  ]);
  assert.equal(tokens, 14);
  assert.deepEqual(leftOut, results.slice(2));
  const shorter = evidenceFor(results, { ...options, budget: 13 });
  assert.equal(shorter.passages[1].text, "One two three.");
});

Deno.test("evidenceFor() leaves out a passage of which no sentence has room, and takes a shorter one after it", () => {
  const results = [result("Short it is."), result("One two three four five six seven."), result("Tiny.")];
  const { passages, leftOut } = evidenceFor(results, { ...options, budget: 9 });
  assert.deepEqual(passages.map(({ text, number }) => [number, text]), [[1, "Short it is."], [2, "Tiny."]]);
  assert.deepEqual(leftOut, [results[1]]);
});

Deno.test("evidenceFor() cuts between words where there would be no passage at all", () => {
  const results = [result("One two three four five six seven.")];
  const { passages } = evidenceFor(results, { ...options, budget: 6 });
  assert.deepEqual([passages[0].text, passages[0].isCut], ["One two three", true]);
  assert.deepEqual(evidenceFor(results, { ...options, budget: 3 }).passages, []);
});

Deno.test("evidenceFor() takes a chunk once and no more passages than it is told", () => {
  const results = [result("A."), result("A."), result("B."), result("C.")];
  const { passages, leftOut } = evidenceFor(results, { ...options, maxPassages: 2 });
  assert.deepEqual(passages.map(({ text }) => text), ["A.", "B."]);
  assert.deepEqual(leftOut, [results[3]]);
  assert.deepEqual(evidenceFor([], options), { passages: [], tokens: 0, leftOut: [] });
  assert.throws(() => evidenceFor([], { ...options, budget: 0 }), /budget: expected a whole number above 0, got 0/);
  assert.throws(() => evidenceFor([], { ...options, maxPassages: 1.5 }), /maxPassages: expected a whole number/);
});

Deno.test("evidenceFor() stays within the budget, in order, and shows beginnings of chunks that end with a word", () => {
  const text = fc.array(fc.constantFrom("One two.", "A longer sentence stands here!", "word", "\n\n", "Dr. Who?"), {
    minLength: 1,
    maxLength: 8,
  }).map((parts) => parts.join(" "));
  fc.assert(fc.property(
    fc.array(text, { maxLength: 6 }),
    fc.integer({ min: 1, max: 60 }),
    fc.constantFrom(houseForm, instructionForm),
    (texts, budget, form) => {
      const results = texts.map((text, index) => result(text, { id: String(index), title: `T${index}` }));
      const { passages, tokens, leftOut } = evidenceFor(results, { countTokens: words, form, budget });
      assert.ok(tokens <= budget);
      assert.equal(tokens, passages.reduce((sum, passage) => sum + words(form.writePassage(passage)), 0));
      assert.equal(passages.length + leftOut.length, results.length);
      const shown = passages.map(({ chunk }) => Number(chunk.id));
      assert.deepEqual(shown, shown.toSorted((a, b) => a - b));
      for (const { text, chunk, isCut } of passages) {
        assert.ok(chunk.text.startsWith(text));
        assert.equal(isCut, text.length < chunk.text.length);
        if (isCut) assert.match(chunk.text.slice(text.length), /^\s/);
      }
    },
  ));
});

Deno.test("passesFloor() asks that one of the named parts reaches its floor", () => {
  const found = result("x", {}, { score: 0.02, parts: { dense: { score: 0.6, rank: 1 }, fused: 0.02 } });
  assert.equal(passesFloor(found, 0.02), true);
  assert.equal(passesFloor(found, 0.03), false);
  assert.equal(passesFloor(found, { dense: 0.6 }), true);
  assert.equal(passesFloor(found, { dense: 0.7, fused: 0.1 }), false);
  assert.equal(passesFloor(found, { dense: 0.7, fused: 0.01 }), true);
  // What a side did not find it does not vouch for.
  assert.equal(passesFloor(found, { fullText: -1 }), false);
  assert.equal(passesFloor(found, { rerank: -Infinity }), false);
  assert.throws(() => passesFloor(found, {}), /names no part; expected one of score, dense/);
  assert.throws(() => passesFloor(found, { dense: NaN }), /floor.dense: expected a number, got NaN/);
});
