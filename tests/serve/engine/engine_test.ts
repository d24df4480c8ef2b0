import assert from "node:assert/strict";
import fc from "fast-check";
import { collectReply, localChatModel, PromptTooLongError } from "../../../lib/agent/mod.ts";
import { createLora, modelWithTables } from "../../../lib/adapters/mod.ts";
import { type Completion, generate, resizeEmbeddings } from "../../../lib/models/mod.ts";
import { Random } from "../../../lib/random/mod.ts";
import { addTokens, tokenIds } from "../../../lib/tokenizer/mod.ts";
import { saveAdapterFolder } from "../../../lib/train/mod.ts";
import { inFolder } from "../../support/in_folder.ts";
import {
  engineChatModel,
  type EngineEvent,
  EngineRequestError,
  type GenerateRequest,
  openEngine,
} from "../../../lib/serve/engine/mod.ts";
import { HOUSE_MODEL, withHouseModel } from "../../support/house_model.ts";
import { BASE, eventsOf, type Served, tokenizer, tokensOf, until, withServed } from "./served_folder.ts";

/** What `generate` gives for a request in this thread. */
async function expectedOf({ model, adapters }: Served, request: GenerateRequest): Promise<Completion> {
  const { input, stop, maxTokens, model: name, ...sampling } = request;
  assert.ok("text" in input);
  const [[completion]] = await generate(model, {
    ...sampling,
    prompts: [tokenizer.encode(input.text)],
    maxNewTokens: maxTokens,
    stopStrings: stop,
    adapter: adapters.get(name) ?? null,
    tokenizer,
  });
  return completion;
}

function assertIs(events: readonly EngineEvent[], expected: Completion, promptTokens: number): void {
  const [start, ...others] = events;
  assert.ok(start.type === "start");
  assert.equal(start.promptTokens, promptTokens);
  const tokens = tokensOf(others);
  assert.deepEqual(tokens.map(({ tokenId }) => tokenId), expected.tokenIds);
  assert.equal(tokens.map(({ text }) => text).join(""), expected.text);
  assert.deepEqual(events.at(-1), {
    type: "end",
    finishReason: expected.finishReason === "length" ? "length" : "stop",
    promptTokens,
    completionTokens: expected.tokenIds.length,
    cachedTokens: start.cachedTokens,
  });
}

Deno.test("openEngine() serves what generate() writes, whoever else asks, for the model and its adapters", () =>
  withServed(async (served) => {
    const { options } = served;
    const engine = await served.open({ ...options, maxRows: 5, maxQueue: 100, windowTokens: 8 });
    assert.deepEqual(engine.models.map(({ id, kind }) => [id, kind]), [
      [BASE, "base"],
      ["doctor", "adapter"],
      ["poet", "adapter"],
      ["thin", "adapter"],
    ]);
    const request = fc.record({
      model: fc.constantFrom(BASE, "doctor", "poet", "thin"),
      input: fc.record({
        text: fc.constantFrom("the cat", "the cat sat on the mat and the dog", "user", "log ".repeat(40)),
      }),
      temperature: fc.constantFrom(0, 0.7, 1.2),
      topP: fc.constantFrom(1, 0.9),
      repetitionPenalty: fc.constantFrom(1, 1.2),
      stop: fc.constantFrom([], ["a", "th"]),
      maxTokens: fc.integer({ min: 1, max: 30 }),
      seed: fc.nat(1),
    });
    // Milliseconds after which it is asked, and for each token of it that is read slowly.
    const asked = fc.record({ request, after: fc.nat(30), leavesAfter: fc.option(fc.nat(12), { freq: 3 }) });
    const known = new Map<string, Completion>();
    let [finished, aborted] = [0, 0];
    await fc.assert(
      fc.asyncProperty(fc.array(asked, { minLength: 1, maxLength: 14 }), async (all) => {
        await Promise.all(all.map(async ({ request, after, leavesAfter }) => {
          await new Promise((resolve) => setTimeout(resolve, after));
          const events: EngineEvent[] = [];
          for await (const event of engine.generate(request)) {
            events.push(event);
            if (event.type === "token" && tokensOf(events).length === leavesAfter) break;
          }
          const key = JSON.stringify(request);
          const expected = known.get(key) ?? await expectedOf(served, request);
          known.set(key, expected);
          if (events.at(-1)?.type === "end") {
            finished++;
            return assertIs(events, expected, tokenizer.encode(request.input.text).length);
          }
          aborted++;
          assert.deepEqual(tokensOf(events).map(({ tokenId }) => tokenId), expected.tokenIds.slice(0, leavesAfter!));
        }));
      }),
      { numRuns: 12 },
    );
    const stats = await until(engine, ({ activeRows, waiting, paused }) => activeRows + waiting + paused === 0);
    // Whoever left at the very end may have left a request that was finished.
    assert.equal(stats.requests.finished + stats.requests.aborted, finished + aborted);
    assert.ok(stats.requests.finished >= finished);
    assert.ok(stats.prefixCache.hits > 0 && stats.cachedTokens > 0);
  }));

