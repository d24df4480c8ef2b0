import assert from "node:assert/strict";
import {
  ChatEndpointError,
  type ChatRequest,
  collectReply,
  geminiChatModel,
  type GeminiChatModelOptions,
  replyMessage,
  resultMessage,
} from "../../../lib/agent/chat/mod.ts";
import { HOUSE_TOOLS } from "../../../lib/data/mod.ts";
import { breakingServer, type ChatServer, chatServer, eventStream, failure } from "./chat_server.ts";

const SECRET = "a-secret-of-this-test";
const messages = [{ role: "system", content: "Be brief." }, { role: "user", content: "How warm is it in Malmö?" }];
const usageMetadata = { promptTokenCount: 9, candidatesTokenCount: 4, thoughtsTokenCount: 30, totalTokenCount: 43 };

const chunk = (parts: readonly Record<string, unknown>[], finishReason?: string) => ({
  candidates: [{ content: { parts, role: "model" }, ...(finishReason ? { finishReason } : {}), index: 0 }],
  usageMetadata,
  modelVersion: "gemini-test",
});

const HELLO = [chunk([{ text: "Grüß " }]), chunk([{ text: "Gott 👋" }], "STOP")];

function modelAt(server: ChatServer, options: Partial<GeminiChatModelOptions> = {}) {
  return geminiChatModel({
    baseURL: `${server.origin}/v1beta`,
    model: "gemini-2.5-flash",
    apiKey: SECRET,
    maxRetries: 0,
    ...options,
  });
}

async function eventsOf(
  server: ChatServer,
  options: Partial<GeminiChatModelOptions> = {},
  request: Partial<ChatRequest> = {},
) {
  return await Array.fromAsync(modelAt(server, options).stream({ messages, ...request }));
}

async function failureOf(
  server: ChatServer,
  options: Partial<GeminiChatModelOptions> = {},
  request: Partial<ChatRequest> = {},
) {
  try {
    await eventsOf(server, options, request);
  } catch (error) {
    assert.ok(error instanceof ChatEndpointError, String(error));
    assert.ok(!Deno.inspect(error).includes(SECRET), error.message);
    assert.match(error.message, /127\.0\.0\.1:\d+\/v1beta, model "gemini-2\.5-flash": /);
    return error;
  }
  assert.fail("nothing went wrong");
}

Deno.test("geminiChatModel() streams text, whatever the bytes it comes in", async () => {
  for (const pieceBytes of [1, 7, 100, Infinity]) {
    await using server = chatServer(eventStream(HELLO, { pieceBytes }));
    assert.deepEqual(await eventsOf(server), [
      { type: "text", text: "Grüß " },
      { type: "text", text: "Gott 👋" },
      { type: "end", finishReason: "stop", usage: { promptTokens: 9, completionTokens: 34 } },
    ]);
  }
});

Deno.test("geminiChatModel() sends what the request says, and the key in a header alone", async () => {
  await using server = chatServer(eventStream(HELLO));
  const tools = [HOUSE_TOOLS.weather, HOUSE_TOOLS.today];
  const thinking = { includeThoughts: true, thinkingBudget: 100 };
  await eventsOf(server, { thinking }, { tools, temperature: 0.4, topP: 0.9, maxTokens: 99, stop: ["END"], seed: 5 });
  const [{ path, headers, body }] = server.asked;
  assert.equal(path, "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse");
  assert.equal(headers.get("x-goog-api-key"), SECRET);
  assert.deepEqual(body, {
    systemInstruction: { parts: [{ text: "Be brief." }] },
    contents: [{ role: "user", parts: [{ text: "How warm is it in Malmö?" }] }],
    tools: [{
      functionDeclarations: [
        {
          name: "weather",
          description: "Tell the weather in a city.",
          parametersJsonSchema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
        },
        { name: "today", description: "Tell the date of today." },
      ],
    }],
    generationConfig: {
      temperature: 0.4,
      maxOutputTokens: 99,
      topP: 0.9,
      stopSequences: ["END"],
      seed: 5,
      thinkingConfig: thinking,
    },
  });
});

Deno.test("geminiChatModel() sends no key that was meant for Google to another endpoint", async () => {
  const before = Deno.env.get("GEMINI_API_KEY");
  Deno.env.set("GEMINI_API_KEY", SECRET);
  try {
    await using server = chatServer(eventStream(HELLO));
    await eventsOf(server, { apiKey: undefined });
    assert.equal(server.asked[0].headers.get("x-goog-api-key"), null);
  } finally {
    if (before === undefined) Deno.env.delete("GEMINI_API_KEY");
    else Deno.env.set("GEMINI_API_KEY", before);
  }
});

