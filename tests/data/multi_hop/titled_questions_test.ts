import assert from "node:assert/strict";
import { readTitledQuestions } from "../../../lib/data/mod.ts";

const CORPUS = { Rome: ["Rome is a city.", " It is old."], Tiber: ["The Tiber is a river."] };
const QUESTION = {
  question: "Which river runs through Rome?",
  answer: "the Tiber",
  supporting_facts: [["Rome", 0], ["Tiber", 0], ["Rome", 1]],
};

async function withFolder(corpus: unknown, questions: unknown, run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const text = (value: unknown) => typeof value === "string" ? value : JSON.stringify(value);
    await Deno.writeTextFile(`${folder}/corpus.json`, text(corpus));
    await Deno.writeTextFile(`${folder}/questions.json`, text(questions));
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("readTitledQuestions() names each title once, in the order of the facts", async () => {
  await withFolder(CORPUS, [QUESTION], async (folder) => {
    const { corpus, questions } = await readTitledQuestions(folder);
    assert.deepEqual(corpus, CORPUS);
    assert.deepEqual(questions, [{ question: QUESTION.question, titles: ["Rome", "Tiber"] }]);
  });
});

Deno.test("readTitledQuestions() names file and place when something is not as expected", async () => {
  await withFolder(CORPUS, [QUESTION, { ...QUESTION, question: 3 }], async (folder) => {
    await assert.rejects(readTitledQuestions(folder), /questions\.json: 1\.question/);
  });
  await withFolder({ Rome: "one text" }, [QUESTION], async (folder) => {
    await assert.rejects(readTitledQuestions(folder), /corpus\.json: Rome/);
  });
  await withFolder("{", [QUESTION], async (folder) => {
    await assert.rejects(readTitledQuestions(folder), /corpus\.json: expected JSON/);
  });
  await withFolder(CORPUS, [], async (folder) => {
    await assert.rejects(readTitledQuestions(folder), /there are no questions/);
  });
});

Deno.test("readTitledQuestions() names the row when a question needs a title that is not there", async () => {
  await withFolder({ Rome: CORPUS.Rome }, [QUESTION], async (folder) => {
    await assert.rejects(readTitledQuestions(folder), /row 0 needs the title "Tiber"/);
  });
  // Not what every object has.
  await withFolder(CORPUS, [{ ...QUESTION, supporting_facts: [["constructor", 0]] }], async (folder) => {
    await assert.rejects(readTitledQuestions(folder), /needs the title "constructor"/);
  });
});

Deno.test("readTitledQuestions() reads HotpotQA's files", async (test) => {
  const folder = "../shared/data/hotpotqa";
  const isThere = await Deno.stat(folder).then(() => true, () => false);
  await test.step({
    name: isThere ? "994 titles and 60 questions" : `skipped: there is no ${folder}`,
    ignore: !isThere,
    fn: async () => {
      const { corpus, questions } = await readTitledQuestions(folder);
      assert.deepEqual([Object.keys(corpus).length, questions.length], [994, 60]);
    },
  });
});
