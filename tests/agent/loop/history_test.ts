import assert from "node:assert/strict";
import fc from "fast-check";
import { trimHistory } from "../../../lib/agent/loop/mod.ts";
import type { ChatMessage } from "../../../lib/tokenizer/mod.ts";

/** Conversations in which each of the assistant's turns may call up to three tools. */
const conversation = fc.tuple(
  fc.boolean(),
  fc.array(fc.array(fc.nat(3), { maxLength: 4 }), { minLength: 1, maxLength: 5 }),
).map(([hasSystem, exchanges]) => {
  const messages: ChatMessage[] = hasSystem ? [{ role: "system", content: "Be kind." }] : [];
  let id = 0;
  exchanges.forEach((turns, number) => {
    messages.push({ role: "user", content: `question ${number}` });
    for (const calls of turns) {
      const ids = Array.from({ length: calls }, () => `call_${id++}`);
      const tool_calls = ids.map((id) => ({ id, function: { name: "look", arguments: {} } }));
      messages.push({ role: "assistant", content: "", ...(calls > 0 ? { tool_calls } : {}) });
      for (const tool_call_id of ids) messages.push({ role: "tool", tool_call_id, content: "{}" });
    }
  });
  return messages;
});

const countTokens = (messages: readonly ChatMessage[]) => messages.length;

Deno.test("trimHistory() keeps what fits, in its order, with system messages and the last question", () => {
  fc.assert(fc.property(conversation, fc.integer({ min: 1, max: 30 }), (messages, maxTokens) => {
    const must = messages.filter(({ role }) => role === "system").length + 1;
    let trimmed: ReturnType<typeof trimHistory>;
    try {
      trimmed = trimHistory(messages, { maxTokens, countTokens });
    } catch (error) {
      assert.ok(error instanceof RangeError && maxTokens < messages.length);
      return;
    }
    const { messages: kept, removed } = trimmed;
    assert.ok(kept.length <= maxTokens && kept.length >= must);
    assert.equal(removed, messages.length - kept.length);
    if (messages.length <= maxTokens) assert.deepEqual(kept, messages);
    const places = kept.map((message) => messages.indexOf(message));
    assert.deepEqual(places, places.toSorted((a, b) => a - b));
    assert.ok(kept.includes(messages.findLast(({ role }) => role === "user")!));
  }));
});

Deno.test("trimHistory() never keeps a call without its result, nor a result without its call", () => {
  fc.assert(fc.property(conversation, fc.integer({ min: 1, max: 30 }), (messages, maxTokens) => {
    let kept: ChatMessage[];
    try {
      kept = trimHistory(messages, { maxTokens, countTokens }).messages;
    } catch {
      return;
    }
    const calls = kept.flatMap(({ tool_calls = [] }) => tool_calls.map(({ id }) => id));
    const results = kept.flatMap(({ tool_call_id }) => tool_call_id ?? []);
    assert.deepEqual(results, calls);
  }));
});

Deno.test("trimHistory() lets whole exchanges go first, then the oldest calls of the last one", () => {
  const called = (id: string): ChatMessage[] => [
    { role: "assistant", content: "", tool_calls: [{ id, function: { name: "look", arguments: {} } }] },
    { role: "tool", tool_call_id: id, content: "{}" },
  ];
  const messages: ChatMessage[] = [
    { role: "user", content: "first" },
    ...called("a"),
    { role: "user", content: "second" },
    ...called("b"),
    ...called("c"),
  ];
  const contents = (maxTokens: number) =>
    trimHistory(messages, { maxTokens, countTokens }).messages
      .map(({ content, tool_call_id, tool_calls }) => tool_call_id ?? tool_calls?.[0].id ?? content);
  assert.deepEqual(contents(8), ["first", "a", "a", "second", "b", "b", "c", "c"]);
  assert.deepEqual(contents(7), ["second", "b", "b", "c", "c"]);
  assert.deepEqual(contents(4), ["second", "c", "c"]);
  assert.throws(() => contents(2), /the last messages have 3 tokens, and 2 are allowed/);
});
