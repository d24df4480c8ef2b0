import assert from "node:assert/strict";
import { OpenAI } from "openai";
import { EngineBusyError, EngineUnavailableError } from "../../../lib/serve/engine/mod.ts";
import { errorOf, until, withService } from "./running.ts";
import { scriptedEngine } from "./scripted_engine.ts";

const messages = [{ role: "user" as const, content: "Hello" }];
const path = "/v1/chat/completions";

Deno.test("when the queue is full a request is refused by 429 that says when to come again", async () => {
  const engine = await scriptedEngine(() => ({ text: "word ", times: 100_000, pause: 2 }));
  await withService({ engine, limits: { maxRequests: 3 } }, async (service) => {
    const abort = new AbortController();
    const running = [1, 2].map((n) =>
      service.client().chat.completions.create({ model: "base", messages, n }, { signal: abort.signal }).catch(() => {})
    );
    await until(() => engine.active === 3, "three replies");
    const response = await service.post(path, { model: "base", messages });
    assert.ok(Number(response.headers.get("retry-after")) >= 1);
    const error = await errorOf(response);
    assert.deepEqual([error.status, error.type, error.code], [429, "rate_limit_error", "queue_full"]);
    await assert.rejects(service.client().embeddings.create({ model: "vectors", input: "x" }), OpenAI.RateLimitError);
    abort.abort();
    await Promise.all(running);
    await until(() => service.service.inService === 0, "the queue to be empty");
    const after = await service.client().embeddings.create({ model: "vectors", input: "x" });
    assert.equal(after.data.length, 1);
    assert.equal(service.service.metrics.rejected.total, 2);
  });
});

Deno.test("one client cannot take all places", async () => {
  const engine = await scriptedEngine(() => ({ text: "word ", times: 100_000, pause: 2 }));
  await withService({ engine, limits: { maxRequests: 10, maxRequestsPerClient: 2 } }, async (service) => {
    const error = await errorOf(await service.post(path, { model: "base", messages, n: 3 }));
    assert.deepEqual([error.status, error.code], [429, "too_many_requests"]);
  });
});

Deno.test("what the engine has no room for, or cannot do any more, is told so", async () => {
  const refusals = [
    [new EngineBusyError(8, 8, 4), 429, "4"],
    [new EngineUnavailableError("crashed", "the engine has crashed"), 503, "10"],
  ] as const;
  for (const [refusal, status, retryAfter] of refusals) {
    const engine = await scriptedEngine(() => ({ text: "", refusal }));
    await withService({ engine }, async (service) => {
      const response = await service.post(path, { model: "base", messages });
      assert.deepEqual([response.status, response.headers.get("retry-after")], [status, retryAfter]);
      await response.body?.cancel();
    });
  }
});

Deno.test("a model that has crashed is logged once, and clients are not told why", async () => {
  const refusal = new EngineUnavailableError("crashed", "the engine has crashed: no memory at /secret");
  const engine = await scriptedEngine(() => ({ text: "", refusal }));
  await withService({ engine }, async (service) => {
    for (let i = 0; i < 3; i++) {
      const { status, message } = await errorOf(await service.post(path, { model: "base", messages }));
      assert.deepEqual([status, message.includes("secret")], [503, false]);
    }
    assert.equal(service.logged.length, 1);
    assert.match(service.logged[0], /no memory at \/secret.*start the service anew/);
  });
});

Deno.test("while models are loaded requests get 503, and health says how it is at each time", async () => {
  const engine = await scriptedEngine(() => ({ text: "Hello." }));
  const loading = Promise.withResolvers<typeof engine>();
  await withService({ engine: loading.promise }, async (service) => {
    const health = async () => {
      const response = await fetch(`${service.url}/health`);
      return [response.status, (await response.json()).status];
    };
    assert.deepEqual(await health(), [503, "starting"]);
    const early = await service.post(path, { model: "base", messages });
    assert.ok(Number(early.headers.get("retry-after")) >= 1);
    assert.equal((await errorOf(early)).status, 503);
    loading.resolve(engine);
    await loading.promise;
    assert.deepEqual(await health(), [200, "ready"]);
    engine.crash();
    assert.deepEqual(await health(), [503, "degraded"]);
  });
  const failed = Promise.reject(new Error("no such folder"));
  await withService({ engine: failed }, async (service) => {
    await new Promise((resolve) => setTimeout(resolve, 0));
    const response = await fetch(`${service.url}/health`);
    assert.deepEqual([response.status, (await response.json()).status], [503, "degraded"]);
    assert.equal((await errorOf(await service.post(path, { model: "base", messages }))).status, 503);
  });
});

