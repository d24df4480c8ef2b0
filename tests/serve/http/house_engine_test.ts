import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { HOUSE_TOOLS } from "../../../lib/data/mod.ts";
import { type Engine, openEngine } from "../../../lib/serve/engine/mod.ts";
import { type TestService, until, withService } from "./running.ts";

const model = fileURLToPath(new URL("../../../data/models/kiln-tiny", import.meta.url));

async function withHouse(
  options: { maxRows?: number; maxRequests?: number },
  run: (service: TestService, engine: Engine) => Promise<void>,
): Promise<void> {
  const { maxRows = 8, maxRequests = 24 } = options;
  const engine = await openEngine({ model, embedder: "kiln-embed", maxRows, threads: 1 });
  try {
    await withService({ engine, limits: { maxRequests } }, (service) => run(service, engine));
  } finally {
    await engine.dispose();
  }
}

const messages = [{
  role: "user" as const,
  content: "Tom has 12 apples and buys 30 more. How many apples does Tom have?",
}];

Deno.test("the house model answers the official client: the same whole, streamed, and again with its seed", async () => {
  await withHouse({}, async (service) => {
    const client = service.client();
    const ask = { model: "kiln-tiny", messages, max_tokens: 60, temperature: 0.8, seed: 11 };
    const whole = await client.chat.completions.create({ ...ask, logprobs: true, top_logprobs: 3 });
    const { message, logprobs, finish_reason } = whole.choices[0];
    assert.ok((message.content ?? "").length > 0);
    assert.ok(["stop", "length"].includes(finish_reason));
    assert.ok(logprobs?.content?.every(({ logprob, top_logprobs }) => logprob <= 0 && top_logprobs.length === 3));
    const stream = await client.chat.completions.create({
      ...ask,
      stream: true,
      stream_options: { include_usage: true },
    });
    let [text, reasoning, usage] = ["", "", whole.usage];
    for await (const chunk of stream) {
      const delta = chunk.choices[0]?.delta as { content?: string; reasoning_content?: string } | undefined;
      text += delta?.content ?? "";
      reasoning += delta?.reasoning_content ?? "";
      usage = chunk.usage ?? usage;
    }
    assert.equal(text, message.content);
    assert.equal(reasoning, (message as { reasoning_content?: string }).reasoning_content ?? "");
    assert.equal(usage?.completion_tokens, whole.usage?.completion_tokens);
    assert.ok((usage?.prompt_tokens_details?.cached_tokens ?? 0) > 0, "the prompt was read once");
  });
});

Deno.test("the house model calls a tool for the official client", async () => {
  await withHouse({}, async (service) => {
    const { choices: [{ message, finish_reason }] } = await service.client().chat.completions.create({
      model: "kiln-tiny",
      messages: [{ role: "user", content: "What is 17 * 23?" }],
      tools: [HOUSE_TOOLS.calculator],
      temperature: 0,
    });
    assert.equal(finish_reason, "tool_calls");
    const [call] = message.tool_calls ?? [];
    assert.equal(call.type === "function" && call.function.name, "calculator");
    assert.equal(typeof JSON.parse(call.type === "function" ? call.function.arguments : ""), "object");
  });
});

Deno.test("the house's encoder and its completions answer the official client", async () => {
  await withHouse({}, async (service) => {
    const client = service.client();
    const { data, usage } = await client.embeddings.create({
      model: "kiln-embed",
      input: ["a headache", "pain in the head", "the price of oil"],
    });
    const [a, b, c] = data.map(({ embedding }) => embedding);
    const dot = (x: number[], y: number[]) => x.reduce((sum, value, i) => sum + value * y[i], 0);
    assert.ok(dot(a, b) > dot(a, c), "texts of like meaning lie closer");
    assert.ok(usage.prompt_tokens > 0);
    const { choices } = await client.completions.create({
      model: "kiln-tiny",
      prompt: ["A headache is", "Fever is"],
      max_tokens: 8,
      logprobs: 2,
      temperature: 0,
    });
    assert.equal(choices.length, 2);
    const { tokens = [], token_logprobs = [] } = choices[0].logprobs ?? {};
    assert.equal(tokens.length, token_logprobs.length);
    assert.ok(tokens.join("").startsWith(choices[0].text.slice(0, 3)));
  });
});

Deno.test("1,000 connections dropped on the house model leave no row, no waiting request, and a model that answers", async () => {
  await withHouse({ maxRows: 4, maxRequests: 16 }, async (service, engine) => {
    const body = (stream: boolean) =>
      JSON.stringify({ model: "kiln-tiny", messages, stream, max_tokens: 400, stop: [], temperature: 1 });
    const drop = async (i: number) => {
      const text = body(i % 2 === 0);
      const connection = await Deno.connect({ port: service.port, hostname: "127.0.0.1" });
      const head = `POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${text.length}\r\n\r\n`;
      await connection.write(new TextEncoder().encode(i % 3 === 0 ? head : head + text));
      if (i % 3 === 0) await connection.write(new TextEncoder().encode(text));
      await new Promise((resolve) => setTimeout(resolve, i % 11));
      connection.close();
    };
    for (let i = 0; i < 1000; i += 50) await Promise.all(Array.from({ length: 50 }, (_, j) => drop(i + j)));
    await until(() => service.service.inService === 0, "all of them to be over");
    let stats = await engine.stats();
    for (let i = 0; i < 300 && stats.activeRows + stats.waiting + stats.paused > 0; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      stats = await engine.stats();
    }
    assert.deepEqual([stats.activeRows, stats.waiting, stats.paused], [0, 0, 0]);
    assert.ok(stats.requests.aborted > 0);
    const reply = await service.client().chat.completions.create({ model: "kiln-tiny", messages, max_tokens: 5 });
    assert.equal(reply.choices.length, 1);
    assert.deepEqual(service.logged, []);
  });
});