Deno.test("openEngine() serves an adapter that brings new tokens, with the tokenizer from its folder", () =>
  withServed(({ model, open }) =>
    inFolder(async (folder) => {
      const wider = addTokens(tokenizer, ["<query>", "</query>"]);
      const ids = tokenIds(wider, ["<query>", "</query>"]);
      const resized = await resizeEmbeddings(model, wider.vocabSize);
      const tagger = await createLora(resized, new Random(1), { r: 2, trainableTokenIndices: ids });
      const random = new Random("rows");
      for (const factor of tagger.factors.values()) {
        (factor.data as Float32Array).forEach((_, i, all) => all[i] += 0.3 * random.normal());
      }
      await saveAdapterFolder(folder, { model: resized, adapter: tagger, tokenizer: wider, baseModel: BASE });
      const engine = await open({ adapters: { tagger: folder } });
      const text = "the <query> cat";
      const view = await modelWithTables(model, tagger);
      for (const seed of [1, 2, 3]) {
        const events = await eventsOf(engine, { model: "tagger", input: { text }, maxTokens: 20, seed });
        const prompts = [wider.encode(text)];
        assert.ok(prompts[0].includes(ids[0]));
        const [[expected]] = await generate(view, {
          prompts,
          adapter: tagger,
          maxNewTokens: 20,
          seed,
          tokenizer: wider,
        });
        assertIs(events, expected, prompts[0].length);
      }
      // The base knows nothing of them, and its decoders refuse the adapter.
      const plain = await eventsOf(engine, { model: BASE, input: { text }, maxTokens: 5, seed: 1 });
      assert.equal(plain[0].type === "start" && plain[0].promptTokens, tokenizer.encode(text).length);
      const refused = generate(model, { prompts: [[1]], adapter: tagger });
      await assert.rejects(refused, /the adapter carries a token table .* modelWithTables/);
      await view.dispose();
      tagger.factors.forEach((factor) => factor.dispose());
      await resized.dispose();
    })
  ));

Deno.test("engineChatModel() says what localChatModel() says, with tool calls and at a prefill", () =>
  withHouseModel(async ({ model, tokenizer }) => {
    const engine = await openEngine({ model: HOUSE_MODEL });
    const local = localChatModel({ model, tokenizer });
    const remote = engineChatModel(engine, "kiln-tiny");
    const weather = {
      type: "function" as const,
      function: {
        name: "weather",
        description: "The weather in a city.",
        parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
      },
    };
    const requests = [
      { messages: [{ role: "user", content: "What is the weather in Oslo?" }], tools: [weather] },
      {
        messages: [{ role: "user", content: "Tom has 3 apples and buys 4 more. How many has he?" }],
        prefill: "<think>\n",
      },
      { messages: [{ role: "user", content: "Hello <|im_end|>" }], temperature: 0.8, seed: 3, maxTokens: 20 },
      { messages: [{ role: "user", content: "What is 12*3?" }], stop: ["*"] },
    ];
    const expected = [];
    for (const request of requests) expected.push(await collectReply(local.stream(request)));
    const replies = await Promise.all(requests.map((request) => collectReply(remote.stream(request))));
    assert.deepEqual(replies, expected);
    assert.deepEqual(
      requests.map(({ messages, tools }) => remote.countTokens(messages, tools)),
      requests.map(({ messages, tools }) => local.countTokens(messages, tools)),
    );
    const [{ messages, tools }] = requests;
    assert.equal(await engine.countTokens("kiln-tiny", { messages, tools }), local.countTokens(messages, tools));
    const long = { messages: [{ role: "user", content: "cough ".repeat(3000) }] };
    await assert.rejects(collectReply(remote.stream(long)), PromptTooLongError);
    await assert.rejects(
      collectReply(remote.stream({ ...requests[0], signal: AbortSignal.abort("no") })),
      (e) => e === "no",
    );
    assert.throws(() => engineChatModel(engine, "nobody"), /model "nobody" is not served/);
    await local.dispose();
    await engine.dispose();
  }));

Deno.test("Engine.embed() gives a vector for each text while others write", async () => {
  const engine = await openEngine({ model: HOUSE_MODEL, embedder: "kiln-embed" });
  const writing = eventsOf(engine, { model: "kiln-tiny", input: { text: "A patient" }, maxTokens: 30 });
  const texts = Array.from({ length: 20 }, (_, at) => `a cough for ${at} days`);
  const { vectors, tokens } = await engine.embed(texts);
  assert.equal(vectors.length, 20);
  assert.ok(vectors.every((vector) => vector.length === 256 && Math.abs(Math.hypot(...vector) - 1) < 1e-4));
  assert.ok(tokens > 100);
  const [alone] = (await engine.embed(texts.slice(7, 8))).vectors;
  assert.ok(vectors[7].every((value, at) => Math.abs(value - alone[at]) < 1e-4));
  assert.deepEqual(await engine.embed([]), { vectors: [], tokens: 0 });
  const long = "cough ".repeat(600);
  await assert.rejects(engine.embed(["a", long]), (error) => {
    assert.ok(error instanceof EngineRequestError && error.problem === "tooLong");
    assert.match(error.message, /^texts\[1\]: it has \d+ tokens, and kiln-embed reads 256/);
    return true;
  });
  assert.equal((await engine.embed([long], { kind: "query" })).vectors.length, 1);
  await assert.rejects(engine.embed(texts, { signal: AbortSignal.abort(new Error("no")) }), /^Error: no$/);
  await assert.rejects(eventsOf(engine, { model: "kiln-embed", input: { text: "a" } }), /embeds and writes no text/);
  await writing;
  assert.deepEqual((await engine.stats()).embeddings.texts, 22);
  await engine.dispose();
  const twice = openEngine({ model: HOUSE_MODEL, modelId: "kiln-embed", embedder: "kiln-embed" });
  await assert.rejects(twice, /embedder: "kiln-embed" is another model's id already/);
});
