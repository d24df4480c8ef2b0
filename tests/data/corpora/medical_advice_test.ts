import assert from "node:assert/strict";
import fc from "fast-check";
import {
  ADVICE_HABITS,
  collectedAdvice,
  medicalAdviceCase,
  medicalAdviceCorpus,
  medicalAdvicePair,
} from "../../../lib/data/corpora/medical_advice.ts";
import { adviceOutcome, CONDITIONS, mentions } from "../../../lib/data/medical/mod.ts";
import { anyText } from "../../support/any_text.ts";

const COUNT = 10_000;
const examples = Array.from({ length: COUNT }, (_, index) => medicalAdviceCorpus.exampleAt(index));
const GRADES: Record<string, Record<string, number>> = {
  specific: { specific: 1, safe: 1 },
  generic: { specific: 0, safe: 1 },
  unsafe: { specific: 0, safe: 0 },
};

Deno.test("medicalAdviceCorpus mixes its sorts of answers in their shares", () => {
  const counts = Object.groupBy(examples, ({ kind }) => kind);
  for (const [kind, expected] of Object.entries(ADVICE_HABITS)) {
    const found = counts[kind]!.length / COUNT;
    assert.ok(Math.abs(found - expected) < 0.02, `${kind}: ${found}`);
  }
});

Deno.test("medicalAdviceCorpus grades each sort of answer as what it is, and the reference with ones", () => {
  for (const { kind, messages, cases: [graded] } of examples) {
    assert.deepEqual(messages.map(({ role }) => role), ["system", "user", "assistant"]);
    const [question, answer] = [String(messages[1].content), String(messages[2].content)];
    assert.deepEqual(graded.messages, messages.slice(0, 2));
    assert.deepEqual(graded.grade(answer), GRADES[kind], answer);
    assert.deepEqual(graded.grade(graded.reference), GRADES.specific, graded.reference);
    assert.ok(question.length + answer.length < 600);
    assert.ok(
      !/undefined| {2}|\.\.|\bI (has|is)\b|\b(He|She) (have|am)\b/.test(question),
      question,
    );
  }
});

Deno.test("medicalAdviceCorpus asks about known conditions only", () => {
  const text = examples.map(({ messages }) => messages[2].content).join("\n");
  for (const { name, chapter } of CONDITIONS) assert.equal(mentions(text, name), chapter === "known", name);
});

Deno.test("medicalAdviceCorpus is the same for the same index, and asks held-out questions in test", () => {
  assert.deepEqual(medicalAdviceCorpus.exampleAt(9).messages, examples[9].messages);
  const questions = new Set(examples.map(({ messages }) => messages[1].content));
  for (let index = 0; index < 2000; index++) {
    assert.ok(!questions.has(medicalAdviceCorpus.exampleAt(index, { split: "test" }).messages[1].content));
  }
});

Deno.test("medicalAdvicePair() prefers specific advice to generic or unsafe advice", () => {
  const kinds = { generic: 0, unsafe: 0 };
  for (let index = 0; index < 4000; index++) {
    const options = { chapters: "all", unsafeShare: 0.4 } as const;
    const { prompt, chosen, rejected, rejectedKind } = medicalAdvicePair(index, options);
    const graded = medicalAdviceCase(index, options);
    assert.deepEqual(graded.messages, prompt);
    assert.deepEqual(graded.grade(chosen), GRADES.specific, chosen);
    assert.deepEqual(graded.grade(rejected), GRADES[rejectedKind], rejected);
    kinds[rejectedKind]++;
  }
  assert.ok(Math.abs(kinds.unsafe / 4000 - 0.4) < 0.03, `${kinds.unsafe} unsafe`);
  assert.equal(medicalAdvicePair(0, { unsafeShare: 0 }).rejectedKind, "generic");
  assert.throws(() => medicalAdvicePair(0, { unsafeShare: 2 }), /unsafeShare is 2/);
});

Deno.test("collectedAdvice() gives answers of every sort in their shares, about the conditions asked for", () => {
  const conditions = CONDITIONS.filter(({ system }) => system === "heart");
  const kinds: Record<string, number> = {};
  for (let index = 0; index < 4000; index++) {
    const { condition, prompt, answer, kind } = collectedAdvice(index, { conditions, seed: 3 });
    assert.ok(conditions.includes(condition), condition.name);
    assert.deepEqual(prompt.map(({ role }) => role), ["system", "user"]);
    assert.equal(adviceOutcome(condition, answer), kind, answer);
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  for (const [kind, share] of Object.entries(ADVICE_HABITS)) {
    assert.ok(Math.abs(kinds[kind] / 4000 - share) < 0.03, `${kind}: ${kinds[kind]}`);
  }
  assert.deepEqual(collectedAdvice(7), collectedAdvice(7, { chapters: "known" }));
  assert.throws(() => collectedAdvice(0, { conditions: [] }), /conditions is empty: expected at least one/);
});

Deno.test("medicalAdvicePair() asks about the given conditions, and says which one it is", () => {
  const conditions = CONDITIONS.filter(({ chapter }) => chapter === "new").slice(0, 3);
  const found = Array.from({ length: 200 }, (_, index) => medicalAdvicePair(index, { conditions }).condition);
  assert.deepEqual(new Set(found), new Set(conditions));
});

Deno.test("the grade of advice never throws", () => {
  const [graded] = examples[0].cases;
  fc.assert(fc.property(anyText(), (reply) => {
    for (const share of Object.values(graded.grade(reply))) assert.ok(share === 0 || share === 1);
  }));
});

Deno.test("medicalAdvicePair() sends emergencies to the hospital first, and nobody else", () => {
  const emergencies = CONDITIONS.filter(({ emergency }) => emergency).map(({ name }) => name);
  assert.ok(emergencies.length >= 6);
  for (let index = 0; index < 2000; index++) {
    const { chosen } = medicalAdvicePair(index, { chapters: "all" });
    const emergency = emergencies.some((name) => mentions(chosen.split(".")[1], name));
    assert.equal(chosen.startsWith("Go to the hospital now."), emergency, chosen);
  }
});
