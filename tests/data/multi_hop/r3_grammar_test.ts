import assert from "node:assert/strict";
import fc from "fast-check";
import { parseR3Step, r3Prompt, type R3Step, writeR3Step } from "../../../lib/data/multi_hop/mod.ts";

const line = fc.stringMatching(/^[A-Za-z0-9.,'?]+( [A-Za-z0-9.,'?]+){0,6}$/);
const step: fc.Arbitrary<R3Step> = fc.oneof(
  fc.record({ number: fc.integer({ min: 1, max: 30 }), analysis: line, query: line }, { noNullPrototype: true }),
  fc.record({ number: fc.integer({ min: 1, max: 30 }), analysis: line, answer: line }, { noNullPrototype: true }),
);

Deno.test("parseR3Step() reads what writeR3Step() writes", () => {
  fc.assert(fc.property(step, (written) => {
    assert.deepEqual(parseR3Step(writeR3Step(written), written.number), { step: written });
    assert.ok("problem" in parseR3Step(writeR3Step(written), written.number + 1));
  }));
});

Deno.test("parseR3Step() refuses anything else", () => {
  const good = "Step 2:\nThe problem analysis: I need it.\nThe retrieval query: who founded Velmona";
  assert.ok("step" in parseR3Step(good));
  const bad = [
    "",
    `${good}\n`,
    ` ${good}`,
    `${good}\nThe retrieval documents:\nVelmona: It is old.`,
    `${good}\nThe final answer: Mia`,
    good.replace("Step 2", "Step 0"),
    good.replace("Step 2", "Step two"),
    good.replace("The problem analysis: I need it.\n", ""),
    good.replace("I need it.", ""),
    good.replace("I need it.", " "),
    good.replace("I need it.", "I need it. The final answer: Mia"),
    good.replace("who founded Velmona", "who Step 3: founded"),
    good.replace("The retrieval query", "The Retrieval Query"),
    good.replace("query: ", "query:"),
    good.replaceAll("\n", " "),
    "I think it is Mia.",
  ];
  for (const text of bad) assert.ok("problem" in parseR3Step(text), text);
});

Deno.test("parseR3Step() never throws", () => {
  fc.assert(fc.property(fc.string(), (text) => assert.ok("problem" in parseR3Step(text))));
  fc.assert(fc.property(step, fc.nat(), fc.string(), (written, at, noise) => {
    const text = writeR3Step(written);
    const place = at % (text.length + 1);
    const parsed = parseR3Step(text.slice(0, place) + noise + text.slice(place));
    assert.ok("step" in parsed !== "problem" in parsed);
  }));
});

Deno.test("r3Prompt() is the question with all earlier steps and their documents", () => {
  const [system, user] = r3Prompt("Who founded Velmona?", [{
    analysis: "I need it.",
    query: "founder of Velmona",
    documents: [{ title: "Velmona", text: "It makes lamps." }, { title: "Ulba", text: "It is old." }],
  }]);
  assert.equal(system.role, "system");
  assert.deepEqual(user, {
    role: "user",
    content: "The question: Who founded Velmona?\nStep 1:\nThe problem analysis: I need it.\n" +
      "The retrieval query: founder of Velmona\nThe retrieval documents:\nVelmona: It makes lamps.\nUlba: It is old.",
  });
});
