import assert from "node:assert/strict";
import fc from "fast-check";
import type { GeneratedExample, GradedCase } from "../../../lib/data/corpora/corpus.ts";
import { parseR3Step, R3_PROMPT, r3StepsCorpus } from "../../../lib/data/corpora/r3_steps.ts";

const COUNT = 1500;
const train = Array.from({ length: COUNT }, (_, index) => r3StepsCorpus.exampleAt(index));
const test = Array.from({ length: 500 }, (_, index) => r3StepsCorpus.exampleAt(index, { split: "test" }));
const cases = [...train, ...test].flatMap((example) => example.cases);

const isQuery = ({ reference }: GradedCase) => reference.includes("The retrieval query: ");
const isPoor = ({ kind }: GeneratedExample) => kind.endsWith(", poor");
const sum = (grades: Record<string, number>) => Object.values(grades).reduce((total, value) => total + value, 0);

Deno.test("r3StepsCorpus gives the same example for the same index, seed and split", () => {
  assert.deepEqual(r3StepsCorpus.exampleAt(9).messages, train[9].messages);
  assert.notDeepEqual(r3StepsCorpus.exampleAt(9, { seed: 1 }).messages, train[9].messages);
  assert.notDeepEqual(test[9].messages, train[9].messages);
});

Deno.test("r3StepsCorpus writes short chats whose assistant's turns are steps in the grammar", () => {
  for (const { messages } of [...train, ...test]) {
    assert.ok(messages.reduce((length, { content }) => length + content!.length, 0) <= 1500);
    assert.deepEqual(messages[0], { role: "system", content: R3_PROMPT });
    assert.match(String(messages[1].content), /^The question: .+\?/);
    assert.equal(messages.at(-1)!.role, "assistant");
    for (const { role, content } of messages) {
      if (role === "assistant") assert.ok("step" in parseR3Step(String(content)), String(content));
      // Two passages after each query.
      if (role !== "user") continue;
      const queries = String(content).split("The retrieval documents:\n").slice(1);
      for (const documents of queries) assert.equal(documents.split(/\n(?=Step )/)[0].split("\n").length, 2);
    }
  }
});

Deno.test("r3StepsCorpus has all kinds of steps, mostly in one message, and asks again after a failed search", () => {
  const shareOf = (examples: GeneratedExample[], kind: string) =>
    examples.filter((example) => example.kind.startsWith(kind)).length / examples.length;
  for (const examples of [train, test]) {
    for (const kind of ["first step", "next step", "final answer"]) assert.ok(shareOf(examples, kind) > 0.08, kind);
    assert.ok(shareOf(examples, "ask again") > 0.02);
    assert.ok(shareOf(examples, "whole chat") > 0.3 && shareOf(examples, "whole chat") < 0.5);
  }
});

Deno.test("r3StepsCorpus shows poor habits in three of ten training texts and in no held-out text", () => {
  const poor = train.filter(isPoor);
  assert.ok(poor.length > 0.25 * COUNT && poor.length < 0.35 * COUNT, `${poor.length}`);
  assert.ok(!test.some(isPoor));
  let [guessed, repeated] = [0, 0];
  for (const { messages, cases: [asked], kind } of poor) {
    if (kind.startsWith("whole")) continue;
    const grades = asked.grade(String(messages.at(-1)!.content));
    assert.equal(grades.format, 1);
    assert.ok(sum(grades) < 3, String(messages.at(-1)!.content));
    const last = parseR3Step(String(messages.at(-1)!.content));
    assert.ok("step" in last);
    if ("answer" in last.step) guessed++;
    else repeated++;
  }
  assert.ok(guessed > 30 && repeated > 30, `${guessed} guessed, ${repeated} repeated`);
});

Deno.test("r3StepsCorpus grades its references with ones, in the metrics of the step", () => {
  for (const asked of cases) {
    assert.deepEqual(
      asked.grade(asked.reference),
      isQuery(asked) ? { format: 1, decision: 1, right_query: 1 } : { format: 1, decision: 1, right_answer: 1 },
    );
  }
});

Deno.test("r3StepsCorpus grades wrong steps with zeros", () => {
  for (const asked of cases) {
    assert.equal(sum(asked.grade("")), 0);
    assert.equal(sum(asked.grade(`${asked.reference}\n`)), 0);
    assert.equal(sum(asked.grade(asked.reference.replace(/Step \d+/, "Step 9"))), 0);
    const [step, analysis, last] = asked.reference.split("\n");
    if (isQuery(asked)) {
      const early = asked.grade(`${step}\n${analysis}\nThe final answer: Velmona`);
      assert.deepEqual(early, { format: 1, decision: 0, right_query: 0 });
      const vague = asked.grade(`${step}\n${analysis}\nThe retrieval query: who was born in which town and year`);
      assert.deepEqual(vague, { format: 1, decision: 1, right_query: 0 });
      // The whole question, with more than one hop or none of the words of the relation, or an earlier query again.
      const earlier = String(asked.messages[1].content).match(/The retrieval query: .*/g) ?? [];
      for (const query of earlier) {
        assert.deepEqual(asked.grade(`${step}\n${analysis}\n${query}`), { format: 1, decision: 1, right_query: 0 });
      }
    } else {
      const late = asked.grade(`${step}\n${analysis}\nThe retrieval query: founder of Velmona`);
      assert.deepEqual(late, { format: 1, decision: 0, right_answer: 0 });
      const wrong = asked.grade(`${step}\n${analysis}\n${last} indeed`);
      assert.deepEqual(wrong, { format: 1, decision: 1, right_answer: 0 });
    }
  }
});

Deno.test("r3StepsCorpus accepts another wording of the query", () => {
  const asked = cases.find(({ reference }) => /The retrieval query: Who founded \w+$/.test(reference))!;
  const again = asked.reference.replace(/Who founded (\w+)$/, "Founder of the company $1");
  assert.equal(asked.grade(again).right_query, 1);
});

Deno.test("r3StepsCorpus never throws when it grades", () => {
  fc.assert(fc.property(fc.constantFrom(...cases.slice(0, 50)), fc.string(), fc.nat(), (asked, noise, at) => {
    const place = at % (asked.reference.length + 1);
    for (const reply of [noise, asked.reference.slice(0, place) + noise + asked.reference.slice(place)]) {
      for (const value of Object.values(asked.grade(reply))) assert.ok(value === 0 || value === 1);
    }
  }));
});

Deno.test("r3StepsCorpus shares no question between the splits", () => {
  const questionOf = ({ messages }: GeneratedExample) => String(messages[1].content).split("\n")[0];
  const known = new Set(train.map(questionOf));
  for (const example of test) assert.ok(!known.has(questionOf(example)), questionOf(example));
});
