import assert from "node:assert/strict";
import { errorOf, withService } from "./running.ts";
import { scriptedEngine } from "./scripted_engine.ts";

Deno.test("the official client gets completions of a text, of several, and of token ids", async () => {
  const engine = await scriptedEngine(({ input }) => ({
    text: "text" in input ? ` after ${input.text}` : " after ids",
  }));
  await withService({ engine }, async (service) => {
    const { completions } = service.client();
    const one = await completions.create({ model: "base", prompt: "one" });
    assert.equal(one.object, "text_completion");
    assert.deepEqual(one.choices.map(({ text, finish_reason }) => [text, finish_reason]), [[" after one", "stop"]]);
    assert.equal(engine.requests[0].maxTokens, 16);
    const two = await completions.create({ model: "base", prompt: ["one", "two"], n: 2, seed: 3 });
    assert.deepEqual(two.choices.map(({ text }) => text), [" after one", " after one", " after two", " after two"]);
    assert.deepEqual(engine.requests.slice(1).map(({ seed }) => seed), [3, 4, 3, 4]);
    const tokens = ["one", "two"].map((text) => engine.tokenizer.encode(text).length);
    assert.equal(two.usage?.prompt_tokens, tokens[0] + tokens[1]);
    const ids = await completions.create({ model: "base", prompt: [5, 6, 7] });
    assert.equal(ids.choices[0].text, " after ids");
    assert.deepEqual(engine.requests.at(-1)?.input, { tokenIds: [5, 6, 7] });
    await completions.create({ model: "base", prompt: [[5], [6, 7]] });
    assert.deepEqual(engine.requests.slice(-2).map(({ input }) => input), [{ tokenIds: [5] }, { tokenIds: [6, 7] }]);
  });
});

