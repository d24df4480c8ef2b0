/** Notebook 04 as a whole: on the user's own folder, without and with labelled questions. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { shippedNotebook } from "./shipped_notebook.ts";
import { tempFolder } from "./temp_notebook.ts";

const { fromNotebook, smoke } = await shippedNotebook("04");
const FILES = {
  "health/gout.md": "# Gout\n\nGout comes from crystals of uric acid.\n\nAllopurinol lowers uric acid.\n",
  "health/asthma.md": "# Asthma\n\nAsthma narrows the airways. An inhaler brings relief within minutes.\n",
  "moor.txt": "The moor is full of peat.\n\nHeather flowers there in August.\n",
  "broken.pdf": "%PDF-1.7\nthis is no document",
};
const QUESTIONS = [
  {
    question: "What does allopurinol lower?",
    answer: "uric acid",
    articles: ["gout"],
    quote: "Allopurinol lowers uric acid.",
  },
  {
    question: "What brings relief in asthma?",
    answer: "An inhaler",
    articles: ["asthma"],
    quote: "An inhaler brings relief",
  },
  { question: "When does heather flower?", answer: "in August", articles: ["moor"], quote: "flowers there in August." },
  { question: "Which crystals cause gout?", answer: "uric acid", articles: ["gout"], quote: "crystals of uric acid" },
  { question: "What is the moor full of?", answer: "peat", articles: ["moor"], quote: "full of peat" },
].map((row, index) => ({ id: `own-${index}`, kind: "keyword", ...row }));

/** Runs the notebook at smoke size; gives what it shows as text, and the folder where it keeps results. */
async function run(folder: string, parameters: Record<string, string>) {
  for (const [name, text] of Object.entries(FILES)) {
    await Deno.mkdir(dirname(join(folder, "documents", name)), { recursive: true });
    await Deno.writeTextFile(join(folder, "documents", name), text);
  }
  const text = await smoke({
    documents: fromNotebook(join(folder, "documents")),
    outputs: fromNotebook(join(folder, "outputs")),
    rerankers: '["sentences"]',
    answerer: "extractive",
    ask: '["What does allopurinol lower?", "How is sleep apnea treated?"]',
    ...parameters,
  });
  return { text, path: join(folder, "outputs", "04-local-rag-001") };
}

Deno.test("notebook 04 answers from the user's own folder, shows what it could not read, and measures nothing without labels", async () => {
  await using folder = await tempFolder();
  const { text, path } = await run(folder.path, {});
  assert.match(text, /first +3 +0 +0 +0 +1 /);
  assert.match(text, /broken\.pdf +broken /);
  assert.match(text, /the second ingestion skipped all 3 documents; the table verifies/);
  assert.match(text, /no labelled question is about these documents/);
  assert.match(text, /A: Allopurinol lowers uric acid\. \[1\]/);
  assert.match(text, /\[1\] Gout, health\/gout\.md \d+-\d+: "Allopurinol lowers uric acid\." \(found\)/);
  assert.match(text, /Q: How is sleep apnea treated\?\nA: The documents do not answer this question\./);
  assert.match(text, /answers are not measured/);
  assert.deepEqual(JSON.parse(await Deno.readTextFile(`${path}/floors.json`)), { coverage: 0.45 });
  assert.deepEqual(JSON.parse(await Deno.readTextFile(`${path}/results.json`)), { search: {}, answers: {} });
});

Deno.test("notebook 04 measures search and answers on labelled questions about the user's documents", async () => {
  await using folder = await tempFolder();
  const file = join(folder.path, "questions.jsonl");
  // One is about a document that is not there.
  const rows = [...QUESTIONS, { ...QUESTIONS[0], id: "other", articles: ["mumps"] }];
  await Deno.writeTextFile(file, rows.map((row) => JSON.stringify(row) + "\n").join(""));
  const { text, path } = await run(folder.path, {
    questions: JSON.stringify([fromNotebook(file)]),
    precision: "0.5",
  });
  assert.match(text, /5 questions, 5 with an answer/);
  assert.match(text, /full text +\d+\.0% +100\.0% \(100\.0% to 100\.0%\)/);
  assert.match(text, /5 labelled questions, floors by 5-fold cross-validation/);
  assert.match(text, /extractive: citation precision \d+\.\d% /);
  const { search, answers } = JSON.parse(await Deno.readTextFile(`${path}/results.json`));
  assert.equal(search["reranked by sentences"].rows.length, 5);
  assert.equal(answers.extractive.rows.length, 5);
  assert.ok((await Deno.stat(`${path}/recall.png`)).size > 0);
});