Deno.test("geminiChatModel() gives thoughts apart from the answer", async () => {
  const events = [chunk([{ text: "Hm.", thought: true }]), chunk([{ text: "3." }]), chunk([{ text: "" }], "STOP")];
  await using server = chatServer(eventStream(events));
  const { reasoning, text, finishReason } = await collectReply(modelAt(server).stream({ messages }));
  assert.deepEqual([reasoning, text, finishReason], ["Hm.", "3.", "stop"]);
});

Deno.test("geminiChatModel() gives calls, and sends back their ids, signatures and results", async () => {
  const functionCall = (city: string, id?: string) => ({ ...(id ? { id } : {}), name: "weather", args: { city } });
  const asks = chunk([
    { text: "One moment." },
    { functionCall: functionCall("Oslo", "g1"), thoughtSignature: "c2lnbmF0dXJl" },
    { functionCall: functionCall("Bergen") },
    { functionCall: { name: "today" } },
  ], "STOP");
  await using server = chatServer(eventStream([asks], { pieceBytes: 11 }), eventStream(HELLO));
  const model = modelAt(server, { model: "gemini-3-pro" });
  const reply = await collectReply(model.stream({ messages }));
  assert.equal(reply.finishReason, "toolCalls");
  assert.deepEqual(reply.calls.map(({ name, arguments: given }) => [name, { ...given }]), [
    ["weather", { city: "Oslo" }],
    ["weather", { city: "Bergen" }],
    ["today", {}],
  ]);
  assert.equal(new Set(reply.calls.map(({ id }) => id)).size, 3);

  const [oslo, bergen, today] = reply.calls;
  const chat = [
    ...messages,
    replyMessage(reply),
    // As they happen to be done.
    resultMessage(bergen, '{"temperature":5}'),
    resultMessage(oslo, '{"temperature":3}'),
    resultMessage(today, "Sunday"),
  ];
  await collectReply(model.stream({ messages: chat }));
  assert.deepEqual(server.asked[1].body.contents, [
    { role: "user", parts: [{ text: "How warm is it in Malmö?" }] },
    {
      role: "model",
      parts: [
        { text: "One moment." },
        { functionCall: functionCall("Oslo", "g1"), thoughtSignature: "c2lnbmF0dXJl" },
        { functionCall: functionCall("Bergen") },
        { functionCall: { name: "today", args: {} } },
      ],
    },
    {
      role: "user",
      parts: [
        { functionResponse: { id: "g1", name: "weather", response: { temperature: 3 } } },
        { functionResponse: { name: "weather", response: { temperature: 5 } } },
        { functionResponse: { name: "today", response: { result: "Sunday" } } },
      ],
    },
  ]);
});

Deno.test("geminiChatModel() marks calls that are not its own for the models that check signatures", async () => {
  const call = (id: string) => ({ id, function: { name: "today", arguments: {} } });
  const chat = [
    messages[1],
    { role: "assistant", content: "", tool_calls: [call("a"), call("b")] },
    { role: "tool", tool_call_id: "a", content: "{}" },
    { role: "tool", tool_call_id: "b", content: "{}" },
  ];
  for (const [model, expected] of [["gemini-3-flash", 1], ["gemini-flash-latest", 1], ["gemini-2.5-pro", 0]] as const) {
    await using server = chatServer(eventStream(HELLO));
    await eventsOf(server, { model }, { messages: chat });
    const marks = JSON.stringify(server.asked[0].body).match(/skip_thought_signature_validator/g) ?? [];
    assert.equal(marks.length, expected, model);
  }
});

Deno.test("geminiChatModel() tells how a reply ended", async () => {
  const cases: [unknown, string][] = [
    [chunk([{ text: "a" }], "MAX_TOKENS"), "length"],
    [chunk([{ text: "a" }], "SAFETY"), "filtered"],
    [chunk([], "RECITATION"), "filtered"],
    [{ promptFeedback: { blockReason: "SAFETY" }, usageMetadata }, "filtered"],
    [{ candidates: [{ finishReason: "MALFORMED_FUNCTION_CALL", finishMessage: "weather(" }] }, "toolCalls"],
  ];
  for (const [event, expected] of cases) {
    await using server = chatServer(eventStream([event]));
    const { finishReason, invalidCalls } = await collectReply(modelAt(server).stream({ messages }));
    assert.equal(finishReason, expected);
    assert.deepEqual(invalidCalls.map(({ raw }) => raw), expected === "toolCalls" ? ["weather("] : []);
  }
});

