import assert from "node:assert/strict";
import { collectReply } from "../../../lib/agent/chat/mod.ts";
import { HOUSE_TOOLS } from "../../../lib/data/mod.ts";
import { chatServer, eventStream } from "./chat_server.ts";
import { delta, eventsOf, failureOf, HELLO, messages, modelAt, part, SECRET, USAGE } from "./openai_endpoint.ts";

Deno.test("openaiChatModel() streams text, whatever the bytes it comes in", async () => {
  for (const pieceBytes of [1, 7, 100, Infinity]) {
    await using server = chatServer(eventStream(HELLO, { pieceBytes }));
    assert.deepEqual(await eventsOf(server), [
      { type: "text", text: "Grüß " },
      { type: "text", text: "Gott 👋" },
      { type: "end", finishReason: "stop", usage: { promptTokens: 21, completionTokens: 7 } },
    ]);
  }
});

Deno.test("openaiChatModel() sends what the request says", async () => {
  await using server = chatServer(eventStream(HELLO));
  const tools = [HOUSE_TOOLS.weather];
  await eventsOf(server, { body: { top_k: 20 } }, {
    tools,
    temperature: 0.4,
    topP: 0.9,
    maxTokens: 99,
    stop: ["END"],
    seed: 5,
  });
  const [{ path, headers, body }] = server.asked;
  assert.equal(path, "/v1/chat/completions");
  assert.equal(headers.get("authorization"), `Bearer ${SECRET}`);
  assert.deepEqual(body, {
    model: "some-model",
    messages,
    stream: true,
    stream_options: { include_usage: true },
    temperature: 0.4,
    top_p: 0.9,
    max_tokens: 99,
    stop: ["END"],
    seed: 5,
    tools,
    top_k: 20,
  });
});

Deno.test("openaiChatModel() leaves a field out that body takes away, and names the limit as it is told", async () => {
  await using server = chatServer(eventStream(HELLO));
  await eventsOf(server, { body: { temperature: null }, maxTokensField: "max_completion_tokens" });
  const [{ body }] = server.asked;
  assert.equal("temperature" in body, false);
  assert.equal(body.max_completion_tokens, 512);
  assert.equal("max_tokens" in body, false);
});

Deno.test("openaiChatModel() sends no key that was meant for another endpoint", async () => {
  const names = ["OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"];
  const before = names.map((name) => Deno.env.get(name));
  names.forEach((name) => Deno.env.set(name, SECRET));
  try {
    await using server = chatServer(eventStream(HELLO));
    await eventsOf(server, { apiKey: undefined });
    const [{ headers }] = server.asked;
    assert.equal(headers.get("authorization"), null);
    assert.ok(![...headers].flat().some((text) => text.includes(SECRET)));
  } finally {
    names.forEach((name, i) => before[i] === undefined ? Deno.env.delete(name) : Deno.env.set(name, before[i]));
  }
});

Deno.test("openaiChatModel() puts calls together from their pieces, by index", async () => {
  const events = [
    delta({ role: "assistant", content: "One moment." }),
    part(0, "call_a", "weather", ""),
    part(0, undefined, undefined, '{"ci'),
    part(0, undefined, undefined, 'ty": "Malmö } </tool_call>"}'),
    part(1, "call_b", "today", ""),
    delta({}, "tool_calls"),
    USAGE,
    "[DONE]",
  ];
  await using server = chatServer(eventStream(events, { pieceBytes: 3 }));
  const reply = await collectReply(modelAt(server).stream({ messages }));
  assert.equal(reply.text, "One moment.");
  assert.deepEqual(reply.calls.map(({ id, name, arguments: given }) => ({ id, name, given: { ...given } })), [
    { id: "call_a", name: "weather", given: { city: "Malmö } </tool_call>" } },
    { id: "call_b", name: "today", given: {} },
  ]);
  assert.equal(reply.finishReason, "toolCalls");
});

Deno.test("openaiChatModel() tells calls apart by id where every one has the same index, or none", async () => {
  const call = (index: number | undefined, id: string, city: string) =>
    delta({
      tool_calls: [{
        ...(index === undefined ? {} : { index }),
        id,
        function: { name: "weather", arguments: { city } },
      }],
    });
  for (const index of [0, undefined]) {
    await using server = chatServer(
      eventStream([call(index, "a", "Oslo"), call(index, "b", "Bergen"), delta({}, "stop"), "[DONE]"]),
    );
    const { calls, finishReason } = await collectReply(modelAt(server).stream({ messages }));
    assert.deepEqual(calls.map(({ id, arguments: given }) => [id, given.city]), [["a", "Oslo"], ["b", "Bergen"]]);
    // Ended by "stop", and there are calls to be answered all the same.
    assert.equal(finishReason, "toolCalls");
  }
});

Deno.test("openaiChatModel() gives invalid calls as such", async () => {
  const cases: [string, string, string][] = [
    ["weather", '{"city": ', "not json"],
    ["weather", '["Oslo"]', "not json"],
    ["", '{"city": "Oslo"}', "not a call"],
    ["weather", `{"city": "${"x".repeat(70_000)}"}`, "too long"],
  ];
  for (const [name, text, kind] of cases) {
    await using server = chatServer(eventStream([part(0, "a", name, text), delta({}, "tool_calls"), USAGE, "[DONE]"]));
    const { calls, invalidCalls: [invalid], finishReason } = await collectReply(modelAt(server).stream({ messages }));
    assert.deepEqual([calls.length, finishReason], [0, "toolCalls"]);
    assert.equal(invalid.id, "a");
    assert.equal(invalid.kind, kind, text.slice(0, 20));
    assert.ok(invalid.raw.length <= 2000 && invalid.problem.length > 0);
  }
});

