import assert from "node:assert/strict";
import { OpenAI } from "openai";
import { EngineFailure, EngineRequestError } from "../../../lib/serve/engine/mod.ts";
import { errorOf, until, withService } from "./running.ts";
import { scriptedEngine } from "./scripted_engine.ts";

const messages = [{ role: "user" as const, content: "What helps with a headache?" }];

Deno.test("the official client lists the models, and finds one by its id", async () => {
  const engine = await scriptedEngine(() => ({ text: "" }));
  await withService({ engine }, async (service) => {
    const client = service.client();
    const { data } = await client.models.list();
    assert.deepEqual(data.map(({ id }) => id), ["base", "doctor", "vectors"]);
    const model = await client.models.retrieve("doctor");
    assert.equal((model as unknown as { parent: string }).parent, "base");
    await assert.rejects(client.models.retrieve("a/b"), (error) => {
      assert.ok(error instanceof OpenAI.NotFoundError);
      assert.equal(error.code, "model_not_found");
      assert.match(error.message, /"a\/b"/);
      return true;
    });
  });
});

Deno.test("the official client gets a whole reply, with usage", async () => {
  const engine = await scriptedEngine(() => ({ text: "Rest and water." }));
  await withService({ engine }, async (service) => {
    const reply = await service.client().chat.completions.create({
      model: "doctor",
      messages: [{ role: "developer", content: "Be brief." }, {
        role: "user",
        content: [{ type: "text", text: "What " }, { type: "text", text: "helps?" }],
      }],
      temperature: 0.5,
      top_p: 0.9,
      stop: "END",
      seed: 7,
      max_completion_tokens: 99,
    });
    assert.equal(reply.object, "chat.completion");
    assert.equal(reply.model, "doctor");
    const [{ message, finish_reason, logprobs }] = reply.choices;
    assert.deepEqual(message, { role: "assistant", content: "Rest and water.", refusal: null });
    assert.equal(finish_reason, "stop");
    assert.equal(logprobs, null);
    const tokens = engine.tokenizer.encode("Rest and water.").length;
    assert.equal(reply.usage?.completion_tokens, tokens);
    assert.equal(reply.usage?.total_tokens, tokens + (reply.usage?.prompt_tokens ?? NaN));
    assert.equal(reply.usage?.prompt_tokens_details?.cached_tokens, 1);
    const [{ input, ...asked }] = engine.requests;
    assert.deepEqual(asked, {
      model: "doctor",
      temperature: 0.5,
      topP: 0.9,
      topK: undefined,
      minP: undefined,
      repetitionPenalty: undefined,
      maxTokens: 99,
      stop: ["END"],
      seed: 7,
      topLogProbs: undefined,
    });
    assert.deepEqual("messages" in input && input.messages, [
      { role: "system", content: "Be brief." },
      { role: "user", content: "What helps?" },
    ]);
  });
});

