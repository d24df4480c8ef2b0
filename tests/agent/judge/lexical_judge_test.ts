import assert from "node:assert/strict";
import fc from "fast-check";
import { isJudgeFailure, lexicalJudge, type StepJudgement, type StepToJudge } from "../../../lib/agent/judge/mod.ts";
import { Random } from "../../../lib/random/mod.ts";
import { anyText } from "../../support/any_text.ts";
import { aboutNothing, goodSteps, guessed, repeated } from "./generated_steps.ts";
import { STEP } from "./judge_items.ts";

async function judgementsOf(steps: readonly StepToJudge[]): Promise<StepJudgement[]> {
  const judgements = await lexicalJudge().judgeSteps(steps);
  return judgements.map((judgement) => isJudgeFailure(judgement) ? assert.fail(judgement.message) : judgement);
}
const judgementOf = async (step: StepToJudge) => (await judgementsOf([step]))[0];

const document = fc.record({ title: anyText({ maxLength: 12 }), text: anyText({ maxLength: 40 }) });
const words = fc.oneof(
  anyText({ maxLength: 30 }),
  fc.constantFrom(
    "Ana Berg",
    "the mayor of Velmona",
    "Where was Ana Berg born?",
    "yes",
    "1987",
    "",
    "toString __proto__",
  ),
);
const anyStep: fc.Arbitrary<StepToJudge> = fc.record({
  question: words,
  earlier: fc.array(fc.record({ analysis: words, query: words, documents: fc.array(document, { maxLength: 3 }) }), {
    maxLength: 3,
  }),
  analysis: words,
  query: fc.option(words),
  answer: fc.option(words),
  documents: fc.array(document, { maxLength: 3 }),
});

Deno.test("lexicalJudge() gives three numbers from 0 to 1 for whatever it gets, and the same each time", async () => {
  await fc.assert(fc.asyncProperty(anyStep, async (step) => {
    const judgement = await judgementOf(step);
    assert.deepEqual(Object.keys(judgement), ["coherence", "rationality", "relevance"]);
    for (const share of Object.values(judgement)) assert.ok(share >= 0 && share <= 1, JSON.stringify(judgement));
    assert.deepEqual(await judgementOf(structuredClone(step)), judgement);
  }));
});

Deno.test("lexicalJudge() never finds a query less relevant for another document, wherever it stands", async () => {
  await fc.assert(fc.asyncProperty(anyStep, document, async (given, other) => {
    const step = { ...given, query: given.query ?? "Velmona" };
    const before = await judgementOf(step);
    const after = await judgementOf({ ...step, documents: [...step.documents, other] });
    assert.ok(after.relevance >= before.relevance);
    assert.deepEqual(await judgementOf({ ...step, documents: [other, ...step.documents] }), after);
    // What was found says nothing about what was thought before.
    assert.deepEqual([after.coherence, after.rationality], [before.coherence, before.rationality]);
  }));
});

Deno.test("lexicalJudge() finds a query not coherent that was asked before, and one in other words more so", async () => {
  await fc.assert(fc.asyncProperty(anyStep, words, async (given, query) => {
    const past = { analysis: given.analysis, query, documents: given.documents };
    const again = await judgementOf({ ...given, earlier: [...given.earlier, past], query });
    assert.deepEqual([again.coherence, again.relevance], [0, 0]);
  }));
  const earlier = STEP.earlier.map((step) => ({ ...step, documents: [] }));
  const ask = async (query: string) =>
    (await judgementOf({ ...STEP, earlier, analysis: "I need the birthplace of Ana Berg.", query })).coherence;
  const [same, alike, other] = [await ask("Birthplace of Ana Berg?"), await ask("Ana Berg born"), await ask("mayor")];
  assert.equal(same, 0);
  assert.ok(alike > same && other > alike, `${same} ${alike} ${other}`);
});

Deno.test("lexicalJudge() finds documents with the subject more relevant than others, and new ones than old ones", async () => {
  const relevance = async (documents: StepToJudge["documents"]) =>
    (await judgementOf({ ...STEP, documents })).relevance;
  const right = await relevance(STEP.documents);
  const subject = await relevance([{ title: "Velmona", text: "It lies on a river." }]);
  const relation = await relevance([{ title: "Ostby", text: "The mayor of Ostby is Ina Falk." }]);
  const old = await relevance(STEP.earlier[0].documents);
  assert.ok(right > subject && subject > relation && relation > old, `${right} ${subject} ${relation} ${old}`);
  assert.deepEqual([right, old, await relevance([])], [1, 0, 0]);
  // Found, but neither the question nor a document seen speaks of it.
  const elsewhere = { ...STEP, query: "mayor of Ostby in Sweden", analysis: "Now Ostby in Sweden." };
  const documents = [{ title: "Ostby in Sweden", text: "The mayor of Ostby is Ina Falk." }];
  assert.equal((await judgementOf({ ...elsewhere, documents })).relevance, 0);
});

