import assert from "node:assert/strict";
import type { ChatEvent } from "../../../lib/agent/chat/mod.ts";
import { breakingServer, chatServer, eventStream, failure } from "./chat_server.ts";
import { delta, eventsOf, failureOf, HELLO, messages, modelAt, SECRET } from "./openai_endpoint.ts";

Deno.test("openaiChatModel() tries again after 429 and 500, as often as it is told", async () => {
  for (const status of [429, 500]) {
    const busy = failure(status, "busy", { "retry-after-ms": "1" });
    await using server = chatServer(busy, busy, eventStream(HELLO));
    const events = await eventsOf(server, { maxRetries: 2 });
    assert.equal(events.at(-1)?.type, "end");
    assert.equal(server.asked.length, 3);
  }
  await using server = chatServer(failure(429, "quota of today", { "retry-after-ms": "1" }));
  const error = await failureOf(server, { maxRetries: 1 });
  assert.deepEqual([error.kind, error.status, server.asked.length], ["busy", 429, 2]);
  assert.match(error.message, /quota of today\. Wait/);
});

Deno.test("openaiChatModel() says what to do about a failure, and never the key", async () => {
  const cases: [() => Response, string, number | undefined, RegExp][] = [
    [failure(401, `Incorrect API key provided: ${SECRET}.`), "key", 401, /provided: \*\*\*\. Give a key .* apiKey/],
    [failure(404, "no model some-model"), "notFound", 404, /no model some-model\. .*baseURL/],
    [failure(400, "unknown field seed"), "request", 400, /unknown field seed\. .*body/],
    [failure(500, "out of memory"), "server", 500, /out of memory\. Try again later/],
    [() => Response.json({ detail: "Not Found" }, { status: 404 }), "notFound", 404, /Not Found/],
    [() => new Response("<html>gateway</html>", { status: 502 }), "server", 502, /502/],
    [() => Response.redirect("http://127.0.0.1:1/elsewhere", 307), "notFound", 307, /baseURL/],
    [
      eventStream([delta({ content: "a" }), { error: { message: `engine died with ${SECRET}` } }]),
      "server",
      undefined,
      /engine died with \*\*\*/,
    ],
    [eventStream([delta({ content: "a" }), "{not json"]), "protocol", undefined, /not what was expected/],
    [eventStream([delta({ content: 3 })]), "protocol", undefined, /choices/],
    [eventStream(["null"]), "protocol", undefined, /not what was expected/],
    [eventStream([delta({ content: "a" })]), "connection", undefined, /broken off/],
    [eventStream([delta({ content: "a" }), "[DONE]"]), "connection", undefined, /broken off/],
    [() => new Response("hello"), "connection", undefined, /broken off/],
  ];
  for (const [answer, kind, status, message] of cases) {
    await using server = chatServer(answer);
    const error = await failureOf(server);
    assert.deepEqual([error.kind, error.status], [kind, status], error.message);
    assert.match(error.message, message);
  }
});

Deno.test("openaiChatModel() says that a connection broke", async () => {
  await using server = breakingServer([delta({ content: "a" })]);
  const error = await failureOf(server);
  assert.equal(error.kind, "connection");
  assert.match(error.message, /the connection broke: /);
});

Deno.test("openaiChatModel() says that an endpoint cannot be reached", async () => {
  const server = chatServer(eventStream(HELLO));
  await server[Symbol.asyncDispose]();
  const error = await failureOf(server);
  assert.equal(error.kind, "connection");
  assert.match(error.message, /Is it running/);
});

Deno.test("openaiChatModel() gives an endpoint up that says nothing, at first or midway", async () => {
  let gone = 0;
  const onCancel = () => void gone++;
  for (const events of [[], [delta({ content: "a" })]]) {
    await using server = chatServer(eventStream(events, { after: "hang", onCancel }));
    const error = await failureOf(server, { timeout: 100 });
    assert.equal(error.kind, "timeout");
    assert.match(error.message, /nothing came for 0\.1 s/);
  }
  assert.equal(gone, 2);
});

Deno.test("openaiChatModel() throws the signal's reason when it is aborted, and ends the request", async () => {
  const { promise: gone, resolve } = Promise.withResolvers<void>();
  await using server = chatServer(eventStream([delta({ content: "a" })], { after: "hang", onCancel: resolve }));
  const controller = new AbortController();
  const seen: ChatEvent[] = [];
  const reason = new Error("enough");
  await assert.rejects(async () => {
    for await (const event of modelAt(server).stream({ messages, signal: controller.signal })) {
      seen.push(event);
      controller.abort(reason);
    }
  }, reason);
  assert.deepEqual(seen, [{ type: "text", text: "a" }]);
  await gone;
  await assert.rejects(eventsOf(server, {}, { signal: AbortSignal.abort(reason) }), reason);
  assert.equal(server.asked.length, 1);
});

Deno.test("openaiChatModel() ends the request when nobody reads on", async () => {
  const { promise: gone, resolve } = Promise.withResolvers<void>();
  await using server = chatServer(eventStream([delta({ content: "a" })], { after: "hang", onCancel: resolve }));
  for await (const event of modelAt(server).stream({ messages })) {
    assert.equal(event.type, "text");
    break;
  }
  await gone;
});

Deno.test("openaiChatModel() throws the signal's reason while it waits for another try", async () => {
  await using server = chatServer(failure(503, "away", { "retry-after": "30" }));
  const signal = AbortSignal.timeout(50);
  await assert.rejects(eventsOf(server, { maxRetries: 2 }, { signal }), { name: "TimeoutError" });
  assert.equal(server.asked.length, 1);
});
