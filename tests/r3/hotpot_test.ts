import assert from "node:assert/strict";
import { contentWords, type HotpotRow, toHotpotRow, worldAt } from "../../lib/data/mod.ts";
import {
  coldStartRows,
  type HotpotCollection,
  hotpotCollection,
  hotpotTrajectories,
  readHotpotRows,
} from "../../lib/r3/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { containsAnswer } from "../../lib/retrieval/evaluate/mod.ts";

const REAL = "../shared/data/hotpotqa/questions.json";

/** Runs with the real rows, where they are. */
function withRealRows(name: string, run: (rows: HotpotRow[]) => void): void {
  Deno.test(name, async () => {
    let text: string;
    try {
      text = await Deno.readTextFile(REAL);
    } catch {
      console.log(`skipped: ${REAL} is not there`);
      return;
    }
    run(readHotpotRows(JSON.parse(text), REAL));
  });
}

const ROW: HotpotRow = {
  _id: "r1",
  question: "Which river flows past the town where the painter Ada Vorn was born?",
  answer: "the Selma",
  supporting_facts: [["Dalham", 1], ["Ada Vorn", 0]],
  context: [
    ["Dalham", ["Dalham is a town.", " The river Selma flows past Dalham."]],
    ["Orna", ["Orna is a town."]],
    ["Ada Vorn", ["Ada Vorn was a painter born in Dalham.", " She liked bells."]],
    ["Lista", ["Lista is a lake."]],
  ],
  type: "bridge",
  level: "easy",
};
const COMPARED: HotpotRow = {
  ...ROW,
  _id: "r2",
  question: "Are Orna and Lista both towns?",
  answer: "no",
  supporting_facts: [["Orna", 0], ["Lista", 0]],
  type: "comparison",
};

function questionsOf(rows: HotpotRow[]): HotpotCollection["train"] {
  const { train, test } = hotpotCollection(rows, { share: 0.5 });
  return [...train, ...test].sort((one, other) => one.id < other.id ? -1 : 1);
}

Deno.test("readHotpotRows() names the row and the field that is wrong", () => {
  assert.deepEqual(readHotpotRows([{ ...ROW, more: 1 }]), [ROW]);
  assert.throws(
    () => readHotpotRows([ROW, { ...ROW, supporting_facts: [["Dalham"]] }], "dev.json"),
    /dev.json, row 1: supporting_facts.0/,
  );
  assert.throws(() => readHotpotRows([{ ...ROW, type: "other" }]), /row 0: type/);
});

Deno.test("hotpotCollection() has each paragraph once, and leaves out who needs another text of that title", () => {
  const other: HotpotRow = {
    ...ROW,
    _id: "r3",
    question: "Where is it?",
    context: [["Dalham", ["Dalham is quite another thing.", " Really."]], ...ROW.context.slice(1)],
  };
  const { documents, train, test, leftOut } = hotpotCollection([ROW, COMPARED, other], { share: 0.5 });
  assert.deepEqual(documents.map(({ id }) => id).sort(), ["Ada Vorn", "Dalham", "Lista", "Orna"]);
  assert.equal(
    documents.find(({ id }) => id === "Dalham")!.text,
    "Dalham is a town. The river Selma flows past Dalham.",
  );
  assert.equal(leftOut, 1);
  const questions = [...train, ...test];
  assert.deepEqual(questions.map(({ id, type }) => `${id} ${type}`).sort(), ["r1 bridge", "r2 yes_no"]);
});

Deno.test("hotpotCollection() holds out questions whose text no training question has", () => {
  const rows = Array.from({ length: 20 }, (_, index) => ({
    ...ROW,
    _id: `r${index}`,
    question: index % 2 === 0 ? `Which river is number ${index}?` : `which river is number ${index - 1}? `,
  }));
  const { train, test } = hotpotCollection(rows, { share: 0.3 });
  assert.deepEqual([train.length, test.length], [14, 6]);
  const texts = new Set(train.map(({ question }) => question.trim().toLowerCase()));
  assert.ok(test.every(({ question }) => !texts.has(question.trim().toLowerCase())));
});