Deno.test("a completion is streamed with log-probabilities whose offsets point into its text", async () => {
  const engine = await scriptedEngine(() => ({ text: " one, two and three" }));
  await withService({ engine }, async (service) => {
    const ask = { model: "base", prompt: "count:", logprobs: 1, max_tokens: 50 };
    const whole = await service.client().completions.create(ask);
    const stream = await service.client().completions.create({
      ...ask,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = await Array.fromAsync(stream);
    const text = chunks.map(({ choices }) => choices[0]?.text ?? "").join("");
    assert.equal(text, " one, two and three");
    assert.equal(whole.choices[0].text, text);
    const parts = chunks.flatMap(({ choices }) => choices[0]?.logprobs ?? []);
    const offsets = parts.flatMap(({ text_offset = [] }) => text_offset);
    const tokens = parts.flatMap(({ tokens = [] }) => tokens);
    assert.deepEqual(whole.choices[0].logprobs?.text_offset, offsets);
    tokens.forEach((token, i) => assert.equal(text.slice(offsets[i], offsets[i] + token.length), token));
    assert.deepEqual(parts[0].top_logprobs, [{ [tokens[0]]: -0.5 }]);
    assert.equal(chunks.at(-1)?.usage?.completion_tokens, tokens.length);
    assert.equal(chunks.at(-2)?.choices[0].finish_reason, "stop");
  });
});

Deno.test("completions take vLLM's stop_token_ids and skip_special_tokens", async () => {
  const engine = await scriptedEngine(() => ({ text: "x" }));
  await withService({ engine }, async (service) => {
    const ask = { model: "base", prompt: "a" };
    await service.post("/v1/completions", { ...ask, stop_token_ids: [7, 8], skip_special_tokens: false });
    await service.post("/v1/completions", { ...ask, stop_token_ids: [], skip_special_tokens: true });
    const given = engine.requests.map(({ stopTokenIds, skipSpecialTokens }) => [stopTokenIds, skipSpecialTokens]);
    assert.deepEqual(given, [[[7, 8], false], [undefined, undefined]]);
    const error = await errorOf(await service.post("/v1/completions", { ...ask, stop_token_ids: [-1] }));
    assert.deepEqual([error.status, error.param], [400, "stop_token_ids[0]"]);
  });
});

Deno.test("what completions cannot do is refused, naming the field", async () => {
  const engine = await scriptedEngine(() => ({ text: "x" }));
  await withService({ engine }, async (service) => {
    const wrong: [object, string][] = [
      [{ echo: true }, "echo"],
      [{ suffix: "end" }, "suffix"],
      [{ best_of: 3 }, "best_of"],
      [{ prompt: [] }, "prompt"],
      [{ prompt: null }, "prompt"],
      [{ prompt: ["a", 5] }, "prompt"],
      [{ logprobs: 21 }, "logprobs"],
      [{ n: 99 }, "n"],
      [{ max_tokens: 1e6 }, "max_tokens"],
    ];
    for (const [fields, param] of wrong) {
      const error = await errorOf(await service.post("/v1/completions", { model: "base", prompt: "a", ...fields }));
      assert.equal(error.status, 400, param);
      assert.match(error.param ?? "", new RegExp(`^${param}`));
    }
    assert.equal(engine.requests.length, 0);
  });
});

Deno.test("completions say which tokens prompt and replies are, where return_token_ids asks for it", async () => {
  const engine = await scriptedEngine(() => ({ text: " one, two and three 👋" }));
  const ids = engine.tokenizer.encode(" one, two and three 👋");
  await withService({ engine }, async (service) => {
    const ask = { model: "base", prompt: [[5, 6], [7]], n: 2, max_tokens: 50, return_token_ids: true };
    const whole = await (await service.post("/v1/completions", ask)).json();
    assert.deepEqual(
      whole.choices.map(({ index, prompt_token_ids, token_ids }: Record<string, unknown>) => ({
        ...{ index, prompt_token_ids, token_ids },
      })),
      [0, 1, 2, 3].map((index) => ({ index, prompt_token_ids: index < 2 ? [5, 6] : [7], token_ids: ids })),
    );
    const stream = await service.client().completions.create({ ...ask, n: 1, stream: true });
    const [prompts, tokens]: number[][][] = [[[], []], [[], []]];
    let text = "";
    for await (const { choices: [choice] } of stream) {
      const { index, prompt_token_ids = [], token_ids } = choice as typeof choice & Record<string, number[]>;
      prompts[index].push(...prompt_token_ids);
      tokens[index].push(...token_ids);
      if (index === 0) text += choice.text;
    }
    assert.deepEqual([prompts, tokens, text], [[[5, 6], [7]], [ids, ids], " one, two and three 👋"]);
    const plain = await (await service.post("/v1/completions", { ...ask, return_token_ids: null })).json();
    assert.ok(plain.choices.every((choice: object) => !("token_ids" in choice || "prompt_token_ids" in choice)));
    const texts = await (await service.post("/v1/completions", { ...ask, prompt: "a text", n: 1 })).json();
    assert.deepEqual(texts.choices[0].prompt_token_ids, engine.tokenizer.encode("a text"));
    assert.equal((await service.post("/v1/completions", { ...ask, return_token_ids: "yes" })).status, 400);
  });
});

Deno.test("chat completions say which tokens prompt and replies are, where return_token_ids asks for it", async () => {
  const engine = await scriptedEngine(() => ({ text: "Good day 👋" }));
  const messages = [{ role: "user" as const, content: "Hello" }];
  const ids = engine.tokenizer.encode("Good day 👋");
  const prompt = engine.tokenizer.encode(JSON.stringify(messages));
  await withService({ engine }, async (service) => {
    const ask = { model: "base", messages, n: 2, return_token_ids: true };
    const whole = await (await service.post("/v1/chat/completions", ask)).json();
    assert.deepEqual(whole.prompt_token_ids, prompt);
    assert.deepEqual(whole.choices.map(({ token_ids }: { token_ids: number[] }) => token_ids), [ids, ids]);
    const stream = await service.client().chat.completions.create({ ...ask, n: 1, stream: true });
    const chunks = await Array.fromAsync(stream) as unknown as Record<string, unknown>[];
    assert.deepEqual(chunks[0].prompt_token_ids, prompt);
    assert.ok(chunks.slice(1).every((chunk) => !("prompt_token_ids" in chunk)));
    const choices = chunks.flatMap(({ choices }) => choices as { token_ids?: number[]; delta: { content?: string } }[]);
    assert.deepEqual(choices.flatMap(({ token_ids = [] }) => token_ids), ids);
    assert.equal(choices.map(({ delta }) => delta.content ?? "").join(""), "Good day 👋");
    const plain = await (await service.post("/v1/chat/completions", { ...ask, return_token_ids: false })).json();
    assert.ok(!("prompt_token_ids" in plain) && !("token_ids" in plain.choices[0]));
  });
});
