import assert from "node:assert/strict";
import fc from "fast-check";
import {
  REASONING_PROMPT,
  stripCalculatorAnnotations,
  wordProblemAt,
  wordProblemsCorpus,
  workedSteps,
} from "../../../lib/data/mod.ts";

const COUNT = 20_000;
const corpus = wordProblemsCorpus();
const examples = Array.from({ length: COUNT }, (_, index) => corpus.exampleAt(index));
const replyOf = ({ messages }: { messages: { content?: unknown }[] }) => String(messages[2].content);
const resultOf = (reply: string) => Number(/(\d+)(?:\n<\/answer>)?$/.exec(reply)![1]);

Deno.test("wordProblemsCorpus() mixes habits in the default shares", () => {
  const counts = Object.groupBy(examples, ({ kind }) => kind);
  for (
    const [habit, expected] of [["reasoning", 0.45], ["numberOnly", 0.2], ["plainSteps", 0.2], ["slip", 0.15]] as const
  ) {
    const found = counts[habit]!.length / COUNT;
    assert.ok(Math.abs(found - expected) < 0.015, `${habit}: ${found}`);
    if (habit === "reasoning") continue;
    const tagged = counts[habit]!.filter((example) => replyOf(example).startsWith("<think>\n")).length;
    assert.ok(Math.abs(tagged / counts[habit]!.length - 0.5) < 0.05, `${habit}: ${tagged} tagged`);
  }
});

Deno.test("wordProblemsCorpus() writes each reply as its habit says", () => {
  for (const [index, example] of examples.entries()) {
    const { kind, messages } = example;
    assert.deepEqual(messages.map(({ role }) => role), ["system", "user", "assistant"]);
    const problem = wordProblemAt(index);
    const right = Number(problem.answer.slice(problem.answer.lastIndexOf(" ")));
    const steps = stripCalculatorAnnotations(workedSteps(problem.answer));
    const reply = replyOf(example);
    assert.equal(messages[0].content, REASONING_PROMPT);
    assert.equal(messages[1].content, problem.question);
    assert.equal(resultOf(reply) === right, kind !== "slip", reply);
    assert.ok(!reply.includes("<<"), reply);
    switch (kind) {
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

Deno.test("wordProblemsCorpus() grades the answer between the tags and the layout, whatever the example's own habit", () => {
  for (const { cases: [problem] } of examples.slice(0, 200)) {
    assert.deepEqual(problem.grade(problem.reference), { answer: 1, format: 1 });
    const result = resultOf(problem.reference);
    assert.deepEqual(problem.grade(`3+4\n</think>\n<answer>\n${result + 1}\n</answer>`), { answer: 0, format: 1 });
    assert.deepEqual(problem.grade(`${problem.reference} That was easy.`), { answer: 1, format: 0 });
    assert.deepEqual(problem.grade(String(result)), { answer: 0, format: 0 });
  }
  const [{ grade }] = examples[0].cases;
  fc.assert(
    fc.property(fc.string(), (reply) => Object.values(grade(reply)).every((value) => value === 0 || value === 1)),
  );
});

Deno.test("wordProblemsCorpus() follows habits, shares and annotations", () => {
  const some = (options: Parameters<typeof wordProblemsCorpus>[0]) => {
    const stream = wordProblemsCorpus(options);
    return Array.from({ length: 200 }, (_, index) => stream.exampleAt(index, { seed: 3 }));
  };
  const onlySlips = some({ habits: { reasoning: 0, numberOnly: 0, plainSteps: 0 }, taggedShare: 1 });
  assert.ok(onlySlips.every((example) => example.kind === "slip" && replyOf(example).startsWith("<think>\n")));
  const kept = some({ habits: { numberOnly: 0, slip: 0 }, annotations: "keep", taggedShare: 0 });
  assert.ok(kept.every((example) => replyOf(example).includes("<<")));
  assert.ok(kept.some(({ kind }) => kind === "plainSteps"));
});

Deno.test("wordProblemsCorpus() keeps held-out questions out of train", () => {
  const train = new Set(examples.map(({ messages }) => messages[1].content));
  for (let index = 0; index < 2000; index++) {
    assert.ok(!train.has(corpus.exampleAt(index, { split: "test" }).messages[1].content));
  }
});

Deno.test("wordProblemsCorpus() rejects shares and weights out of range", () => {
  assert.throws(() => wordProblemsCorpus({ taggedShare: 1.5 }), /taggedShare is 1.5/);
  assert.throws(() => wordProblemsCorpus({ habits: { slip: -1 } }).exampleAt(0), RangeError);
});