Deno.test("hotpotTrajectories() asks for what is known, first what the question names, and quotes what answers", () => {
  const [{ steps }, compared] = hotpotTrajectories(questionsOf([ROW, COMPARED]));
  const written = steps.map(({ step }) => "query" in step ? step.query : step.answer);
  assert.deepEqual(written, ["Ada Vorn painter born", "Dalham river flows past", "the Selma"]);
  assert.deepEqual(steps.map(({ documents }) => documents.length), [2, 2, 0]);
  assert.ok(steps[0].documents.some(({ title }) => title === "Ada Vorn"));
  assert.match(
    steps[1].step.analysis,
    /^The documents say: Ada Vorn was a painter born in Dalham\. Next I need to find/,
  );
  assert.match(steps[2].step.analysis, /The river Selma flows past Dalham\. So I can answer\.$/);
  assert.equal(compared.steps.length, 3);
  assert.match(compared.steps[2].step.analysis, /Orna is a town\. Lista is a lake\. So I can answer\./);
});

Deno.test("hotpotTrajectories() leaves out what its sentences do not say, what is cut away and what nobody named", () => {
  const silent = { ...ROW, _id: "r3", question: `${ROW.question} Now?`, answer: "the Irna" };
  const far = {
    ...ROW,
    _id: "r4",
    question: `${ROW.question} Then?`,
    context: [
      ["Dalham", [`${"Long ago. ".repeat(60)}`, " The river Selma flows past Dalham."]],
      ...ROW.context.slice(1),
    ],
  } as HotpotRow;
  const unnamed = { ...ROW, _id: "r5", question: "What is it?" };
  for (const row of [silent, far, unnamed]) {
    assert.deepEqual(
      hotpotTrajectories(questionsOf([row, COMPARED])).map(({ question }) => question.id),
      ["r2"],
      row._id,
    );
  }
});

Deno.test("hotpotTrajectories() takes generated rows too, and no query has a word that was not known before", () => {
  const rows = Array.from({ length: 30 }, (_, index) => {
    const world = worldAt(index, { seed: 9, questions: 1 });
    return toHotpotRow(world, world.questions[0], { id: `w${index}`, random: new Random(index) });
  });
  const trajectories = hotpotTrajectories(questionsOf(rows));
  assert.ok(trajectories.length > 15, `${trajectories.length} of 30`);
  for (const { question, steps } of trajectories) checkIsHonest(question.question, steps);
});

withRealRows("hotpotTrajectories() of real rows: most have one, and all are honest and can be learned from", (rows) => {
  const { documents, train, test, leftOut } = hotpotCollection(rows);
  assert.deepEqual([documents.length, train.length, test.length, leftOut], [600, 48, 12, 0]);
  const trajectories = hotpotTrajectories(train);
  assert.ok(trajectories.length > 30, `${trajectories.length} of ${train.length}`);
  for (const { question, steps } of trajectories) checkIsHonest(question.question, steps);
  const rowsToLearn = coldStartRows(trajectories);
  assert.equal(rowsToLearn.length, trajectories.reduce((sum, { steps }) => sum + steps.length, 0));
});

function checkIsHonest(question: string, steps: ReturnType<typeof hotpotTrajectories>[number]["steps"]): void {
  let known = question;
  for (const { step, documents } of steps) {
    if ("query" in step) {
      const words = contentWords(known);
      for (const word of contentWords(step.query)) assert.ok(words.has(word), `${word} was not known: ${known}`);
      assert.ok(documents.every(({ text }) => text.length <= 512));
      known += ` ${documents.map(({ title, text }) => `${title} ${text}`).join(" ")}`;
    } else if (!/^(?:yes|no)$/i.test(step.answer)) assert.ok(containsAnswer(known, step.answer));
  }
}
