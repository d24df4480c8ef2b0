import assert from "node:assert/strict";
import fc from "fast-check";
import {
  GROUNDED_PROMPT,
  groundedAnswersCorpus,
  NOT_IN_DOCUMENTS,
  parseGroundedAnswer,
} from "../../../lib/data/corpora/grounded_answers.ts";

const COUNT = 1200;
const train = Array.from({ length: COUNT }, (_, index) => groundedAnswersCorpus.exampleAt(index));
const test = Array.from({ length: 300 }, (_, index) => groundedAnswersCorpus.exampleAt(index, { split: "test" }));
const all = [...train, ...test];
const cases = all.flatMap((example) => example.cases);
const answered = cases.filter(({ reference }) => reference !== NOT_IN_DOCUMENTS);

/** The numbered passages of a prompt. */
const passagesOf = (content: unknown) =>
  Array.from(String(content).matchAll(/^\[(\d)\] ([^:]+): (.+)$/gm), ([, number, title, text]) => ({
    number: Number(number),
    title,
    text,
  }));

Deno.test("groundedAnswersCorpus gives the same example for the same index, seed and split", () => {
  assert.deepEqual(groundedAnswersCorpus.exampleAt(9).messages, train[9].messages);
  assert.notDeepEqual(groundedAnswersCorpus.exampleAt(9, { seed: 1 }).messages, train[9].messages);
});

Deno.test("groundedAnswersCorpus asks one to four questions about two to five passages, in a short chat", () => {
  for (const { messages } of all) {
    assert.ok(messages.reduce((length, { content }) => length + content!.length, 0) <= 1500);
    assert.deepEqual(messages[0], { role: "system", content: GROUNDED_PROMPT });
    const passages = passagesOf(messages[1].content);
    assert.ok(passages.length >= 2 && passages.length <= 5, String(messages[1].content));
    assert.deepEqual(passages.map(({ number }) => number), passages.map((_, index) => index + 1));
    messages.slice(1).forEach(({ role }, index) => assert.equal(role, index % 2 === 0 ? "user" : "assistant"));
    assert.ok(messages.length % 2 === 1 && messages.length <= 9);
  }
});

Deno.test("groundedAnswersCorpus cites passages and quotes their exact words", () => {
  let several = 0;
  for (const { messages, reference } of answered) {
    const passages = passagesOf(messages[1].content);
    const parsed = parseGroundedAnswer(reference);
    assert.ok("answer" in parsed, reference);
    const { citations, quotes } = parsed.answer;
    assert.deepEqual(citations, quotes.map(({ passage }) => passage), reference);
    for (const { passage, words } of quotes) assert.ok(passages[passage - 1].text.includes(words), reference);
    if (citations.length > 1) several++;
  }
  assert.ok(several > 0.15 * answered.length, `${several} of ${answered.length} need several passages`);
});

Deno.test("groundedAnswersCorpus has about one question in five that nothing answers", () => {
  const share = 1 - answered.length / cases.length;
  assert.ok(share > 0.15 && share < 0.25, `${share}`);
  assert.ok(all.some(({ kind }) => kind.startsWith("medical")) && all.some(({ kind }) => kind.startsWith("world")));
});

Deno.test("groundedAnswersCorpus grades its references with ones", () => {
  for (const asked of cases) {
    const expected: Record<string, number> = asked.reference === NOT_IN_DOCUMENTS
      ? { refusal: 1 }
      : { right_answer: 1, right_citation: 1, quote_found: 1 };
    assert.deepEqual(asked.grade(asked.reference), expected, asked.reference);
  }
});

Deno.test("groundedAnswersCorpus grades wrong answers with zeros", () => {
  const nothing = { right_answer: 0, right_citation: 0, quote_found: 0 };
  for (const asked of cases) {
    if (asked.reference === NOT_IN_DOCUMENTS) {
      for (const reply of ["", "I do not know.", `${NOT_IN_DOCUMENTS} `, 'Mia [1].\nEvidence [1]: "Mia is old."']) {
        assert.deepEqual(asked.grade(reply), { refusal: 0 });
      }
      continue;
    }
    assert.deepEqual(asked.grade(NOT_IN_DOCUMENTS), nothing);
    assert.deepEqual(asked.grade(""), nothing);
    const [text, ...quotes] = asked.reference.split("\n");
    const passages = passagesOf(asked.messages[1].content);
    // The numbers moved on by one: wrong passages are cited, and their words are not found.
    const moved = asked.reference.replace(/\[(\d)\]/g, (_, digit) => `[${Number(digit) % passages.length + 1}]`);
    if (quotes.length < passages.length) {
      assert.equal(asked.grade(moved).quote_found, 0, moved);
      assert.equal(asked.grade(moved).right_citation, 0, moved);
    }
    const two = asked.reference.replace(/: "(\S+ \S+) [^"]*"/g, ': "$1"');
    assert.equal(asked.grade(two).quote_found, 0, "two words are no quote");
    assert.equal(asked.grade(text).quote_found, 0);
    assert.equal(asked.grade(text.replace(/ \[\d\]/g, "")).right_citation, 0);
    assert.equal(asked.grade(`It is known [1].\n${quotes.join("\n")}`).right_answer, 0);
    const changed = asked.reference.replace(/"([^"]+)"/, (_, words: string) => `"${words.replace(" ", " not ")}"`);
    assert.equal(asked.grade(changed).quote_found, 0, changed);
  }
});

Deno.test("groundedAnswersCorpus refuses answers that name what belongs to another passage", () => {
  let tried = 0;
  for (const asked of answered) {
    const treated = /is treated with (\S+) \[/.exec(asked.reference);
    if (treated === null) continue;
    const other = passagesOf(asked.messages[1].content).map(({ text }) => /is treated with (\S+)\./.exec(text)?.[1])
      .find((name) => name !== undefined && !asked.reference.includes(name));
    if (other === undefined) continue;
    tried++;
    assert.equal(asked.grade(asked.reference.replace(treated[1], `${treated[1]} or ${other}`)).right_answer, 0);
    assert.equal(asked.grade(asked.reference.replace(treated[1], other)).right_answer, 0);
  }
  assert.ok(tried > 5, `${tried}`);
});

Deno.test("groundedAnswersCorpus never throws when it grades", () => {
  fc.assert(fc.property(fc.constantFrom(...cases.slice(0, 60)), fc.string(), fc.nat(), (asked, noise, at) => {
    const place = at % (asked.reference.length + 1);
    for (const reply of [noise, asked.reference.slice(0, place) + noise + asked.reference.slice(place)]) {
      for (const value of Object.values(asked.grade(reply))) assert.ok(value === 0 || value === 1);
    }
  }));
});

Deno.test("groundedAnswersCorpus shares no evidence with the same question between the splits", () => {
  const known = new Set(train.map(({ messages }) => messages[1].content));
  for (const { messages } of test) assert.ok(!known.has(messages[1].content), String(messages[1].content));
});
