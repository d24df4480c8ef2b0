import assert from "node:assert/strict";
import fc from "fast-check";
import { callText, HOUSE_TOOLS, isValidCall, parseCalls } from "../../../lib/data/tool_requests/mod.ts";
import { chatMlTemplate } from "../../../lib/tokenizer/mod.ts";
import { tinyTokenizer } from "../../tokenizer/tiny.ts";

const tools = Object.values(HOUSE_TOOLS);
const call = (json: string) => `<tool_call>\n${json}\n</tool_call>`;

Deno.test("parseCalls() reads back what callText() writes", () => {
  const value = fc.oneof(fc.string(), fc.integer(), fc.constant("</tool_call>"), fc.constant('a "b" {c}'));
  const name = fc.string({ minLength: 1 });
  const aCall = fc.record({ name, arguments: fc.dictionary(name, value) });
  fc.assert(fc.property(fc.array(aCall, { minLength: 1, maxLength: 4 }), (calls) => {
    assert.deepEqual(parseCalls(callText(calls)), JSON.parse(JSON.stringify(calls)));
  }));
});

Deno.test("callText() writes calls as the chat template does", () => {
  const tokenizer = tinyTokenizer().withChatTemplate(chatMlTemplate);
  const value = fc.oneof(fc.string(), fc.integer(), fc.constantFrom(1.75, -0.5, "x ≡ 4", "it's", "<b>"));
  const calls = fc.array(fc.dictionary(fc.constantFrom("a", "city", "height_m"), value), {
    minLength: 1,
    maxLength: 3,
  });
  fc.assert(fc.property(calls, (list) => {
    const given = list.map((values) => ({ name: "weather", arguments: values }));
    const text = tokenizer.applyChatTemplate([
      { role: "user", content: "?" },
      { role: "assistant", content: "", tool_calls: given.map((each) => ({ type: "function", function: each })) },
    ]);
    const opening = "<|im_start|>assistant\n";
    const turn = text.slice(text.indexOf(opening) + opening.length).replace(/<\|im_end\|>\n$/, "");
    assert.equal(callText(given), turn);
  }));
});

Deno.test("parseCalls() takes nothing but calls", () => {
  const right = call('{"name": "today", "arguments": {}}');
  assert.deepEqual(parseCalls(`\n${right} ${right}\n`)?.length, 2);
  for (
    const reply of [
      "",
      "It is 12.",
      `I will look. ${right}`,
      `${right} It is 12.`,
      right.replace("</tool_call>", ""),
      right.replace("<tool_call>", ""),
      call('{"name": "today"}'),
      call('{"name": "today", "arguments": "{}"}'),
      call('{"name": "today", "arguments": []}'),
      call('{"name": "today", "arguments": {}, "id": 1}'),
      call("{'name': 'today', 'arguments': {}}"),
      call('{"name": "today", "arguments": {}'),
      call('[{"name": "today", "arguments": {}}]'),
      call("today()"),
      "<tool_call>".repeat(1000),
    ]
  ) assert.equal(parseCalls(reply), null, reply);
});

Deno.test("parseCalls() never throws", () => {
  const piece = fc.constantFrom(
    "<tool_call>",
    "</tool_call>",
    "{",
    "}",
    '"name"',
    '"arguments"',
    ":",
    ",",
    "[",
    "x",
    "\n",
  );
  const pieces = fc.array(piece).map((list) => list.join(""));
  fc.assert(fc.property(fc.oneof(fc.string(), pieces), (reply) => {
    const calls = parseCalls(reply);
    assert.ok(calls === null || calls.length > 0);
  }));
});

Deno.test("isValidCall() wants a tool on offer and all of its arguments, of their types", () => {
  const isValid = (json: string) => isValidCall(JSON.parse(json), tools);
  for (
    const json of [
      '{"name": "today", "arguments": {}}',
      '{"name": "bezout", "arguments": {"b": -21, "a": 12}}',
      '{"name": "bmi", "arguments": {"weight_kg": 70, "height_m": 1.75}}',
    ]
  ) assert.ok(isValid(json), json);
  for (
    const json of [
      '{"name": "Today", "arguments": {}}',
      '{"name": "toString", "arguments": {}}',
      '{"name": "today", "arguments": {"day": 1}}',
      '{"name": "today", "arguments": {"__proto__": 1}}',
      '{"name": "bezout", "arguments": {"a": 12}}',
      '{"name": "bezout", "arguments": {"a": 12, "b": 2.5}}',
      '{"name": "bezout", "arguments": {"a": 12, "b": "21"}}',
      '{"name": "bezout", "arguments": {"a": 12, "b": 21, "c": 1}}',
      '{"name": "bmi", "arguments": {"weight_kg": null, "height_m": 1.75}}',
      '{"name": "weather", "arguments": {"city": ["Oslo"]}}',
    ]
  ) assert.ok(!isValid(json), json);
  assert.ok(!isValidCall({ name: "today", arguments: {} }, [HOUSE_TOOLS.weather]));
});
