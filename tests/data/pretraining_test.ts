import assert from "node:assert/strict";
import fc from "fast-check";
import {
  pretrainingDocumentAt,
  pretrainingDocuments,
  type PretrainingOptions,
  REASONING_PROMPT,
  stripCalculatorAnnotations,
  wordProblemAt,
  workedSteps,
} from "../../lib/data/mod.ts";

const COUNT = 20_000;
const documents = Array.from({ length: COUNT }, (_, index) => pretrainingDocumentAt(index));
const share = (count: number, total: number) => count / total;
const resultOf = (reply: string) => Number(/(\d+)(?:\n<\/answer>)?$/.exec(reply)![1]);

Deno.test("pretrainingDocuments() mixes habits and drills in the default shares", () => {
  const counts = Object.groupBy(documents, (document) => document.habit);
  const drills = counts.drill!.length;
  assert.ok(Math.abs(share(drills, COUNT - drills) - 0.1) < 0.01, `${drills} drills`);
  for (
    const [habit, expected] of [["reasoning", 0.45], ["numberOnly", 0.2], ["plainSteps", 0.2], ["slip", 0.15]] as const
  ) {
    const found = share(counts[habit]!.length, COUNT - drills);
    assert.ok(Math.abs(found - expected) < 0.015, `${habit}: ${found}`);
    if (habit === "reasoning") continue;
    const tagged = counts[habit]!.filter((document) => document.messages[2].content.startsWith("<think>\n")).length;
    assert.ok(Math.abs(share(tagged, counts[habit]!.length) - 0.5) < 0.05, `${habit}: ${tagged} tagged`);
  }
});

Deno.test("pretrainingDocuments() writes each reply as its habit says", () => {
  for (const { habit, messages, index } of documents) {
    if (habit === "drill") continue;
    assert.deepEqual(messages.map((message) => message.role), ["system", "user", "assistant"]);
    const problem = wordProblemAt(index);
    const right = Number(problem.answer.slice(problem.answer.lastIndexOf(" ")));
    const steps = stripCalculatorAnnotations(workedSteps(problem.answer));
    const reply = messages[2].content;
    assert.equal(messages[0].content, REASONING_PROMPT);
    assert.equal(messages[1].content, problem.question);
    assert.equal(resultOf(reply) === right, habit !== "slip", reply);
    assert.ok(!reply.includes("<<"), reply);
    switch (habit) {
      case "reasoning":
        assert.equal(reply, `<think>\n${steps}\n</think>\n<answer>\n${right}\n</answer>`);
        break;
      case "numberOnly":
        assert.match(reply, /^(\d+|<think>\n(\d+)\n<\/think>\n<answer>\n\2\n<\/answer>)$/);
        break;
      case "plainSteps":
        assert.equal(reply.replace("<think>\n", ""), `${steps}\n#### ${right}`);
        break;
      case "slip": {
        const wrong = resultOf(reply);
        const from = steps.lastIndexOf(`=${right} `);
        assert.ok(
          reply.includes(`${steps.slice(0, from)}=${wrong} ${steps.slice(from + `=${right} `.length)}\n`),
          reply,
        );
        assert.ok(wrong >= 0 && [1, 2, 10].includes(Math.abs(wrong - right)), reply);
      }
    }
  }
});

Deno.test("pretrainingDocuments() drills are all true and within maxNumber", () => {
  const operators = new Map<string, number>();
  for (const maxNumber of [20, 37, 200, 1000]) {
    for (let index = 0; index < 200; index++) {
      const { habit, messages } = pretrainingDocumentAt(index, { drillShare: 1, maxNumber });
      if (habit !== "drill") continue;
      for (const line of messages[1].content.split("\n")) {
        const match = /^(\d+)([-+*/])(\d+)=(\d+)$/.exec(line);
        assert.ok(match, line);
        const [a, b, c] = [match[1], match[3], match[4]].map(Number);
        const value = { "+": a + b, "-": a - b, "*": a * b, "/": a / b }[match[2]];
        assert.equal(value, c, line);
        assert.ok([a, b, c].every((number) => number >= 2 && number <= maxNumber), line);
        operators.set(match[2], (operators.get(match[2]) ?? 0) + 1);
      }
    }
  }
  assert.equal(operators.size, 4);
  assert.ok(Math.min(...operators.values()) > 0.8 * Math.max(...operators.values()));
});

Deno.test("pretrainingDocuments() resumes at any index", () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.nat({ max: 30 }),
      fc.constantFrom("train" as const, "test" as const),
      (seed, start, split) => {
        const whole = pretrainingDocuments({ seed, split });
        const resumed = pretrainingDocuments({ seed, split, start });
        for (let index = 0; index < start; index++) whole.next();
        for (let i = 0; i < 5; i++) {
          const document = resumed.next().value;
          assert.equal(document.index, start + i);
          assert.deepEqual(document, whole.next().value);
        }
      },
    ),
    { numRuns: 50 },
  );
});

Deno.test("pretrainingDocuments() follows weights, shares and annotations", () => {
  const habits = (options: PretrainingOptions) => {
    const stream = pretrainingDocuments({ ...options, drillShare: 0 });
    return Array.from({ length: 200 }, () => stream.next().value);
  };
  const onlySlips = habits({ weights: { reasoning: 0, numberOnly: 0, plainSteps: 0 }, taggedShare: 1 });
  assert.ok(onlySlips.every(({ habit, messages }) => habit === "slip" && messages[2].content.startsWith("<think>\n")));
  const kept = habits({ weights: { numberOnly: 0, slip: 0 }, annotations: "keep", taggedShare: 0 });
  assert.ok(kept.every(({ messages }) => messages[2].content.includes("<<")));
  assert.ok(kept.some(({ habit }) => habit === "plainSteps"));
});

Deno.test("pretrainingDocuments() keeps held-out questions out of train", () => {
  const train = new Set(documents.map(({ messages }) => messages[1].content));
  for (let index = 0; index < 2000; index++) {
    const { habit, messages } = pretrainingDocumentAt(index, { split: "test" });
    if (habit !== "drill") assert.ok(!train.has(messages[1].content));
  }
});

Deno.test("pretrainingDocuments() rejects shares and weights out of range", () => {
  assert.throws(() => pretrainingDocumentAt(0, { taggedShare: 1.5 }), /taggedShare is 1.5/);
  assert.throws(() => pretrainingDocumentAt(0, { drillShare: NaN }), /drillShare is NaN/);
  assert.throws(() => pretrainingDocumentAt(0, { drillShare: 0, weights: { slip: -1 } }), RangeError);
});
