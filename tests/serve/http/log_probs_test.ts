import assert from "node:assert/strict";
import { withService } from "./running.ts";
import { scriptedEngine } from "./scripted_engine.ts";

const messages = [{ role: "user" as const, content: "What helps with a headache?" }];

Deno.test("log-probabilities come for each token, with its alternatives and bytes", async () => {
  const engine = await scriptedEngine(() => ({ text: "Grüß dich." }));
  await withService({ engine }, async (service) => {
    const ask = { model: "base", messages, logprobs: true, top_logprobs: 2 };
    const { choices: [{ logprobs }] } = await service.client().chat.completions.create(ask);
    assert.equal(logprobs?.content?.length, engine.drawn);
    assert.deepEqual(
      logprobs?.content?.map(({ top_logprobs }) => top_logprobs.length),
      logprobs?.content?.map(() => 2),
    );
    const first = logprobs?.content?.[0];
    assert.deepEqual(first?.bytes, [...new TextEncoder().encode(first?.token)]);
    assert.equal(first?.logprob, -0.5);
    const chunks = await Array.fromAsync(await service.client().chat.completions.create({ ...ask, stream: true }));
    const streamed = chunks.flatMap(({ choices }) => choices.flatMap(({ logprobs }) => logprobs?.content ?? []));
    assert.deepEqual(streamed, logprobs?.content);
  });
});

Deno.test("log-probabilities of what has no text by itself are told all the same", async () => {
  const engine = await scriptedEngine(() => ({ text: "🩺" }));
  const { generate } = engine;
  // As of a model with more embeddings than its tokenizer has tokens.
  engine.generate = async function* (request, options) {
    for await (const event of generate(request, options)) {
      if (event.type !== "token") yield event;
      else yield { ...event, topLogProbs: [{ tokenId: 1e6, text: "", logProb: -Infinity }] };
    }
  };
  await withService({ engine }, async (service) => {
    const ask = { model: "base", messages, logprobs: true, top_logprobs: 1 };
    const { choices: [{ message, logprobs }] } = await service.client().chat.completions.create(ask);
    assert.equal(message.content, "🩺");
    const pieces = logprobs?.content?.filter(({ token }) => token.includes("\uFFFD")) ?? [];
    assert.ok(pieces.length > 1 && pieces.every(({ bytes }) => bytes === null));
    assert.deepEqual(pieces[0].top_logprobs, [{ token: "", logprob: -9999, bytes: [] }]);
  });
});