Deno.test("openaiChatModel() tells a call that was cut at the limit", async () => {
  await using server = chatServer(
    eventStream([part(0, "a", "weather", '{"city": "Os'), delta({}, "length"), "[DONE]"]),
  );
  const { invalidCalls, finishReason } = await collectReply(modelAt(server).stream({ messages }));
  assert.deepEqual(invalidCalls.map(({ kind, name }) => [kind, name]), [["unclosed", "weather"]]);
  assert.equal(finishReason, "length");
});

Deno.test("openaiChatModel() has no prototype keys in arguments", async () => {
  const text = '{"city": "Oslo", "__proto__": {"admin": true}}';
  await using server = chatServer(eventStream([part(0, "a", "weather", text), delta({}, "tool_calls"), "[DONE]"]));
  const { calls, invalidCalls } = await collectReply(modelAt(server).stream({ messages }));
  assert.equal(calls.length + invalidCalls.length, 1);
  for (const { arguments: given } of calls) {
    assert.equal(given.city, "Oslo");
    assert.ok(!("admin" in given) && !("toString" in given));
  }
});

Deno.test("openaiChatModel() gives reasoning apart, under both of its names, and refusals as text", async () => {
  const events = [
    delta({ reasoning_content: "Let me " }),
    delta({ reasoning: "see." }),
    delta({ content: "It is 3." }),
    delta({ refusal: " No more." }),
    delta({}, "length"),
    USAGE,
    "[DONE]",
  ];
  await using server = chatServer(eventStream(events));
  const { reasoning, text, finishReason } = await collectReply(modelAt(server).stream({ messages }));
  assert.deepEqual([reasoning, text, finishReason], ["Let me see.", "It is 3. No more.", "length"]);
});

Deno.test("openaiChatModel() reads tags where the endpoint leaves them in the text", async () => {
  const written =
    '<think>\nHm.\n</think>\n<tool_call>\n{"name": "weather", "arguments": {"city": "Oslo"}}\n</tool_call>';
  const events = [...written].map((content) => delta({ content }));
  await using server = chatServer(eventStream([...events, delta({}, "stop"), USAGE, "[DONE]"]));
  const reply = await collectReply(modelAt(server, { readTags: true }).stream({ messages }));
  assert.equal(reply.text.trim(), "");
  assert.equal(reply.reasoning.trim(), "Hm.");
  assert.deepEqual(reply.calls.map(({ name, arguments: given }) => [name, given.city]), [["weather", "Oslo"]]);
  assert.equal(reply.finishReason, "toolCalls");
});

Deno.test("openaiChatModel() estimates the usage that an endpoint leaves out, and says so", async () => {
  await using server = chatServer(eventStream([delta({ content: "abcdef" }), delta({}, "stop"), "[DONE]"]));
  const { usage } = await collectReply(modelAt(server).stream({ messages }));
  assert.equal(usage.isEstimated, true);
  assert.equal(usage.completionTokens, 2);
  assert.equal(usage.promptTokens, modelAt(server).countTokens(messages));
});

Deno.test("openaiChatModel() says that the provider held the reply back", async () => {
  await using server = chatServer(eventStream([delta({}, "content_filter"), USAGE, "[DONE]"]));
  assert.equal((await collectReply(modelAt(server).stream({ messages }))).finishReason, "filtered");
});

Deno.test("openaiChatModel() begins a reply where the endpoint can, and throws where it cannot", async () => {
  await using server = chatServer(eventStream(HELLO));
  assert.equal(modelAt(server).canPrefill, false);
  assert.match((await failureOf(server, {}, { prefill: "<think>\n" })).message, /prefill/);
  assert.equal(server.asked.length, 0);
  const able = modelAt(server, { prefill: "continueFinalMessage" });
  assert.equal(able.canPrefill, true);
  await collectReply(able.stream({ messages, prefill: "<think>\n" }));
  const [{ body }] = server.asked;
  assert.deepEqual(body.messages, [...messages, { role: "assistant", content: "<think>\n" }]);
  assert.deepEqual([body.continue_final_message, body.add_generation_prompt], [true, false]);
});

Deno.test("openaiChatModel() sends calls with their results, and no earlier reasoning unless it is told to", async () => {
  const chat = [
    { role: "user", content: "Weather in Oslo?" },
    {
      role: "assistant",
      content: "",
      reasoning_content: "A tool.",
      tool_calls: [{ id: "c1", type: "function" as const, function: { name: "weather", arguments: { city: "Oslo" } } }],
    },
    { role: "tool", tool_call_id: "c1", name: "weather", content: '{"temperature":3}' },
    { role: "assistant", content: "3 degrees.", reasoning_content: "Done." },
    { role: "user", content: "Thanks." },
  ];
  await using server = chatServer(eventStream(HELLO));
  await eventsOf(server, {}, { messages: chat });
  await eventsOf(server, { keepReasoning: true }, { messages: chat });
  const call = { id: "c1", type: "function", function: { name: "weather", arguments: '{"city":"Oslo"}' } };
  const sent = [
    { role: "user", content: "Weather in Oslo?" },
    { role: "assistant", content: null, tool_calls: [call] },
    { role: "tool", tool_call_id: "c1", content: '{"temperature":3}' },
    { role: "assistant", content: "3 degrees." },
    { role: "user", content: "Thanks." },
  ];
  assert.deepEqual(server.asked[0].body.messages, sent);
  const kept = sent.map((message, i) =>
    i === 1 || i === 3 ? { ...message, reasoning_content: chat[i].reasoning_content } : message
  );
  assert.deepEqual(server.asked[1].body.messages, kept);
});