Deno.test("the official client streams a reply: the role first, then text, reasoning apart, then usage", async () => {
  const engine = await scriptedEngine(() => ({ text: "a headache\n</think>\n\nRest and water.", begun: "<think>\n" }));
  await withService({ engine }, async (service) => {
    const stream = await service.client().chat.completions.create({
      model: "base",
      messages,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = await Array.fromAsync(stream);
    assert.equal(chunks[0].choices[0].delta.role, "assistant");
    assert.equal(new Set(chunks.map(({ id }) => id)).size, 1);
    const deltas = chunks.flatMap(({ choices }) => choices.map(({ delta }) => delta)) as {
      content?: string;
      reasoning_content?: string;
    }[];
    assert.equal(deltas.map(({ content = "" }) => content).join(""), "Rest and water.");
    assert.equal(deltas.map(({ reasoning_content = "" }) => reasoning_content).join("").trim(), "a headache");
    assert.equal(chunks.at(-2)?.choices[0].finish_reason, "stop");
    const last = chunks.at(-1);
    assert.deepEqual(last?.choices, []);
    assert.equal(last?.usage?.completion_tokens, engine.drawn);
    assert.ok(chunks.slice(0, -1).every(({ usage }) => usage === null));
  });
});

const weather = {
  type: "function" as const,
  function: { name: "weather", parameters: { type: "object", properties: { city: { type: "string" } } } },
};
const CALLS = `Let me look.\n<tool_call>\n{"name": "weather", "arguments": {"city": "Malmö"}}\n</tool_call>\n` +
  `<tool_call>\n{"name": "weather", "arguments": {"city": "Oslo"}}\n</tool_call>`;

Deno.test("the official client gets calls of tools, whole and streamed", async () => {
  const engine = await scriptedEngine(() => ({ text: CALLS }));
  await withService({ engine }, async (service) => {
    const client = service.client();
    const { choices: [{ message, finish_reason }] } = await client.chat.completions.create({
      model: "base",
      messages,
      tools: [weather],
    });
    assert.equal(finish_reason, "tool_calls");
    assert.equal(message.content?.trim(), "Let me look.");
    const calls = (message.tool_calls ?? []) as OpenAI.ChatCompletionMessageFunctionToolCall[];
    assert.deepEqual(calls.map(({ function: { name, arguments: given } }) => [name, JSON.parse(given)]), [
      ["weather", { city: "Malmö" }],
      ["weather", { city: "Oslo" }],
    ]);
    const final = await client.chat.completions.stream({ model: "base", messages, tools: [weather] })
      .finalChatCompletion();
    assert.deepEqual(final.choices[0].message.tool_calls?.map(({ id }) => id), calls.map(({ id }) => id));
    const alone = await client.chat.completions.create({
      model: "base",
      messages,
      tools: [weather],
      parallel_tool_calls: false,
    });
    assert.equal(alone.choices[0].message.tool_calls?.length, 1);
  });
});

Deno.test("a conversation with calls and results goes on to the engine as it was", async () => {
  const engine = await scriptedEngine(() => ({ text: "Rain." }));
  await withService({ engine }, async (service) => {
    const tool_calls = [{ id: "call_1", type: "function" as const, function: { name: "weather", arguments: "{}" } }];
    await service.client().chat.completions.create({
      model: "base",
      tools: [weather],
      messages: [
        ...messages,
        { role: "assistant", content: null, tool_calls },
        { role: "tool", tool_call_id: "call_1", content: `{"rain": true}` },
      ],
    });
    const { input } = engine.requests[0];
    assert.deepEqual("messages" in input && input.messages.slice(1), [
      { role: "assistant", content: "", tool_calls },
      { role: "tool", tool_call_id: "call_1", content: `{"rain": true}` },
    ]);
  });
});

Deno.test("with tool_choice none, and without tools, a call is text", async () => {
  const engine = await scriptedEngine(() => ({ text: CALLS }));
  await withService({ engine }, async (service) => {
    for (const tools of [{ tools: [weather], tool_choice: "none" as const }, {}]) {
      const { choices: [{ message, finish_reason }] } = await service.client().chat.completions.create({
        model: "base",
        messages,
        ...tools,
      });
      assert.equal(finish_reason, "stop");
      assert.equal(message.tool_calls, undefined);
      assert.match(message.content ?? "", /<tool_call>\s*\{"name":"weather","arguments":\{"city":"Oslo"\}\}/);
      const { input } = engine.requests.at(-1)!;
      assert.deepEqual("messages" in input && input.tools, []);
    }
  });
});

Deno.test("several replies come side by side, each drawn with a seed of its own", async () => {
  const engine = await scriptedEngine(({ seed }) => ({ text: `reply ${seed}`, pause: 1 }));
  await withService({ engine }, async (service) => {
    const ask = { model: "base", messages, n: 3, seed: 5 };
    const { choices, usage } = await service.client().chat.completions.create(ask);
    assert.deepEqual(choices.map(({ index, message }) => [index, message.content]), [
      [0, "reply 5"],
      [1, "reply 6"],
      [2, "reply 7"],
    ]);
    assert.equal(usage?.completion_tokens, engine.drawn);
    const texts = ["", "", ""];
    for await (const { choices } of await service.client().chat.completions.create({ ...ask, stream: true })) {
      for (const { index, delta } of choices) texts[index] += delta.content ?? "";
    }
    assert.deepEqual(texts, ["reply 5", "reply 6", "reply 7"]);
  });
});

Deno.test("what the engine refuses is told with its status, whole and streamed", async () => {
  const refusals = [
    [new EngineRequestError("tooLong", "the prompt has 5000 tokens"), 400, "context_length_exceeded"],
    [new EngineRequestError("template", "roles must alternate"), 400, "chat_template"],
    [new EngineRequestError("unknownModel", "no such model"), 404, "model_not_found"],
  ] as const;
  for (const [refusal, status, code] of refusals) {
    const engine = await scriptedEngine(() => ({ text: "", refusal }));
    await withService({ engine }, async (service) => {
      for (const stream of [false, true]) {
        const response = await service.post("/v1/chat/completions", { model: "base", messages, stream });
        const error = await errorOf(response);
        assert.deepEqual([error.status, error.message, error.code], [status, refusal.message, code]);
      }
      assert.equal(service.service.inService, 0);
    });
  }
});

Deno.test("a failure in the midst of a stream reaches the client as an error; one nobody foresaw says nothing of itself", async () => {
  const errors = [new EngineFailure("model", "the logits are not finite"), new Error("secret path /x")];
  for (const error of errors) {
    const engine = await scriptedEngine(() => ({ text: "one two three four", failure: { after: 2, error } }));
    await withService({ engine }, async (service) => {
      const stream = await service.client().chat.completions.create({ model: "base", messages, stream: true });
      const read = Array.fromAsync(stream);
      await assert.rejects(read, (thrown) => {
        assert.ok(thrown instanceof OpenAI.APIError);
        assert.equal(thrown.message.includes("secret"), false);
        assert.match(thrown.message, error instanceof EngineFailure ? /not finite/ : /log/);
        return true;
      });
      assert.equal(service.logged.length, 1);
      assert.ok(service.logged[0].includes(error.message));
      assert.equal(service.service.inService, 0);
    });
  }
});

Deno.test("generation stops when the client leaves, whole and streamed", async () => {
  const engine = await scriptedEngine(() => ({ text: "again ", times: 100_000, pause: 1 }));
  await withService({ engine }, async (service) => {
    const stream = await service.client().chat.completions.create({ model: "base", messages, stream: true });
    for await (const { choices } of stream) if (choices[0].delta.content) break;
    await until(() => engine.active === 0 && service.service.inService === 0, "the stream's row to be free");
    const abort = new AbortController();
    const whole = service.client().chat.completions.create({ model: "base", messages }, { signal: abort.signal });
    await until(() => engine.active === 1, "the reply to begin");
    abort.abort();
    await assert.rejects(whole);
    await until(() => engine.active === 0 && service.service.inService === 0, "the reply's row to be free");
    const drawn = engine.drawn;
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal(engine.drawn, drawn);
    assert.equal(service.service.metrics.aborted.total, 2);
  });
});

Deno.test("a whole reply that takes long comes whole, and one that fails late is broken off", async () => {
  const slow = { text: "one two three four five six", pause: 300 };
  const engine = await scriptedEngine(({ seed }) =>
    seed === 1
      ? slow
      : { ...slow, failure: { after: 4, error: new EngineFailure("model", "the logits are not finite") } }
  );
  await withService({ engine }, async (service) => {
    const { choices, usage } = await service.client().chat.completions.create({ model: "base", messages, seed: 1 });
    assert.equal(choices[0].message.content, "one two three four five six");
    assert.ok((usage?.completion_tokens ?? 0) > 4);
    await assert.rejects(service.client().chat.completions.create({ model: "base", messages, seed: 2 }));
    assert.equal(service.service.inService, 0);
  });
});
