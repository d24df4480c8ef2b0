import assert from "node:assert/strict";
import * as fc from "fast-check";
import { errorOf, withService } from "./running.ts";
import { scriptedEngine } from "./scripted_engine.ts";

const messages = [{ role: "user", content: "Hello" }];
const path = "/v1/chat/completions";

Deno.test("a chat request with a wrong field is refused by 400 that names it", async () => {
  const engine = await scriptedEngine(() => ({ text: "x" }));
  await withService({ engine, limits: { maxPromptTokens: 100 } }, async (service) => {
    const tool = { type: "function", function: { name: "bad name", parameters: {} } };
    const wrong: [object, string][] = [
      [{ model: undefined }, "model"],
      [{ model: 5 }, "model"],
      [{ messages: [] }, "messages"],
      [{ messages: "Hello" }, "messages"],
      [{ messages: [{ role: "king", content: "x" }] }, "messages[0].role"],
      [{ messages: [{ role: "user" }] }, "messages[0].content"],
      [
        { messages: [{ role: "user", content: [{ type: "image_url", image_url: {} }] }] },
        "messages[0].content[0].type",
      ],
      [{ messages: [{ role: "tool", content: "x" }] }, "messages[0].tool_call_id"],
      [{ temperature: -1 }, "temperature"],
      [{ temperature: "hot" }, "temperature"],
      [{ top_p: 0 }, "top_p"],
      [{ max_tokens: 0 }, "max_tokens"],
      [{ max_tokens: 1_000_000 }, "max_tokens"],
      [{ max_completion_tokens: 1_000_000 }, "max_completion_tokens"],
      [{ n: 0 }, "n"],
      [{ n: 1000 }, "n"],
      [{ seed: 1.5 }, "seed"],
      [{ stop: [""] }, "stop[0]"],
      [{ stop: 5 }, "stop"],
      [{ stream: "yes" }, "stream"],
      [{ top_logprobs: 5 }, "top_logprobs"],
      [{ logprobs: true, top_logprobs: 21 }, "top_logprobs"],
      [{ presence_penalty: 1 }, "presence_penalty"],
      [{ logit_bias: { 5: 1 } }, "logit_bias"],
      [{ tools: [tool] }, "tools[0].function.name"],
      [{ tools: [{ type: "browser" }] }, "tools[0].type"],
      [{ tool_choice: "required" }, "tool_choice"],
      [{ tool_choice: { type: "function", function: { name: "x" } } }, "tool_choice"],
      [{ response_format: { type: "json_object" } }, "response_format"],
      [{ response_format: { type: "xml" } }, "response_format.type"],
      [{ functions: [] }, "functions"],
      [{ messages: [{ role: "user", content: "word ".repeat(300) }] }, "messages"],
    ];
    for (const [fields, param] of wrong) {
      const error = await errorOf(await service.post(path, { model: "base", messages, ...fields }));
      assert.deepEqual([error.status, error.param, error.type], [400, param, "invalid_request_error"]);
      assert.ok(error.message.length > 10, param);
    }
    assert.equal(engine.requests.length, 0);
    assert.equal(service.service.inService, 0);
  });
});

Deno.test("fields that a client adds, and nulls, are passed over", async () => {
  const engine = await scriptedEngine(() => ({ text: "x" }));
  await withService({ engine }, async (service) => {
    const response = await service.post(path, {
      model: "base",
      messages: [{ ...messages[0], refusal: null, annotations: [] }],
      user: "someone",
      store: true,
      metadata: { a: "b" },
      service_tier: "auto",
      stop: null,
      tools: null,
      seed: null,
      response_format: { type: "text" },
    });
    assert.equal(response.status, 200);
    await response.body?.cancel();
  });
});

Deno.test("a body that is no JSON, too deep, of another type or none is refused", async () => {
  const engine = await scriptedEngine(() => ({ text: "x" }));
  await withService({ engine }, async (service) => {
    const json = { "content-type": "application/json" };
    const sent: [BodyInit | null, Record<string, string>, number][] = [
      ["{", json, 400],
      ["", json, 400],
      [null, json, 400],
      ["[]", json, 400],
      ["null", json, 400],
      [Uint8Array.of(0x22, 0xff, 0x22), json, 400],
      ["[".repeat(100_000) + "]".repeat(100_000), json, 400],
      ['{"a":'.repeat(500) + "1" + "}".repeat(500), json, 400],
      ["{}", { "content-type": "text/plain" }, 415],
      ["{}", { ...json, "content-encoding": "gzip" }, 415],
      [new Uint8Array(2), {}, 415],
    ];
    for (const [body, headers, status] of sent) {
      const error = await errorOf(await fetch(`${service.url}${path}`, { method: "POST", body, headers }));
      assert.equal(error.status, status, `${body?.toString().slice(0, 20)}`);
    }
  });
});

Deno.test("whatever JSON is sent, the answer is 200 or an error in the form of the API, never 500", async () => {
  const engine = await scriptedEngine(() => ({ text: "x" }));
  await withService({ engine }, async (service) => {
    const field = fc.constantFrom(
      "model",
      "messages",
      "tools",
      "stop",
      "n",
      "temperature",
      "stream_options",
      "prompt",
      "input",
    );
    const body = fc.dictionary(field, fc.oneof(fc.jsonValue(), fc.constant("base"), fc.constant(messages)));
    const route = fc.constantFrom(path, "/v1/completions", "/v1/embeddings");
    await fc.assert(
      fc.asyncProperty(route, body, async (to, value) => {
        const response = await service.post(to, value);
        const { error } = await response.json();
        assert.ok(response.status === 200 || [400, 404].includes(response.status) && typeof error.message === "string");
      }),
      { numRuns: 150, seed: 5 },
    );
    assert.deepEqual(service.logged, []);
  });
});

Deno.test("an address that is not there is answered by 404 in the form of the API", async () => {
  const engine = await scriptedEngine(() => ({ text: "x" }));
  await withService({ engine }, async (service) => {
    for (const [method, at] of [["GET", "/nothing"], ["GET", path], ["POST", "/v1/models"], ["PUT", "/chat"]]) {
      const error = await errorOf(await fetch(`${service.url}${at}`, { method }));
      assert.equal(error.status, 404);
      assert.match(error.message, new RegExp(`${method} ${at}`));
    }
    const noAgent = await errorOf(await service.post("/chat", { message: "x" }));
    assert.equal(noAgent.status, 404);
    assert.match(noAgent.message, /no agent/);
  });
});