Deno.test("lexicalJudge() finds an analysis less coherent and less rational that names what nobody has named", async () => {
  const good = await judgementOf(STEP);
  const madeUp = await judgementOf({ ...STEP, analysis: STEP.analysis.replaceAll("Velmona", "Ostby") });
  assert.deepEqual([good.coherence, good.rationality], [1, 1]);
  assert.ok(madeUp.coherence < good.coherence && madeUp.rationality < good.rationality);
  const empty = await judgementOf({ ...STEP, analysis: "I think I know it." });
  assert.equal(empty.coherence, 0);
  const unsaid = await judgementOf({ ...STEP, analysis: "Now I know where Ana Berg was born." });
  assert.ok(unsaid.rationality < good.rationality);
});

Deno.test("lexicalJudge() finds an answer more rational that the analysis says and a document seen has", async () => {
  const earlier = [...STEP.earlier, { analysis: STEP.analysis, query: STEP.query!, documents: STEP.documents }];
  const analysis = "The mayor of Velmona is Otto Lind. That answers the question.";
  const final: StepToJudge = { ...STEP, earlier, analysis, query: null, answer: "Otto Lind", documents: [] };
  const rationality = async (change: Partial<StepToJudge>) => (await judgementOf({ ...final, ...change })).rationality;
  const right = await rationality({});
  assert.equal(right, 1);
  const cases = [
    await rationality({ analysis: "I can answer now." }),
    await rationality({ answer: "Ana Berg" }),
    await rationality({ answer: "Ina Falk" }),
    await rationality({ earlier: [] }),
  ];
  for (const poorer of cases) assert.ok(poorer < right, String(cases));
  // Half of a name in the documents is less than the whole.
  assert.ok(await rationality({ answer: "Otto Falk", analysis: "" }) < await rationality({ analysis: "" }));
  const so = "It is Velmona both times, so yes.";
  assert.ok(await rationality({ answer: "yes", analysis: so }) > await rationality({ answer: "no", analysis: so }));
});

Deno.test("lexicalJudge() prefers good generated steps to poor ones", async (test) => {
  const steps = goodSteps(150);
  const random = new Random(5);
  const queries = steps.filter(({ step }) => step.query !== null);
  const unseen = ({ step, world }: (typeof steps)[number]) => {
    const seen = [...step.earlier, step].flatMap(({ documents }) => documents.map(({ title }) => title));
    return random.sample(world.filter(({ title }) => !seen.includes(title)), 2);
  };
  const pairs: Record<string, [good: StepToJudge, poor: StepToJudge | null][]> = {
    "the last query once more": steps.map((good) => [good.step, repeated(good)]),
    "the last query once more, with other documents": steps
      .filter(({ step }) => step.earlier.length < 3)
      .map((good) => [good.step, repeated(good, unseen(good))]),
    "a wrong guess": steps.map((good) => [good.step, guessed(good, random)]),
    "made-up things": queries.map((good) => [good.step, aboutNothing(good, random)]),
    "documents of another question": queries.map((good) => {
      const other = random.pick(queries.filter(({ world }) => world !== good.world));
      return [good.step, { ...good.step, documents: other.step.documents }];
    }),
    // Where the search had found nothing, the others are as good.
    "other documents of the same world": queries.filter(({ found }) => found)
      .map((good) => [good.step, { ...good.step, documents: unseen(good) }]),
  };
  for (const [kind, all] of Object.entries(pairs)) {
    await test.step(kind, async () => {
      const both = all.filter((pair): pair is [StepToJudge, StepToJudge] => pair[1] !== null);
      assert.ok(both.length > 100);
      const [good, poor] = [
        await scoresOf(both.map(([step]) => step)),
        await scoresOf(both.map(([, step]) => step)),
      ];
      const won = areaUnderCurve(good.map((score, i) => [[score], [poor[i]]]));
      const area = areaUnderCurve([[good, poor]]);
      assert.ok(won >= 0.93, `pairs won: ${won}`);
      assert.ok(area >= 0.93, `area under the curve: ${area}`);
    });
  }
});

async function scoresOf(steps: readonly StepToJudge[]): Promise<number[]> {
  return (await judgementsOf(steps)).map(({ coherence, rationality, relevance }) =>
    0.3 * coherence + 0.3 * rationality + 0.4 * relevance
  );
}

/** How often a good one of a group is above a poor one of it; equals count half. */
function areaUnderCurve(groups: readonly [good: number[], poor: number[]][]): number {
  let [won, all] = [0, 0];
  for (const [good, poor] of groups) {
    for (const one of good) {
      for (const other of poor) {
        won += one > other ? 1 : one === other ? 0.5 : 0;
        all++;
      }
    }
  }
  return won / all;
}

Deno.test("lexicalJudge() costs nothing, and rejects when it is aborted", async () => {
  const judge = lexicalJudge();
  await judge.judgeSteps([STEP]);
  assert.deepEqual([judge.cost.calls, judge.cost.promptTokens, judge.cost.money], [0, 0, null]);
  const reason = new Error("enough");
  await assert.rejects(judge.judgeSteps([STEP], { signal: AbortSignal.abort(reason) }), reason);
});
