import assert from "node:assert/strict";
import { type LabelledQuestion, readLabelledQuestions } from "../../../lib/retrieval/evaluate/mod.ts";
import { inFolder } from "../../support/in_folder.ts";

const KEYWORD = {
  id: "q1",
  question: "What helps?",
  answer: "rest",
  articles: ["gout"],
  quote: "Rest helps.",
  kind: "keyword",
};
const TWO = { ...KEYWORD, id: "q2", articles: ["gout", "asthma"], quote2: "Inhalers help.", kind: "two-articles" };
const NONE = { id: "q3", question: "Who?", answer: "", articles: [], kind: "unanswerable" };

function reading(rows: readonly unknown[]): Promise<LabelledQuestion[]> {
  let read: Promise<LabelledQuestion[]> | undefined;
  return inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/questions.jsonl`, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    read = readLabelledQuestions(`${folder}/questions.jsonl`);
    await read.catch(() => {});
  }).then(() => read!);
}

Deno.test("readLabelledQuestions() reads questions of each kind", async () => {
  const rows = [KEYWORD, TWO, NONE, { ...KEYWORD, id: "q4", kind: "paraphrase" }];
  assert.deepEqual(await reading(rows), rows);
});

Deno.test("readLabelledQuestions() refuses labels that contradict themselves, naming file and line", async () => {
  const cases: [unknown, RegExp][] = [
    [{ ...KEYWORD, kind: "other" }, /line 2: kind/],
    [{ ...KEYWORD, id: " " }, /line 2: id: expected text/],
    [{ ...KEYWORD, articles: [] }, /line 2: articles: expected 1 for kind "keyword", got 0/],
    [{ ...TWO, articles: ["gout", "gout"] }, /line 2: articles: expected 2 for kind "two-articles"/],
    [{ ...TWO, quote2: undefined }, /line 2: quote2: expected words of the article/],
    [{ ...KEYWORD, quote2: "x" }, /line 2: quote2: expected none for kind "keyword"/],
    [{ ...KEYWORD, answer: "" }, /line 2: answer: expected text/],
    [{ ...NONE, answer: "me" }, /line 2: answer: expected ""/],
    [{ ...NONE, quote: "me" }, /line 2: quote: expected none for kind "unanswerable"/],
    [{ ...KEYWORD, id: "q2" }, /line 2: another question has the id 'q2'/],
    [{ id: "q9" }, /questions.jsonl, line 2: question/],
  ];
  for (const [row, message] of cases) await assert.rejects(reading([TWO, row]), message);
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/torn.jsonl`, `${JSON.stringify(NONE)}\n{"id": "q`);
    await assert.rejects(readLabelledQuestions(`${folder}/torn.jsonl`), /line 2: the file ends in the midst of a row/);
  });
});

for (const name of ["mathematics", "medicine"]) {
  const path = new URL(`../../../data/library/${name}_questions.jsonl`, import.meta.url);
  Deno.test({
    name: `readLabelledQuestions() reads the shipped questions about ${name}`,
    ignore: !await Deno.stat(path).then(() => true, () => false),
    fn: async () => {
      const rows = await readLabelledQuestions(path.pathname);
      assert.ok(rows.length >= 40);
      assert.deepEqual([...new Set(rows.map(({ kind }) => kind))].sort(), [
        "keyword",
        "paraphrase",
        "two-articles",
        "unanswerable",
      ]);
    },
  });
}
