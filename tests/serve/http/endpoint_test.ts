import assert from "node:assert/strict";
import { OpenAI } from "openai";
import { errorOf, until, withService } from "./running.ts";
import { scriptedEngine } from "./scripted_engine.ts";

const messages = [{ role: "user" as const, content: "Hello" }];
const path = "/v1/chat/completions";

Deno.test("with an endpoint, models, replies, streams and vectors are its", async () => {
  const engine = await scriptedEngine(() => ({ text: "Hello to you." }));
  await withService({ engine, token: "key-of-the-far-one" }, async (far) => {
    await withService({ endpoint: { url: `${far.url}/v1/`, key: "key-of-the-far-one" } }, async (service) => {
      const client = service.client();
      assert.deepEqual((await client.models.list()).data.map(({ id }) => id), ["base", "doctor", "vectors"]);
      assert.equal((await client.models.retrieve("doctor")).id, "doctor");
      const { choices } = await client.chat.completions.create({ model: "base", messages, logprobs: true });
      assert.equal(choices[0].message.content, "Hello to you.");
      assert.equal(engine.requests[0].topLogProbs, 0);
      const chunks = await Array.fromAsync(
        await client.chat.completions.create({ model: "base", messages, stream: true }),
      );
      assert.equal(chunks.map(({ choices }) => choices[0].delta.content ?? "").join(""), "Hello to you.");
      assert.equal((await client.embeddings.create({ model: "vectors", input: "x" })).data.length, 1);
      assert.equal((await client.completions.create({ model: "base", prompt: "x" })).choices[0].text, "Hello to you.");
      await assert.rejects(client.chat.completions.create({ model: "nobody", messages }), OpenAI.NotFoundError);
      const health = await fetch(`${service.url}/health`);
      assert.deepEqual(await health.json(), { status: "ready" });
      assert.equal(service.service.inService, 0);
    });
  });
});

Deno.test("with an endpoint, limits are kept here, and its errors come through with no key in them", async () => {
  const engine = await scriptedEngine(() => ({ text: "x" }));
  await withService({ engine, token: "key-of-the-far-one" }, async (far) => {
    const limits = { maxTokens: 50, maxBodyBytes: 500, maxChoices: 2 };
    await withService({ endpoint: { url: `${far.url}/v1`, key: "key-of-the-far-one" }, limits }, async (service) => {
      const wrong: [object, number, string | null][] = [
        [{ max_tokens: 51 }, 400, "max_tokens"],
        [{ n: 3 }, 400, "n"],
        [{ messages: [{ role: "user", content: "x".repeat(600) }] }, 413, null],
        [{ temperature: 9 }, 400, "temperature"],
      ];
      for (const [fields, status, param] of wrong) {
        const error = await errorOf(await service.post(path, { model: "base", messages, ...fields }));
        assert.deepEqual([error.status, error.param], [status, param]);
      }
    });
    await withService({ endpoint: { url: `${far.url}/v1`, key: "a wrong one" } }, async (service) => {
      const error = await errorOf(await service.post(path, { model: "base", messages }));
      assert.equal(error.status, 502);
      assert.match(error.message, /KILN_API_KEY/);
      assert.equal(error.message.includes("a wrong one"), false);
    });
  });
});

Deno.test("an endpoint that is gone is told by 502, and health is degraded", async () => {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = listener.addr;
  listener.close();
  await withService({ endpoint: { url: `http://127.0.0.1:${port}/v1` } }, async (service) => {
    for (
      const response of [await service.post(path, { model: "x", messages }), await fetch(`${service.url}/v1/models`)]
    ) {
      const error = await errorOf(response);
      assert.deepEqual([error.status, error.code], [502, "endpoint_connection"]);
      assert.match(error.message, new RegExp(`127.0.0.1:${port}`));
    }
    const health = await fetch(`${service.url}/health`);
    assert.deepEqual([health.status, await health.json()], [503, { status: "degraded" }]);
    assert.equal(service.service.inService, 0);
  });
});

Deno.test("an endpoint that is busy says through the service when to try again", async () => {
  const busy = { status: 429, headers: { "retry-after": "7", "x-other": "stays there" } };
  const far = Deno.serve({ port: 0, onListen() {} }, () => Response.json({ error: { message: "busy" } }, busy));
  await withService({ endpoint: { url: `http://127.0.0.1:${far.addr.port}/v1` } }, async (service) => {
    const response = await service.post(path, { model: "x", messages });
    assert.deepEqual([response.status, response.headers.get("retry-after")], [429, "7"]);
    assert.equal(response.headers.get("x-other"), null);
    assert.equal((await errorOf(response)).message, "busy");
  });
  await far.shutdown();
});

Deno.test("an endpoint that points elsewhere is not followed, and told of", async () => {
  const far = Deno.serve({ port: 0, onListen() {} }, () => Response.redirect("http://elsewhere.invalid/v1", 307));
  await withService({ endpoint: { url: `http://127.0.0.1:${far.addr.port}/v1` } }, async (service) => {
    for (
      const response of [await service.post(path, { model: "x", messages }), await fetch(`${service.url}/v1/models`)]
    ) {
      const error = await errorOf(response);
      assert.deepEqual([error.status, error.code], [502, "endpoint_connection"]);
      assert.match(error.message, /points elsewhere \(307\)/);
    }
    assert.equal(service.service.inService, 0);
  });
  await far.shutdown();
});

Deno.test("a client that leaves ends the reply at the endpoint too", async () => {
  const engine = await scriptedEngine(() => ({ text: "again ", times: 100_000, pause: 2 }));
  await withService({ engine }, async (far) => {
    await withService({ endpoint: { url: `${far.url}/v1` } }, async (service) => {
      const stream = await service.client().chat.completions.create({ model: "base", messages, stream: true });
      for await (const { choices } of stream) if (choices[0].delta.content) break;
      await until(() => engine.active === 0 && service.service.inService === 0, "the reply to be over");
    });
  });
});
