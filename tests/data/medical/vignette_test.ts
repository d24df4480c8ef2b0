import assert from "node:assert/strict";
import {
  answerOf,
  CONDITIONS,
  generateVignettes,
  mentions,
  type Vignette,
  VIGNETTE_ASKS,
  vignetteAt,
  vignetteCaseAt,
  writeVignette,
} from "../../../lib/data/medical/mod.ts";

const vignettes = Array.from({ length: 10_000 }, (_, index) => vignetteAt(index));
const instanceOf = (index: number, split: "train" | "test") => {
  const { condition, asks, patient, findings } = vignetteCaseAt(index, { split }).case;
  const told = findings.filter((finding) => finding !== condition.finding).map((words) =>
    condition.symptoms.findIndex(({ lay, term }) => lay === words || term === words)
  );
  return [condition.name, asks, told.sort().join(","), patient.age, patient.sex].join(":");
};

Deno.test("vignetteAt() gives a question, reasoning by way of the condition, and the answer", () => {
  const byName = new Map(CONDITIONS.map((condition) => [condition.name, condition]));
  for (const { Question, Complex_CoT, Response, answer, asks, condition } of vignettes) {
    const facts = byName.get(condition)!;
    assert.equal(answer, answerOf(facts, asks));
    assert.ok(mentions(Complex_CoT, condition), Complex_CoT);
    assert.ok(mentions(Response, answer), Response);
    if (asks !== "diagnosis") assert.ok(mentions(Complex_CoT, answer), Complex_CoT);
    assert.ok(!mentions(Question, condition) && !mentions(Question, answer), Question);
    assert.ok((Question + Complex_CoT + Response).length <= 600, Question);
    assert.equal((Response.match(/\./g) ?? []).length, 1, Response);
    assert.match(Complex_CoT, /^(She|He) has .*\. This fits .*\. .*\.$/);
    assert.ok(!/undefined|\{|\}| {2}|\ba (8|11|18|[aeio])/.test(`${Question} ${Complex_CoT} ${Response}`), Question);
  }
});

Deno.test("vignetteAt() tells two symptoms or more, and a test's finding only where no test is asked for", () => {
  for (let index = 0; index < 5000; index++) {
    const { condition, asks, findings, question, patient } = vignetteCaseAt(index).case;
    for (const finding of findings) assert.ok(mentions(question, finding), question);
    const symptoms = findings.filter((finding) => finding !== condition.finding);
    assert.ok(symptoms.length === 3 || symptoms.length === 2 && symptoms.length < findings.length, question);
    if (asks === "test") assert.ok(!question.includes(condition.finding), question);
    if (condition.sex !== undefined) assert.equal(patient.sex, condition.sex);
    assert.ok(patient.age >= condition.ages[0] && patient.age <= condition.ages[1], question);
    if (/\bis pregnant\b/.test(question)) assert.ok(patient.sex === "woman" && patient.age <= 43, question);
  }
});

Deno.test("vignetteAt() asks everything of every condition, of the chapter asked for", () => {
  assert.equal(new Set(vignettes.map(({ asks, condition }) => `${asks}:${condition}`)).size, 65 * VIGNETTE_ASKS.length);
  for (const chapters of ["known", "new"] as const) {
    const named = new Set(Array.from({ length: 2000 }, (_, index) => vignetteAt(index, { chapters }).condition));
    const expected = CONDITIONS.filter(({ chapter }) => chapter === chapters).map(({ name }) => name);
    assert.deepEqual([...named].sort(), expected.sort());
  }
  assert.throws(() => vignetteAt(0, { chapters: "old" as "new" }), /chapters is old/);
});

Deno.test("vignetteAt() is the same for the same seed and split, and holds instances out", () => {
  assert.deepEqual(vignetteAt(7, { seed: "x" }), vignetteAt(7, { seed: "x" }));
  assert.notDeepEqual(vignetteAt(7, { seed: "x" }), vignetteAt(7, { seed: "y" }));
  const held = new Set(Array.from({ length: 3000 }, (_, index) => instanceOf(index, "test")));
  for (let index = 0; index < 10_000; index++) assert.ok(!held.has(instanceOf(index, "train")));
});

Deno.test("generateVignettes() gives different questions, and a larger count continues a smaller one", () => {
  const many = generateVignettes({ seed: 3, count: 3000, chapters: "new" });
  assert.equal(new Set(many.map(({ Question }) => Question)).size, 3000);
  assert.deepEqual(generateVignettes({ seed: 3, count: 50, chapters: "new" }), many.slice(0, 50));
  assert.throws(() => generateVignettes({ count: 1.5 }), /count is 1.5/);
});

Deno.test("writeVignette() follows a mistaken condition in reasoning and response, not in the gold answer", () => {
  const { case: drawn } = vignetteCaseAt(0);
  const believed = CONDITIONS.find((other) => answerOf(other, drawn.asks) !== answerOf(drawn.condition, drawn.asks))!;
  const right: Vignette = writeVignette(drawn);
  const slip = writeVignette(drawn, believed);
  assert.equal(slip.answer, right.answer);
  assert.equal(slip.Question, right.Question);
  assert.ok(mentions(slip.Complex_CoT, believed.name) && !mentions(slip.Complex_CoT, right.condition));
  assert.ok(mentions(slip.Response, answerOf(believed, drawn.asks)) && !mentions(slip.Response, right.answer));
});
