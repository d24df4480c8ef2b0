import assert from "node:assert/strict";
import fc from "fast-check";
import {
  generateWordProblems,
  goldAnswer,
  gsm8kRow,
  stripCalculatorAnnotations,
  WORD_PROBLEM_TEMPLATES,
  type WordProblem,
  wordProblemAt,
  workedSteps,
} from "../../lib/data/mod.ts";

const DRAWS = 50_000;
const train = Array.from({ length: DRAWS }, (_, index) => wordProblemAt(index, { seed: "train" }));
const test = Array.from({ length: DRAWS }, (_, index) => wordProblemAt(index, { seed: "test", split: "test" }));

const numbersOf = (text: string) => (text.match(/\d+/g) ?? []).map(Number);
/** Words, single digits, punctuation and the space before a number: about what a small tokenizer makes of a text. */
const piecesOf = (text: string) => text.match(/[A-Za-z]+|\d|#+|[^\sA-Za-z\d]|\s(?=\d)|\n/g)!.length;

function assertChecksOut({ question, answer, template, steps }: WordProblem, maxNumber: number) {
  const where = `${template}: ${question}\n${answer}`;
  const lines = workedSteps(answer).split("\n");
  assert.equal(lines.length, steps, where);
  let last = "";
  const known = new Set([...numbersOf(question), 2, 3]); // "twice", "half", "three friends"
  for (const line of lines) {
    const match = /^[A-Z][A-Za-z0-9 ]* (\d+)([-+*/])(\d+)=<<(\d+[-+*/]\d+)=(\d+)>>(\d+) [a-z ]+\.$/.exec(line);
    assert.ok(match, where);
    const [, left, operator, right, expression, value, written] = match;
    assert.equal(`${left}${operator}${right}`, expression, where);
    assert.equal(value, written, where);
    const [a, b] = [Number(left), Number(right)];
    const result = operator === "+" ? a + b : operator === "-" ? a - b : operator === "*" ? a * b : a / b;
    assert.equal(result, Number(value), where);
    // Nothing comes from nowhere: operands are given or were worked out before.
    assert.ok(known.has(a) && known.has(b), where);
    known.add(result);
    last = value;
  }
  assert.equal(goldAnswer(answer), last, where);
  assert.ok(answer.endsWith(`\n#### ${last}`), where);
  for (const number of numbersOf(question + answer)) assert.ok(number >= 2 && number <= maxNumber, where);
}

Deno.test("wordProblemAt() works every answer out right, within its bounds", () => {
  for (const problem of [...train, ...test.slice(0, 5000)]) assertChecksOut(problem, 200);
});

Deno.test("wordProblemAt() meets any difficulty asked for", () => {
  const options = fc.record({
    index: fc.nat(),
    seed: fc.oneof(fc.integer(), fc.string()),
    split: fc.constantFrom("train" as const, "test" as const),
    maxNumber: fc.integer({ min: 20, max: 2000 }),
    steps: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }))
      .map(([a, b]) => ({ min: Math.min(a, b), max: Math.max(a, b) })),
  });
  fc.assert(
    fc.property(options, ({ index, ...rest }) => {
      const problem = wordProblemAt(index, rest);
      assertChecksOut(problem, rest.maxNumber);
      assert.ok(problem.steps >= rest.steps.min && problem.steps <= rest.steps.max);
      assert.deepEqual(wordProblemAt(index, rest), problem);
    }),
    { numRuns: 500 },
  );
});

Deno.test("wordProblemAt() never draws a test question, nor its numbers, for train", () => {
  const questions = new Set(train.map((problem) => problem.question));
  const instances = new Set(train.map((problem) => `${problem.template} ${numbersOf(problem.question)}`));
  for (const problem of test) {
    assert.ok(!questions.has(problem.question), problem.question);
    assert.ok(!instances.has(`${problem.template} ${numbersOf(problem.question)}`), problem.question);
  }
});

Deno.test("wordProblemAt() draws every template, each with its own words", () => {
  assert.ok(WORD_PROBLEM_TEMPLATES.length >= 40);
  assert.equal(new Set(WORD_PROBLEM_TEMPLATES.map((template) => template.name)).size, WORD_PROBLEM_TEMPLATES.length);
  const templateOf = new Map<string, string>();
  const counts = new Map<string, number>();
  for (const { question, template } of [...train, ...test]) {
    counts.set(template, (counts.get(template) ?? 0) + 1);
    assert.equal(templateOf.get(question) ?? template, template, question);
    templateOf.set(question, template);
  }
  for (const { name, steps } of WORD_PROBLEM_TEMPLATES) {
    const ofSteps = WORD_PROBLEM_TEMPLATES.filter((template) => template.steps === steps).length;
    const expected = 2 * DRAWS / 3 / ofSteps;
    assert.ok(Math.abs(counts.get(name)! - expected) < 0.2 * expected, `${name}: ${counts.get(name)} of ${expected}`);
  }
});

Deno.test("wordProblemAt() keeps to a small vocabulary and short texts", () => {
  const words = new Set<string>();
  let products = 0;
  let small = 0;
  for (const { question, answer } of train) {
    for (const word of `${question} ${answer}`.match(/[A-Za-z]+/g)!) words.add(word);
    assert.ok(piecesOf(question) <= 48, question);
    assert.ok(piecesOf(stripCalculatorAnnotations(answer)) <= 66, answer);
    for (const number of numbersOf(question)) {
      products++;
      if (number <= 20) small++;
    }
  }
  assert.ok(words.size < 400, `${words.size} words`);
  assert.ok(small / products > 0.75, `${small} of ${products} numbers in questions are at most 20`);
});

Deno.test("generateWordProblems() gives different questions, the same for the same seed, as GSM8K rows", () => {
  const problems = generateWordProblems({ seed: 3, count: 500, split: "test" });
  assert.equal(new Set(problems.map((problem) => problem.question)).size, 500);
  for (const problem of problems) assert.ok(gsm8kRow.safeParse(problem).success);
  assert.deepEqual(generateWordProblems({ seed: 3, count: 100, split: "test" }), problems.slice(0, 100));
  assert.notDeepEqual(generateWordProblems({ seed: 4, count: 100, split: "test" }), problems.slice(0, 100));
  assert.deepEqual(generateWordProblems({ count: 0 }), []);
});

Deno.test("generateWordProblems() rejects what it cannot meet", () => {
  for (const steps of [{ min: 0, max: 2 }, { min: 2, max: 4 }, { min: 3, max: 1 }, { min: 1.5, max: 2 }]) {
    assert.throws(() => generateWordProblems({ count: 1, steps }), /expected whole numbers from 1 to 3/);
  }
  for (const maxNumber of [19, 30.5, NaN]) {
    assert.throws(() => generateWordProblems({ count: 1, maxNumber }), /expected a whole number of at least 20/);
  }
  assert.throws(() => generateWordProblems({ count: -1 }), /count is -1/);
});
