import assert from "node:assert/strict";
import {
  ChatEndpointError,
  type ChatEvent,
  collectReply,
  pooledChatModel,
  type PooledChatModelOptions,
} from "../../../lib/agent/chat/mod.ts";
import { endpointPool, type EndpointPoolOptions } from "../../../lib/endpoints/mod.ts";
import { breakingServer, type ChatServer, chatServer, eventStream, failure } from "./chat_server.ts";
import { delta, HELLO, messages } from "./openai_endpoint.ts";

/** The text of `HELLO`. */
const TEXT = "Grüß Gott 👋";

/** A model over servers. Their health is not asked: what is up is up until a request fails. */
function modelOver(
  servers: readonly ChatServer[],
  options: Partial<PooledChatModelOptions> = {},
  poolOptions: Partial<EndpointPoolOptions> = {},
) {
  const pool = endpointPool({
    endpoints: servers.map(({ origin }) => ({ url: `${origin}/v1`, key: "sk-0123456789" })),
    fetch: () => Promise.resolve(new Response()),
    ...poolOptions,
  });
  return { pool, model: pooledChatModel(pool, { model: "some-model", ...options }) };
}

Deno.test("pooledChatModel() is the model of its endpoints, and shares requests out among them", async () => {
  await using first = chatServer(eventStream(HELLO));
  await using second = chatServer(eventStream(HELLO));
  const { pool, model } = modelOver([first, second], { prefill: "continueFinalMessage" });
  assert.deepEqual([model.name, model.canPrefill], ["some-model", true]);
  const replies = await Promise.all([1, 2, 3, 4].map((seed) => collectReply(model.stream({ messages, seed }))));
  for (const { text, usage } of replies) {
    assert.equal(text, TEXT);
    assert.deepEqual(usage, { promptTokens: 21, completionTokens: 7 });
  }
  const asked = [first, second].map(({ asked }) => asked.map(({ body }) => body.seed));
  assert.deepEqual(asked.map(({ length }) => length), [2, 2]);
  assert.deepEqual(asked.flat().sort(), [1, 2, 3, 4]);
  assert.equal(first.asked[0].headers.get("authorization"), "Bearer sk-0123456789");
  assert.deepEqual(pool.stats().map(({ requests, completionTokens }) => [requests, completionTokens]), [[2, 14], [
    2,
    14,
  ]]);
  await pool.dispose();
});

Deno.test("pooledChatModel() has a reply that broke off written anew elsewhere, and gives it out and counts it once", async () => {
  await using broken = breakingServer([delta({ content: "Grüß " })]);
  await using whole = chatServer(eventStream(HELLO));
  const { pool, model } = modelOver([broken, whole]);
  const events = await Array.fromAsync(model.stream({ messages, seed: 5, temperature: 0.7 }));
  const text = events.map((event) => event.type === "text" ? event.text : "").join("");
  assert.equal(text, TEXT);
  assert.deepEqual(events.at(-1), {
    ...{ type: "end", finishReason: "stop" },
    usage: { promptTokens: 21, completionTokens: 7 },
  });
  const { seed, temperature } = whole.asked[0].body;
  assert.deepEqual([whole.asked.length, seed, temperature], [1, 5, 0.7]);
  const [{ failures, completionTokens }, { requests }] = pool.stats();
  assert.deepEqual([failures, completionTokens, requests], [1, 0, 1]);
  await pool.dispose();
});

Deno.test("pooledChatModel() that gives out as it comes starts anew before its first event, and throws after it", async () => {
  await using broken = breakingServer([delta({ content: "Grüß " })]);
  await using refusing = chatServer(failure(500, "out of memory"));
  await using whole = chatServer(eventStream(HELLO));
  const live = { restart: "beforeFirstEvent" } as const;
  const fine = modelOver([refusing, whole], live);
  assert.equal((await collectReply(fine.model.stream({ messages }))).text, TEXT);
  assert.equal(refusing.asked.length, 1);
  const { pool, model } = modelOver([broken, whole], live);
  const events: ChatEvent[] = [];
  await assert.rejects(
    async () => {
      for await (const event of model.stream({ messages })) events.push(event);
    },
    (error) => error instanceof ChatEndpointError && error.kind === "connection",
  );
  assert.deepEqual(events, [{ type: "text", text: "Grüß " }]);
  assert.deepEqual(pool.stats().map(({ open, failures }) => [open, failures]), [[0, 1], [0, 0]]);
  await fine.pool.dispose();
  await pool.dispose();
});

Deno.test("pooledChatModel() waits for a busy endpoint as long as that asks, and throws at once what is the request's fault", async () => {
  await using busy = chatServer(failure(429, "slow down", { "retry-after": "0.05" }), eventStream(HELLO));
  const { pool, model } = modelOver([busy], {}, { maxRetries: 0 });
  const begun = performance.now();
  assert.equal((await collectReply(model.stream({ messages }))).text, TEXT);
  assert.ok(performance.now() - begun >= 45);
  await pool.dispose();
  await using strict = chatServer(failure(400, "no such field"));
  await using other = chatServer(eventStream(HELLO));
  const picky = modelOver([strict, other]);
  await assert.rejects(
    collectReply(picky.model.stream({ messages })),
    (error) => error instanceof ChatEndpointError && error.kind === "request",
  );
  assert.deepEqual([strict.asked.length, other.asked.length, picky.pool.stats()[0].failures], [1, 0, 0]);
  await picky.pool.dispose();
});

Deno.test("pooledChatModel() throws what the last endpoint said when all fail, in the words of chat models", async () => {
  await using first = chatServer(failure(500, "out of memory"));
  await using second = chatServer(failure(502, "bad gateway"));
  const { pool, model } = modelOver([first, second], {}, { maxRetries: 2 });
  await assert.rejects(collectReply(model.stream({ messages })), (error) => {
    assert.ok(error instanceof ChatEndpointError && error.kind === "server", String(error));
    assert.match(error.message, /127\.0\.0\.1:\d+\/v1, model "some-model": it answered 50/);
    return true;
  });
  assert.equal(first.asked.length + second.asked.length, 3);
  await pool.dispose();
  const gone = endpointPool({
    endpoints: [{ url: first.origin }],
    fetch: () => Promise.reject(new TypeError("connection refused")),
    ...{ patienceMs: 1, maxProbeIntervalMs: 10 },
  });
  await gone.check();
  const lost = collectReply(pooledChatModel(gone, { model: "some-model" }).stream({ messages }));
  await assert.rejects(lost, (error) => error instanceof ChatEndpointError && error.kind === "connection");
  await gone.dispose();
});

Deno.test("pooledChatModel() gives its place back when its reader leaves or aborts", async () => {
  await using server = chatServer(eventStream(HELLO.slice(0, 2), { after: "hang" }));
  const { pool, model } = modelOver([server], { restart: "beforeFirstEvent" });
  for await (const { type } of model.stream({ messages })) {
    assert.equal(type, "text");
    assert.equal(pool.stats()[0].open, 1);
    break;
  }
  const abort = new AbortController();
  const reading = collectReply(
    model.stream({ messages, signal: abort.signal }),
    () => abort.abort(new Error("enough")),
  );
  await assert.rejects(reading, /^Error: enough$/);
  const [{ open, failures, state }] = pool.stats();
  assert.deepEqual([open, failures, state], [0, 0, "up"]);
  assert.throws(() => pooledChatModel(pool, { model: "m", timeout: 0 }), /timeout/);
  await pool.dispose();
});
