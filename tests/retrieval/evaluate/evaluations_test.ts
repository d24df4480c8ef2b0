import assert from "node:assert/strict";
import { checkAnswer, evidenceFor, instructionForm } from "../../../lib/retrieval/answer/mod.ts";
import { evaluateAnswers, evaluateRetrieval, type LabelledQuestion } from "../../../lib/retrieval/evaluate/mod.ts";
import { NOT_IN_DOCUMENTS } from "../../../lib/data/mod.ts";
import { result, words } from "../answer/passages.ts";

const question = (id: string, fields: Partial<LabelledQuestion> = {}): LabelledQuestion => {
  return {
    id,
    question: `${id}?`,
    answer: "rest",
    articles: ["gout"],
    quote: "Rest helps.",
    kind: "keyword",
    ...fields,
  };
};
const gout = result("Rest helps.", { title: "Gout" });
const asthma = result("Inhalers help.", {}, { score: 0.4 });

Deno.test("evaluateRetrieval() gives a row for each question and means over those that have an answer", async () => {
  const found: Record<string, (typeof gout)[]> = {
    "first?": [gout, asthma],
    "second?": [asthma, asthma, gout],
    "both?": [asthma],
    "none?": [asthma],
  };
  const questions = [
    question("first"),
    question("second", { kind: "paraphrase" }),
    question("both", { articles: ["gout", "asthma"], kind: "two-articles" }),
    question("none", { articles: [], kind: "unanswerable" }),
  ];
  const progress: number[] = [];
  const { rows, means, byKind } = await evaluateRetrieval({
    questions,
    search: (asked) => Promise.resolve(found[asked]),
    ks: [1, 3],
    onProgress: (done, total) => progress.push(done / total),
  });
  assert.deepEqual(rows[0], {
    id: "first",
    kind: "keyword",
    question: "first?",
    articles: ["gout"],
    found: ["gout", "asthma"],
    topScore: 1,
    metrics: { "recall@1": 1, "recall@3": 1, "precision@1": 1, "precision@3": 1 / 3, "mrr": 1, "ndcg@10": 1 },
  });
  assert.deepEqual(rows[1].metrics, {
    "recall@1": 0,
    "recall@3": 1,
    "precision@1": 0,
    "precision@3": 1 / 3,
    "mrr": 1 / 3,
    "ndcg@10": 1 / 2,
  });
  assert.deepEqual([rows[3].metrics, rows[3].topScore], [{}, 0.4]);
  assert.deepEqual([means["recall@3"].mean, means["recall@3"].count], [(1 + 1 + 0.5) / 3, 3]);
  assert.ok(means["recall@3"].low >= 0.5 && means["recall@3"].high <= 1);
  assert.deepEqual(byKind.paraphrase.mrr, { mean: 1 / 3, low: 1 / 3, high: 1 / 3, count: 1 });
  assert.deepEqual(byKind.unanswerable, {});
  assert.deepEqual(progress, [0.25, 0.5, 0.75, 1]);
});

Deno.test("evaluateRetrieval() takes other questions and other names of articles, and stops when it is aborted", async () => {
  const questions = [{ id: "q", question: "?", articles: ["Gout"] }];
  const search = () => Promise.resolve([gout]);
  const { byKind } = await evaluateRetrieval({ questions, search, articleOf: ({ title }) => title });
  assert.equal(byKind.all["recall@1"].mean, 1);
  assert.equal((await evaluateRetrieval({ questions, search: () => Promise.resolve([]) })).rows[0].topScore, null);
  const signal = AbortSignal.abort(new Error("enough"));
  await assert.rejects(evaluateRetrieval({ questions, search, signal }), /enough/);
  await assert.rejects(evaluateRetrieval({ questions: [], search }), /there are no questions/);
});

Deno.test("evaluateAnswers() scores answers, citations and refusals", async () => {
  const evidence = evidenceFor([gout, asthma], { countTokens: words });
  const replies: Record<string, string> = {
    "exact?": "Rest [1].",
    "wrong?": 'It is rest [2].\n[1] "Rest heals"',
    "silent?": "Inhalers.",
    "refused?": NOT_IN_DOCUMENTS,
    "none?": NOT_IN_DOCUMENTS,
    "invented?": "Rest [1].",
  };
  const unanswerable: Partial<LabelledQuestion> = { articles: [], answer: "", kind: "unanswerable" };
  const questions = [
    ...["exact", "wrong", "silent", "refused"].map((id) => question(id)),
    question("none", unanswerable),
    question("invented", unanswerable),
  ];
  const { rows, means, byKind } = await evaluateAnswers({
    questions,
    answer: (asked) => Promise.resolve(checkAnswer(instructionForm.read(replies[asked]), evidence)),
  });
  const [exact, wrong, silent, refused, none, invented] = rows.map(({ metrics }) => metrics);
  const right = { exactMatch: 1, f1: 1, contains: 1 };
  const cites = { citedRight: 1, citationPrecision: 1, citationRecall: 1, supported: 1 };
  const citesWrongly = { citedRight: 0, citationPrecision: 0, citationRecall: 0, supported: 0 };
  assert.deepEqual(exact, { ...right, answered: 1, ...cites });
  assert.deepEqual(wrong, { ...right, answered: 1, exactMatch: 0, f1: 1 / 2, ...citesWrongly });
  const { citationPrecision: _, ...citesNothing } = citesWrongly;
  assert.deepEqual(silent, { exactMatch: 0, f1: 0, contains: 0, answered: 1, ...citesNothing });
  assert.deepEqual([refused.answered, refused.citedRight, refused.f1, refused.supported], [0, 0, 0, undefined]);
  assert.deepEqual([none, invented], [{ refused: 1 }, { refused: 0, supported: 0 }]);
  assert.deepEqual([means.citationPrecision.mean, means.citationPrecision.count], [1 / 2, 2]);
  assert.deepEqual([means.citationRecall.mean, means.refused.mean, means.answered.mean], [1 / 4, 1 / 2, 3 / 4]);
  assert.equal(byKind.unanswerable.refused.count, 2);
  assert.deepEqual([rows[2].expected, rows[2].answer], ["rest", "Inhalers."]);
  assert.deepEqual(rows[2].problems, ["it cites no passage"]);
});
