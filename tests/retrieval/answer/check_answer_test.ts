import assert from "node:assert/strict";
import fc from "fast-check";
import { checkAnswer, evidenceFor, instructionForm } from "../../../lib/retrieval/answer/mod.ts";
import { NOT_IN_DOCUMENTS } from "../../../lib/data/mod.ts";
import { result, words } from "./passages.ts";

const document = "Asthma is a disease of the airways.\nIt is treated with an inhaler, the “blue” one.";
const chunk = { start: 36, end: document.length, text: document.slice(36) };
const results = [result(chunk.text, chunk), result("Rest helps. Cold helps too.", { title: "Gout", start: 0 })];
const evidence = evidenceFor(results, { countTokens: words });
const check = (reply: string) => checkAnswer(instructionForm.read(reply), evidence);

Deno.test("checkAnswer() finds cited passages and quotes, with their places in chunk and document", () => {
  const reply =
    'It is treated with an inhaler [1]. Rest helps [2].\n[1] "treated with an inhaler, the \'blue\' one"\n[2] "Rest helps"';
  const { text, citations, isRefusal, problems } = check(reply);
  assert.equal(text, "It is treated with an inhaler [1]. Rest helps [2].");
  assert.deepEqual([isRefusal, problems], [false, []]);
  assert.deepEqual(citations.map(({ number, found, isExact }) => [number, found, isExact]), [[1, true, false], [
    2,
    true,
    true,
  ]]);
  const [first, second] = citations;
  assert.equal(first.chunk, results[0].chunk);
  assert.equal(document.slice(first.start, first.end), "treated with an inhaler, the “blue” one");
  assert.equal(chunk.text.slice(first.startInChunk, first.endInChunk), "treated with an inhaler, the “blue” one");
  assert.deepEqual([second.start, second.end, second.startInChunk, second.endInChunk], [0, 10, 0, 10]);
});

Deno.test("checkAnswer() takes a passage that is cited without a quote as a whole", () => {
  const { citations, problems } = check("Rest helps [2]. Cold helps as well [2].");
  assert.deepEqual(problems, []);
  assert.deepEqual(citations, [
    { number: 2, chunk: results[1].chunk, found: true, start: 0, end: 27, startInChunk: 0, endInChunk: 27 },
  ]);
});

Deno.test("checkAnswer() reports numbers that are no passage, once", () => {
  const { citations, problems } = check('Rest helps [7]. It does [7][0].\n[7] "Rest helps"');
  assert.deepEqual(problems.map(({ kind, number }) => [kind, number]), [["unknown passage", 7], [
    "unknown passage",
    0,
  ]]);
  assert.match(problems[0].message, /\[7\] is no passage: expected 1 to 2/);
  assert.deepEqual(citations, [
    { number: 7, quote: "Rest helps", chunk: null, found: false },
    { number: 0, chunk: null, found: false },
  ]);
});

Deno.test("checkAnswer() reports quotes that do not stand in the passage they are said to be from", () => {
  const { citations, problems } = check('Rest helps [1].\n[1] "Rest helps"\n[2] "Rest heals"');
  assert.deepEqual(problems.map(({ kind, number, text }) => [kind, number, text]), [
    ["quote not found", 1, "Rest helps"],
    ["quote not found", 2, "Rest heals"],
  ]);
  assert.deepEqual(citations.map(({ found, start }) => [found, start]), [[false, undefined], [false, undefined]]);
});

Deno.test("checkAnswer() does not take words for found that the model was not shown", () => {
  const cut = evidenceFor(results.slice(1), { countTokens: words, budget: 9 });
  assert.equal(cut.passages[0].text, "Rest helps.");
  const { citations } = checkAnswer(instructionForm.read('Cold [1].\n[1] "Cold helps too"'), cut);
  assert.equal(citations[0].found, false);
});

Deno.test("checkAnswer() checks quotes within the answer against the passages of their sentence", () => {
  const good = check('Both help: "rest helps" is wrong, “Cold helps too” is right [1][2].');
  assert.deepEqual(good.problems.map(({ kind, text }) => [kind, text]), [["quote not found", "rest helps"]]);
  assert.deepEqual(good.citations.map(({ number, quote, found }) => [number, quote, found]), [
    [1, "rest helps", false],
    [2, "Cold helps too", true],
  ]);
});

Deno.test("checkAnswer() reports sentences without citation, and asks for none where there is nothing to cite", () => {
  const { problems } = check("There are two ways:\n- Rest helps [2].\n- An inhaler helps.\nSo it is. [1]\n***\n42");
  assert.deepEqual(problems.map(({ kind, text }) => [kind, text]), [[
    "sentence without citation",
    "- An inhaler helps.",
  ]]);
  assert.deepEqual(check(NOT_IN_DOCUMENTS), {
    text: NOT_IN_DOCUMENTS,
    citations: [],
    isRefusal: true,
    problems: [],
    evidence,
  });
  assert.deepEqual(check("").problems.map(({ kind }) => kind), ["form"]);
});

Deno.test("checkAnswer() reads a list of numbers as citations only where all are passages", () => {
  assert.deepEqual(check("Both help [1, 2].").citations.map(({ number }) => number), [1, 2]);
  const { citations, problems } = check("It lies in [0, 1] [2].");
  assert.deepEqual([citations.map(({ number }) => number), problems], [[2], []]);
});

Deno.test("checkAnswer() finds what it says it found, whatever the reply is", () => {
  const part = fc.constantFrom(
    "[1]",
    "[2]",
    "[3]",
    "Rest helps",
    '"',
    "“",
    "”",
    "\n",
    ". ",
    "[1] ",
    ":",
    "an inhaler",
    " ",
    "[",
    "]",
    "x",
  );
  fc.assert(fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
    const { citations, problems } = check(parts.join(""));
    for (const { number, chunk, found, quote, start, end, startInChunk } of citations) {
      assert.equal(chunk, results[number - 1]?.chunk ?? null);
      assert.equal(found, start !== undefined);
      if (chunk === null) {
        assert.ok(problems.some((problem) => problem.kind === "unknown passage" && problem.number === number));
      } else if (!found) {
        assert.ok(problems.some((problem) => problem.kind === "quote not found" && problem.text === quote));
      } else {assert.ok(
          chunk.start + startInChunk! === start && end! <= chunk.start + chunk.text.length && start! < end!,
        );}
    }
  }));
});
