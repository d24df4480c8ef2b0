import assert from "node:assert/strict";
import fc from "fast-check";
import { choiceField, flagField, remarkField, replyForm, shareField } from "../../../lib/agent/judge/mod.ts";
import { closingObject } from "../../../lib/agent/judge/closing_object.ts";
import { anyText } from "../../support/any_text.ts";

const form = replyForm({
  reason: remarkField("why"),
  score: shareField("how good"),
  isFit: flagField("whether it fits"),
});
const VALUE = { reason: "It {fits}.", score: 0.5, isFit: true };
const TEXT = JSON.stringify(VALUE);

Deno.test("replyForm() reads an object alone, in a fence, and after reasoning", () => {
  const replies = [
    TEXT,
    `  ${TEXT}\n`,
    "```json\n" + TEXT + "\n```",
    "~~~\n" + TEXT + "\n~~~\n",
    `<think>Is {it} good? {"score": 0.1}</think>\n${TEXT}`,
    `First {"reason": "no", "score": 0, "isFit": false}, but on a second look:\n${TEXT}`,
    JSON.stringify({ ...VALUE, more: [1, { a: 2 }] }, null, 2),
  ];
  for (const reply of replies) assert.deepEqual(form.read(reply), { value: VALUE }, reply);
});

Deno.test("replyForm() does not read what is not of the form, and says what is wrong", () => {
  const cases: [string, RegExp][] = [
    ["", /does not end in a JSON object/],
    ["I cannot judge that.", /does not end/],
    [TEXT.slice(0, -1), /does not end/],
    [`${TEXT} That is what the text says, and I do not follow it.`, /does not end/],
    [`{"reason": 'it says ${TEXT}', "score": 0}`, /does not end/],
    [JSON.stringify([VALUE]), /does not end/],
    [JSON.stringify({ ...VALUE, score: 7 }), /score: .*1/],
    [JSON.stringify({ ...VALUE, score: -0.01 }), /score: .*0/],
    [JSON.stringify({ ...VALUE, score: "0.5" }), /score: .*number/],
    [JSON.stringify({ ...VALUE, score: null }), /score: .*number/],
    [TEXT.replace("0.5", "1e999"), /score/],
    [TEXT.replace("0.5", "NaN"), /does not end/],
    [JSON.stringify({ ...VALUE, isFit: "true" }), /isFit: .*boolean/],
    [JSON.stringify({ score: 0.5, isFit: true }), /reason/],
    [JSON.stringify({ judgement: VALUE }), /reason.*score.*isFit/],
  ];
  for (const [reply, problem] of cases) {
    const read = form.read(reply);
    assert.ok("problem" in read, reply);
    assert.match(read.problem, problem, reply);
  }
});

Deno.test("replyForm() never throws, and never invents a number", () => {
  const piece = fc.oneof(
    anyText({ maxLength: 10 }),
    fc.constantFrom(
      "{",
      "}",
      '"',
      '"score":',
      "0.25",
      "7",
      ",",
      "```",
      '{"score":1}',
      TEXT,
      "\\",
      "null",
      "true",
      "\n",
    ),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const reply = pieces.join("");
      const read = form.read(reply);
      if ("problem" in read) return;
      const { score } = read.value;
      assert.ok(score >= 0 && score <= 1);
      // A number that was read stands in the reply, after its label.
      const written = [...reply.matchAll(/"score"\s*:\s*(-?[\d.eE+-]+)/g)].map(([, number]) => Number(number));
      assert.ok(written.includes(score), `${score} in ${reply}`);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("replyForm() reads back whatever has its form", () => {
  const value = fc.record({
    reason: anyText(),
    score: fc.double({ min: 0, max: 1, noNaN: true }),
    isFit: fc.boolean(),
  });
  fc.assert(fc.property(value, anyText(), (given, before) => {
    const reply = `${before}\n${JSON.stringify(given)}`;
    assert.deepEqual(form.read(reply), { value: JSON.parse(JSON.stringify(given)) });
  }));
});

Deno.test("replyForm() names every label in its description, with what it has to be", () => {
  const choice = replyForm({ better: choiceField(["first", "tie"], "which one") });
  assert.match(choice.description, /"better": "first" or "tie": which one/);
  assert.deepEqual(choice.read('{"better": "tie"}'), { value: { better: "tie" } });
  assert.ok("problem" in choice.read('{"better": "third"}'));
  for (const label of form.labels) assert.ok(form.description.includes(`"${label}"`), label);
});

Deno.test("replyForm() throws for no labels, and for the one that marks failures", () => {
  assert.throws(() => replyForm({}), /at least one label/);
  assert.throws(() => replyForm({ failure: flagField("?") }), /choose another label/);
});

Deno.test("closingObject() gives up on a text of nothing but braces", () => {
  assert.equal(closingObject("{a".repeat(50_000) + "}"), null);
  assert.equal(closingObject('{"'.repeat(50_000) + '"}'), null);
});
