import assert from "node:assert/strict";
import { pagesByUrl, REPAIRS, scoreAnswers } from "../../lib/cot_retriever/mod.ts";
import { PAGES, QUESTION, resultOf } from "./fixtures.ts";

const pages = pagesByUrl(PAGES);
const searches = [
  { query: "founder", found: PAGES.slice(0, 4).map((page) => resultOf(page)) },
  { query: "born", found: PAGES.slice(4, 7).map((page) => resultOf(page)) },
];
const score = (answer: Parameters<typeof scoreAnswers>[1][number]) =>
  scoreAnswers([QUESTION], [answer], pages).scores[0]?.metrics;

Deno.test("scoreAnswers() counts what an answer rests on, against what it found and what there is", () => {
  // Right are five pages of the collection; found are five of them and two of noise.
  const outcome = { answer: "the Dalham", used: ["a.org/1", "a.org/3", "b.net/1", "b.net/2"] };
  assert.deepEqual(score({ outcome, searches }), {
    exactMatch: 1,
    f1: 1,
    precision: 3 / 4,
    recall: 3 / 5,
    kept: 3 / 5,
    noiseKept: 1 / 2,
    noiseDrawn: 2 / 7,
    support: 1,
    format: 1,
    answered: 1,
    searches: 2,
    pages: 7,
  });
  const half = score({ outcome: { answer: "Orna", used: ["a.org/2"] }, searches: searches.slice(0, 1) });
  assert.deepEqual([half.exactMatch, half.precision, half.recall, half.kept, half.noiseKept, half.support], [
    0,
    1,
    1 / 5,
    1 / 2,
    0,
    1 / 2,
  ]);
});

Deno.test("scoreAnswers() takes no answer as a wrong one, and no share of nothing", () => {
  const nothing = score({ outcome: null, searches: [] });
  assert.deepEqual([nothing.exactMatch, nothing.precision, nothing.recall, nothing.answered], [0, 0, 0, 0]);
  assert.deepEqual([nothing.kept, nothing.noiseKept, nothing.noiseDrawn], [null, null, null]);
  const { means } = scoreAnswers([QUESTION], [{ outcome: null, searches: [] }], pages);
  assert.equal(means.noiseKept, null);
  assert.equal(means.exactMatch!.count, 1);
});

Deno.test("scoreAnswers() counts repairs, forced answers and endings, and leaves failed searches out", () => {
  const none = Object.fromEntries(REPAIRS.map((repair) => [repair, 0])) as Record<typeof REPAIRS[number], number>;
  const outcome = { answer: "Dalham", used: ["b.net/1"] };
  const clean = { outcome, searches, repairs: none, forced: null, ending: "answered" as const };
  const answers = [
    clean,
    { ...clean, repairs: { ...none, unclosedQuery: 2 } },
    { ...clean, forced: "searches" as const, cut: { turns: 1, pages: 3 } },
    { ...clean, outcome: null, ending: "malformed" as const },
    { ...clean, outcome: null, ending: "failed" as const, repairs: { ...none, strayTag: 1 } },
  ];
  const evaluation = scoreAnswers(answers.map(() => QUESTION), answers, pages);
  assert.deepEqual(evaluation.scores.map(({ metrics }) => metrics.format), [1, 0, 0, 0]);
  assert.deepEqual(evaluation.endings, { answered: 3, malformed: 1, noRoom: 0, failed: 1 });
  assert.deepEqual([evaluation.repairs.unclosedQuery, evaluation.repairs.strayTag], [2, 0]);
  assert.deepEqual([evaluation.forced, evaluation.cut], [{ searches: 1 }, { turns: 1, pages: 3 }]);
  assert.deepEqual(Object.keys(evaluation.byKind), ["2 hops", "bridge"]);
  assert.throws(() => scoreAnswers([QUESTION], [answers[4]], pages), /none of 1 answers can be scored: 1 failed/);
  assert.throws(() => scoreAnswers([QUESTION], [], pages), /0 answers to 1 questions/);
});