Deno.test("geminiChatModel() estimates the usage that an endpoint leaves out, and says so", async () => {
  const event = { candidates: [{ content: { parts: [{ text: "abcdef" }] }, finishReason: "STOP" }] };
  await using server = chatServer(eventStream([event]));
  const { usage } = await collectReply(modelAt(server).stream({ messages }));
  assert.deepEqual([usage.completionTokens, usage.isEstimated], [2, true]);
});

Deno.test("geminiChatModel() tries again after 429 and 503, and waits as it is asked to", async () => {
  const details = [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "0.01s" }];
  const busy = () => Response.json({ error: { code: 429, message: "slow down", details } }, { status: 429 });
  const away = failure(503, "overloaded", { "retry-after": "0" });
  await using server = chatServer(busy, away, eventStream(HELLO));
  const events = await eventsOf(server, { maxRetries: 2 });
  assert.equal(events.at(-1)?.type, "end");
  assert.equal(server.asked.length, 3);
  await using busyServer = chatServer(busy);
  const error = await failureOf(busyServer, { maxRetries: 1 });
  assert.deepEqual([error.kind, error.status, busyServer.asked.length], ["busy", 429, 2]);
});

Deno.test("geminiChatModel() does not wait for hours", async () => {
  await using server = chatServer(failure(429, "quota of today", { "retry-after": "9999" }));
  const error = await failureOf(server, { maxRetries: 2 });
  assert.deepEqual([error.kind, server.asked.length], ["busy", 1]);
});

Deno.test("geminiChatModel() says what to do about a failure, and never the key", async () => {
  const cases: [() => Response, string, number | undefined, RegExp][] = [
    [failure(400, `API key not valid: ${SECRET}.`), "key", 400, /not valid: \*\*\*\. .*apiKey/],
    [failure(400, "unknown field"), "request", 400, /unknown field/],
    [failure(403, "denied"), "key", 403, /apiKey/],
    [failure(404, "no such model"), "notFound", 404, /no such model\. .*model's name/],
    [failure(500, "internal"), "server", 500, /internal\. Try again later/],
    [() => new Response("<html>", { status: 502 }), "server", 502, /<html>/],
    [() => Response.redirect("http://127.0.0.1:1/elsewhere", 302), "notFound", 302, /baseURL/],
    [eventStream([HELLO[0], { error: { code: 500, message: "died" } }]), "server", undefined, /died/],
    [eventStream([HELLO[0], "{not json"]), "protocol", undefined, /not JSON/],
    [eventStream([chunk([{ text: 3 }])]), "protocol", undefined, /parts/],
    [eventStream([HELLO[0]]), "connection", undefined, /broken off/],
    [() => new Response("hello"), "connection", undefined, /broken off/],
  ];
  for (const [answer, kind, status, message] of cases) {
    await using server = chatServer(answer);
    const error = await failureOf(server);
    assert.deepEqual([error.kind, error.status], [kind, status], error.message);
    assert.match(error.message, message);
  }
  await using server = breakingServer([HELLO[0]]);
  assert.equal((await failureOf(server)).kind, "connection");
});

Deno.test("geminiChatModel() refuses to begin a reply", async () => {
  await using server = chatServer(eventStream(HELLO));
  assert.match((await failureOf(server, {}, { prefill: "<think>" })).message, /prefill/);
  assert.equal(server.asked.length, 0);
});

Deno.test("geminiChatModel() gives an endpoint up that says nothing, at first or midway", async () => {
  for (const answer of [() => new Promise<Response>(() => {}), eventStream([HELLO[0]], { after: "hang" })]) {
    const server = chatServer(answer);
    assert.equal((await failureOf(server, { timeout: 100 })).kind, "timeout");
    // A handler that hangs would keep the server from ending by itself.
    void server[Symbol.asyncDispose]();
  }
});

Deno.test("geminiChatModel() throws the signal's reason when it is aborted, and ends the request", async () => {
  const { promise: gone, resolve } = Promise.withResolvers<void>();
  await using server = chatServer(eventStream([HELLO[0]], { after: "hang", onCancel: resolve }));
  const controller = new AbortController();
  const reason = new Error("enough");
  await assert.rejects(async () => {
    for await (const event of modelAt(server).stream({ messages, signal: controller.signal })) {
      assert.equal(event.type, "text");
      controller.abort(reason);
    }
  }, reason);
  await gone;
});

Deno.test("geminiChatModel() throws the signal's reason while it waits for another try", async () => {
  await using server = chatServer(failure(503, "away", { "retry-after": "30" }));
  const signal = AbortSignal.timeout(50);
  await assert.rejects(eventsOf(server, { maxRetries: 2 }, { signal }), { name: "TimeoutError" });
  assert.equal(server.asked.length, 1);
});
