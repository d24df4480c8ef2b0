import assert from "node:assert/strict";
import { areSameCalls, isRightAnswer, type RequestedCall } from "../../../lib/data/tool_requests/mod.ts";

const calculator = (expression: string): RequestedCall => ({ name: "calculator", arguments: { expression } });
const search = (query: string): RequestedCall => ({ name: "search", arguments: { query } });
const weather = (city: string): RequestedCall => ({ name: "weather", arguments: { city } });

Deno.test("areSameCalls() compares calculations by value and by their numbers", () => {
  const isSame = (one: string, other: string) => areSameCalls([calculator(one)], [calculator(other)]);
  assert.ok(isSame("(5+2)*3", "3*(2+5)"));
  assert.ok(isSame("12.50 * 7", "12.5*7"));
  assert.ok(!isSame("21", "3*(2+5)"));
  assert.ok(!isSame("3*2+5", "3*(2+5)"));
  assert.ok(!isSame("2+2", "2*2*1"));
  assert.ok(!isSame("5-2", "2-5"));
  assert.ok(!isSame("5 x 2", "5*2"));
  assert.ok(!isSame("", "5*2"));
  assert.ok(isSame("1 / 0", "1/0"));
  assert.ok(!isSame("0/1", "1/0"));
});

Deno.test("areSameCalls() compares queries by the words that carry meaning", () => {
  const isSame = (one: string, other: string) => areSameCalls([search(one)], [search(other)]);
  assert.ok(isSame("side effects of Velorin", "side effects of Velorin"));
  assert.ok(isSame("Velorin side effects", "side effects of Velorin"));
  assert.ok(!isSame("side effects of Velorix", "side effects of Velorin"));
  assert.ok(!isSame("Velorin", "side effects of Velorin"));
  assert.ok(!isSame("use of Velorin", "storage of Velorin"));
  assert.ok(!isSame("", "storage of Velorin"));
  assert.ok(!isSame("of the", "of the"));
});

Deno.test("areSameCalls() wants every call once, in any order", () => {
  const both = [weather("Oslo"), weather("Rome")];
  assert.ok(areSameCalls([weather("Rome"), weather("Oslo")], both));
  assert.ok(!areSameCalls([weather("Rome")], both));
  assert.ok(!areSameCalls([weather("Rome"), weather("Rome")], both));
  assert.ok(!areSameCalls([...both, weather("Oslo")], both));
  assert.ok(!areSameCalls([weather("oslo"), weather("Rome")], both));
  assert.ok(!areSameCalls([{ name: "today", arguments: { city: "Oslo" } }], [weather("Oslo")]));
  assert.ok(!areSameCalls([{ name: "weather", arguments: { city: "Oslo", day: 1 } }], [weather("Oslo")]));
});

Deno.test("isRightAnswer() looks for numbers as numbers and for words as words", () => {
  const isRight = (reply: string, ...needed: string[]) => isRightAnswer(reply, { needed }, []);
  assert.ok(isRight("It is 12.", "12"));
  assert.ok(isRight("It is 1,250.", "1250"));
  assert.ok(isRight("It is -4 degrees.", "-4"));
  assert.ok(isRight("The gcd is 3, with x = 2 and y = -1.", "x = 2", "y = -1", "3"));
  assert.ok(!isRight("It is 12.5.", "12"));
  assert.ok(!isRight("It is 120.", "12"));
  assert.ok(!isRight("It is 4 degrees.", "-4"));
  assert.ok(!isRight("x = 21 and y = -1.", "x = 2", "y = -1"));
  assert.ok(!isRight("x = 2.5", "x = 2"));
  assert.ok(!isRight("It is abnormal.", "normal"));
  assert.ok(!isRight("", "12"));
});

Deno.test("isRightAnswer() refuses numbers from nowhere, forbidden words and further calls", () => {
  const key = { needed: ["12"], forbidden: ["Velmor"] };
  const known = ["What is 3 * 4?", '{"result":12}'];
  assert.ok(isRightAnswer("3 * 4 = 12.", key, known));
  assert.ok(isRightAnswer("3*4 = 12.", key, known));
  assert.ok(!isRightAnswer("It is 12 or 13.", key, known));
  assert.ok(!isRightAnswer("It is 12. velmor!", key, known));
  assert.ok(!isRightAnswer('12 <tool_call>\n{"name": "today", "arguments": {}}\n</tool_call>', key, known));
});
