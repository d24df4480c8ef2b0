import assert from "node:assert/strict";
import fc from "fast-check";
import type { GradedCase } from "../../../lib/data/corpora/corpus.ts";
import { queryRewritesCorpus, REWRITE_PROMPT, TERM_SEPARATOR } from "../../../lib/data/corpora/query_rewrites.ts";
import { ALL_COMPLAINTS, ALL_ILLNESSES } from "../../../lib/data/query_rewrites/lay_words.ts";
import { gradeQuery, queryText, type SearchQuery } from "../../../lib/data/query_rewrites/mod.ts";
import { MEDICINE_NAMES, POPULATIONS } from "../../../lib/data/query_rewrites/terms.ts";

const examples = (split: "train" | "test") =>
  Array.from({ length: 2000 }, (_, index) => queryRewritesCorpus.exampleAt(index, { seed: 3, split }));
const train = examples("train");
const test = examples("test");
const cases = [...train, ...test].flatMap((example) => example.cases);
const questionOf = ({ messages }: GradedCase) => String(messages.at(-1)!.content);

const BURNING: SearchQuery = {
  complaint: "epigastric burning after meals",
  time: "3 days",
  medicines: ["ibuprofen"],
  populations: ["pregnancy"],
};

Deno.test("queryText() writes the terms in their order", () => {
  assert.equal(queryText(BURNING), "epigastric burning after meals; 3 days; ibuprofen; pregnancy");
  assert.equal(queryText({ medicines: ["a", "b"], aspect: "interaction", populations: [] }), "a; b; interaction");
});

Deno.test("gradeQuery() tells lost entities from other wording", () => {
  const grade = (reply: string) => gradeQuery(BURNING, reply);
  assert.deepEqual(grade("epigastric burning after meals; 3 days; ibuprofen; pregnancy"), {
    keeps_entities: 1,
    standard_terms: 1,
    exact: 1,
  });
  assert.deepEqual(grade("Pregnancy; ibuprofen; 3 days; tummy burns"), {
    keeps_entities: 1,
    standard_terms: 0.75,
    exact: 0,
  });
  assert.equal(grade("epigastric burning after meals; 3 days; ibuprofen").keeps_entities, 0, "no group");
  assert.equal(grade("epigastric burning after meals; 3 days; Advil; pregnancy").keeps_entities, 0, "brand");
  assert.equal(grade("epigastric burning after meals; 13 days; ibuprofen; pregnancy").keeps_entities, 0, "number");
  assert.equal(grade("3 days; ibuprofen; pregnancy; child 4 years").keeps_entities, 0, "number made up");
  assert.equal(grade(`${queryText(BURNING)}; a; b; c; d`).standard_terms, 0.5, "everything listed");
  assert.deepEqual(grade(""), { keeps_entities: 0, standard_terms: 0, exact: 0 });
  const plain = { complaint: "headache", medicines: [], aspect: "treatment" as const, populations: [] };
  assert.deepEqual(gradeQuery(plain, "headache; treatment"), { standard_terms: 1, exact: 1 });
});

Deno.test("queryRewritesCorpus gives the same chat for the same seed, split and index", () => {
  for (const index of [0, 5, 4321]) {
    const [one, other] = [1, 1].map((seed) => queryRewritesCorpus.exampleAt(index, { seed }));
    assert.deepEqual(one.messages, other.messages);
    assert.notDeepEqual(one.messages, queryRewritesCorpus.exampleAt(index, { seed: 2 }).messages);
  }
});

Deno.test("queryRewritesCorpus shares no question with its query between train and test", () => {
  const keys = (list: typeof train) =>
    list.flatMap((one) => one.cases.map((each) => questionOf(each) + each.reference));
  const seen = new Set(keys(train));
  for (const key of keys(test)) assert.ok(!seen.has(key), key);
});

Deno.test("queryRewritesCorpus writes chats of several turns that fit into a training row", () => {
  for (const { messages, cases } of train) {
    assert.equal(messages[0].content, REWRITE_PROMPT);
    assert.ok(cases.length >= 4 && messages.length === 1 + 2 * cases.length);
    assert.ok(messages.reduce((sum, { content }) => sum + (content?.length ?? 0), 0) <= 1500);
  }
});

Deno.test("queryRewritesCorpus grades its references with ones and the questions themselves with none", () => {
  for (const one of cases) {
    for (const [metric, value] of Object.entries(one.grade(one.reference))) assert.equal(value, 1, metric);
    const { exact, standard_terms } = one.grade(questionOf(one));
    assert.deepEqual([exact, standard_terms], [0, 0], questionOf(one));
  }
});

Deno.test("queryRewritesCorpus keeps every number and puts standard terms for brands and groups", () => {
  for (const one of cases) {
    const question = questionOf(one);
    const terms = one.reference.split(TERM_SEPARATOR);
    for (const number of question.match(/\b\d+\b/g) ?? []) {
      assert.match(one.reference, new RegExp(`\\b${number}\\b`), question);
    }
    if (/-year-old/.test(question)) assert.doesNotMatch(question, /period|pregnan|vulva|nursing\b(?! mothers)/);
    for (const { lay, term } of MEDICINE_NAMES) {
      if (question.includes(lay)) assert.ok(terms.includes(term), `${question} ${one.reference}`);
    }
    for (const { group, term } of POPULATIONS) {
      if (question.includes(group)) assert.ok(terms.includes(term), `${question} ${one.reference}`);
    }
    assert.equal(new Set(terms).size, terms.length, one.reference);
  }
});

Deno.test("queryRewritesCorpus carries the rest of the query over where only a group changes", () => {
  let seen = 0;
  for (const { cases } of train) {
    cases.forEach((one, turn) => {
      if (turn === 0 || !/^(And )?[Ww]hat about (children|smokers|pregnant women)\?$/.test(questionOf(one))) return;
      seen++;
      const [before, now] = [cases[turn - 1], one].map(({ reference }) => reference.split(TERM_SEPARATOR));
      const kept = now.slice(0, -1);
      assert.deepEqual(before.slice(0, kept.length), kept);
    });
  }
  assert.ok(seen > 50, `${seen} such questions`);
});

Deno.test("queryRewritesCorpus asks nothing that nobody would ask", () => {
  for (const { reference } of cases) {
    assert.doesNotMatch(reference, /menorrh.*(pregnancy|child|older adult)/);
    assert.doesNotMatch(reference, /(diuretics|anticoagulants|contraceptives|vaccine|hypnotics|antacids); dose/);
    assert.doesNotMatch(reference, /(insomnia|acne|alopecia|menorrh\w+) (at|in|on|after) /);
  }
});

Deno.test("lay words of the tables have one standard term each", () => {
  const terms = new Map<string, string>();
  const says = [
    ...ALL_COMPLAINTS.flatMap(({ noun, clause, term }) => [[noun, term], [clause ?? noun, term]]),
    ...ALL_ILLNESSES.map(({ lay, term }) => [lay, term]),
    ...MEDICINE_NAMES.map(({ lay, term }) => [lay, term]),
  ];
  for (const [lay, term] of says) {
    assert.equal(terms.get(lay) ?? term, term, lay);
    terms.set(lay, term);
  }
  assert.ok(terms.size > 150, `${terms.size}`);
});

Deno.test("queryRewritesCorpus grades any text without throwing", () => {
  fc.assert(
    fc.property(fc.constantFrom(...cases.slice(0, 40)), fc.string(), ({ grade }, reply) => {
      for (const value of Object.values(grade(reply))) assert.ok(value >= 0 && value <= 1);
    }),
    { numRuns: 500 },
  );
});
