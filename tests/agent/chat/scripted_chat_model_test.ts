import assert from "node:assert/strict";
import { collectReply, replyMessage, resultMessage, scriptedChatModel } from "../../../lib/agent/chat/mod.ts";
import { HOUSE_TOOLS } from "../../../lib/data/mod.ts";

const messages = [{ role: "user", content: "What is 6*7?" }];

Deno.test("scriptedChatModel() gives its replies in their order, and says when there are no more", async () => {
  const model = scriptedChatModel([
    { reasoning: "A sum.", calls: [{ name: "calculator", arguments: { expression: "6*7" } }] },
    "It is 42.",
  ]);
  const first = await collectReply(model.stream({ messages }));
  assert.deepEqual([first.reasoning, first.text, first.finishReason], ["A sum.", "", "toolCalls"]);
  assert.deepEqual(first.calls, [{ id: "call_1", name: "calculator", arguments: { expression: "6*7" } }]);
  const second = await collectReply(model.stream({ messages }));
  assert.deepEqual([second.text, second.calls, second.finishReason], ["It is 42.", [], "stop"]);
  await assert.rejects(collectReply(model.stream({ messages })), /the script has 2 replies/);
});

Deno.test("scriptedChatModel() reads a string as what a model writes, and numbers calls through the conversation", async () => {
  const call = '<tool_call>\n{"name": "calculator", "arguments": {"expression": "6*7"}}\n</tool_call>';
  const model = scriptedChatModel([`<think>\nHm.\n</think>\n${call}`, `Again.\n${call}\n<tool_call>{"name": `]);
  const first = await collectReply(model.stream({ messages, tools: [HOUSE_TOOLS.calculator] }));
  assert.deepEqual([first.reasoning.trim(), first.text.trim()], ["Hm.", ""]);
  const chat = [...messages, replyMessage(first), resultMessage(first.calls[0], '{"result":42}')];
  const second = await collectReply(model.stream({ messages: chat }));
  assert.deepEqual([...first.calls, ...second.calls].map(({ id }) => id), ["call_1", "call_2"]);
  assert.deepEqual(second.invalidCalls.map(({ kind }) => kind), ["unclosed"]);
  assert.equal(second.text.trim(), "Again.");
});

Deno.test("scriptedChatModel() streams in the pieces that it is told", async () => {
  const model = scriptedChatModel([{ text: ["a", "bcd", "e"] }, "abcdefgh", { text: "abc" }], { pieceLength: 3 });
  const pieces = async () =>
    (await Array.fromAsync(model.stream({ messages }))).flatMap((event) => "text" in event ? event.text : []);
  assert.deepEqual(await pieces(), ["a", "bcd", "e"]);
  assert.equal((await pieces()).join(""), "abcdefgh");
  assert.deepEqual(await pieces(), ["abc"]);
});

Deno.test("scriptedChatModel() makes replies from what is asked, and remembers it as it was", async () => {
  const model = scriptedChatModel(({ messages }, index) => `${index}: ${messages.length} messages`);
  const chat = [...messages];
  assert.equal((await collectReply(model.stream({ messages: chat, seed: 3 }))).text, "0: 1 messages");
  chat.push({ role: "user", content: "And 7*8?" });
  assert.equal((await collectReply(model.stream({ messages: chat }))).text, "1: 2 messages");
  assert.deepEqual(model.requests, [{ messages, seed: 3 }, { messages: chat }]);
});

Deno.test("scriptedChatModel() fails, hangs and ends as it is told", async () => {
  const failure = new Error("on purpose");
  const usage = { promptTokens: 5, completionTokens: 6 };
  const model = scriptedChatModel([{ text: "so far", failure }, { text: "a", hangs: true }, {
    text: "cut",
    finishReason: "length",
    usage,
  }]);
  const seen: string[] = [];
  await assert.rejects(collectReply(model.stream({ messages }), (event) => seen.push(event.type)), failure);
  assert.deepEqual(seen, ["text"]);
  const controller = new AbortController();
  const reason = new Error("enough");
  const hanging = collectReply(model.stream({ messages, signal: controller.signal }), () => controller.abort(reason));
  await assert.rejects(hanging, reason);
  const last = await collectReply(model.stream({ messages }));
  assert.deepEqual([last.text, last.finishReason, last.usage], ["cut", "length", usage]);
  await assert.rejects(collectReply(model.stream({ messages, signal: AbortSignal.abort(reason) })), reason);
});

Deno.test("scriptedChatModel() drops what the reply was begun with", async () => {
  const model = scriptedChatModel(["Hm.\n</think>\nIt is 42."]);
  const { reasoning, text } = await collectReply(model.stream({ messages, prefill: "<think>\n" }));
  assert.deepEqual([reasoning.trim(), text.trim()], ["Hm.", "It is 42."]);
});

Deno.test("replyMessage() keeps reasoning only when it is told to, and invalid calls as they were written", async () => {
  const model = scriptedChatModel(['<think>\nHm.\n</think>\nNow.\n<tool_call>\n{"name": \n</tool_call>']);
  const reply = await collectReply(model.stream({ messages }));
  const message = replyMessage(reply);
  assert.equal(message.reasoning_content, undefined);
  assert.equal(message.tool_calls, undefined);
  assert.match(String(message.content), /^Now\.\n[^]*"name"/);
  assert.equal(replyMessage(reply, { keepReasoning: true }).reasoning_content, "Hm.");
});