Deno.test("on stopping, replies that are being written end well, and new requests are refused by 503", async () => {
  const engine = await scriptedEngine(() => ({ text: "word ", times: 150, pause: 10 }));
  await withService({ engine }, async (service) => {
    const stream = await service.client().chat.completions.create({ model: "base", messages, stream: true });
    const whole = service.client().chat.completions.create({ model: "base", messages });
    await until(() => engine.active === 2, "both replies to be written");
    const stopped = service.stop();
    const refused = await service.post(path, { model: "base", messages });
    assert.ok(Number(refused.headers.get("retry-after")) >= 1);
    assert.deepEqual((await errorOf(refused)).code, "closing");
    const health = await fetch(`${service.url}/health`);
    assert.deepEqual([health.status, (await health.json()).status], [503, "closing"]);
    const chunks = await Array.fromAsync(stream);
    assert.equal(chunks.at(-1)?.choices[0].finish_reason, "stop");
    assert.equal((await whole).choices[0].finish_reason, "stop");
    await stopped;
    await assert.rejects(fetch(`${service.url}/health`));
  });
});

Deno.test("on stopping, replies that take longer than the grace are ended, and the stream says so", async () => {
  const engine = await scriptedEngine(() => ({ text: "word ", times: 100_000, pause: 5 }));
  await withService({ engine, limits: { graceSeconds: 0.1 } }, async (service) => {
    const stream = await service.client().chat.completions.create({ model: "base", messages, stream: true });
    const read = Array.fromAsync(stream);
    const outcome = assert.rejects(
      read,
      (error) => error instanceof OpenAI.APIError && /service ends/.test(error.message),
    );
    await until(() => engine.active === 1, "the reply to be written");
    await service.stop();
    await outcome;
    assert.equal(engine.active, 0);
    assert.equal(service.service.inService, 0);
  });
});

Deno.test("a silent stream shows that it is still there", async () => {
  const engine = await scriptedEngine(() => ({ text: "word", pause: 300 }));
  await withService({ engine, limits: { heartbeatSeconds: 0.05 } }, async (service) => {
    const response = await service.post(path, { model: "base", messages, stream: true });
    const text = await response.text();
    assert.match(text, /^: still here$/m);
    assert.match(text, /data: \[DONE\]\n\n$/);
    const chunks = await Array.fromAsync(
      await service.client().chat.completions.create({ model: "base", messages, stream: true }),
    );
    assert.equal(chunks.map(({ choices }) => choices[0].delta.content ?? "").join(""), "word");
  });
});

Deno.test("metrics count requests, tokens, refusals and those who left", async () => {
  const engine = await scriptedEngine(() => ({ text: "one two three" }));
  await withService({ engine }, async (service) => {
    await service.client().chat.completions.create({ model: "base", messages });
    await (await service.post(path, {})).body?.cancel();
    await (await fetch(`${service.url}/nothing/at/all`)).body?.cancel();
    const response = await fetch(`${service.url}/metrics`);
    assert.match(response.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
    const text = await response.text();
    const lines = text.split("\n");
    const has = (line: string) => assert.ok(lines.includes(line), `${line}\n\n${text}`);
    has('kiln_http_requests_total{route="/v1/chat/completions",method="POST",status="200"} 1');
    has('kiln_http_requests_total{route="/v1/chat/completions",method="POST",status="400"} 1');
    has('kiln_http_requests_total{route="other",method="GET",status="404"} 1');
    has(`kiln_completion_tokens_total ${engine.drawn}`);
    has("kiln_time_to_first_token_seconds_count 1");
    has("kiln_requests_in_service 0");
    has("kiln_engine_active_rows 0");
    for (const line of lines) assert.match(line, /^$|^# (HELP|TYPE) \w+ |^\w+(\{[^}]*\})? [-\d.e+]+$/);
  });
});
