import assert from "node:assert/strict";
import { createLora, saveAdapter } from "../../../lib/adapters/mod.ts";
import { ContinuousBatch, generate } from "../../../lib/models/mod.ts";
import { Random } from "../../../lib/random/mod.ts";
import { EngineRequestError } from "../../../lib/serve/engine/mod.ts";
import { AdapterJobs } from "../../../lib/serve/engine/adapter_jobs.ts";
import { LoadedModels } from "../../../lib/serve/engine/loaded_models.ts";
import { inFolder } from "../../support/in_folder.ts";
import { BASE, eventsOf, LONG, tokenizer, tokensOf, until, withServed } from "./served_folder.ts";

const idsOf = (events: Parameters<typeof tokensOf>[0]) => tokensOf(events).map(({ tokenId }) => tokenId);

Deno.test("Engine.loadAdapter() lets others write on, and a request finishes on the adapter that it began with", () =>
  withServed(async ({ open, options, model, adapters }) => {
    const { doctor, poet, thin } = options.adapters!;
    const engine = await open({ runtimeAdapters: 2, windowTokens: 8, maxRows: 4 });
    assert.deepEqual(engine.models.map(({ id }) => id), [BASE]);
    const text = "the cat sat";
    const expected = async (name: string | null, maxNewTokens: number) => {
      const adapter = name === null ? null : adapters.get(name);
      const prompts = [tokenizer.encode(text)];
      const [[{ tokenIds }]] = await generate(model, { prompts, maxNewTokens, seed: 1, adapter });
      return tokenIds;
    };
    const ask = (name: string, maxTokens: number) =>
      eventsOf(engine, { model: name, input: { text }, maxTokens, seed: 1 });
    // One of the base is written all along.
    const base = engine.generate({ ...LONG, maxTokens: 300 });
    await base.next();
    await engine.loadAdapter("round", doctor);
    assert.deepEqual(engine.models.map(({ id, kind }) => [id, kind]), [[BASE, "base"], ["round", "adapter"]]);
    assert.deepEqual(idsOf(await ask("round", 30)), await expected("doctor", 30));
    // It goes while it is written with: this reader has read one token.
    const begun = engine.generate({ model: "round", input: { text }, maxTokens: 200, seed: 1 });
    const events = [(await begun.next()).value, (await begun.next()).value];
    await engine.unloadAdapter("round");
    await assert.rejects(ask("round", 5), (error) => {
      return error instanceof EngineRequestError && error.problem === "unknownModel";
    });
    // Another one takes its name, and another its place.
    await engine.loadAdapter("round", poet);
    await engine.loadAdapter("other", thin);
    const [poetIds, thinIds] = await Promise.all([ask("round", 30), ask("other", 30)]);
    assert.deepEqual(idsOf(poetIds), await expected("poet", 30));
    assert.deepEqual(idsOf(thinIds), await expected("thin", 30));
    for await (const event of begun) events.push(event);
    assert.deepEqual(idsOf(events), await expected("doctor", 200));
    assert.deepEqual(idsOf(await Array.fromAsync(base)), await expected(null, 300));
    await engine.unloadAdapter("other");
    await engine.unloadAdapter("round");
    assert.deepEqual(engine.models.map(({ id }) => id), [BASE]);
    await until(engine, ({ activeRows, waiting, paused }) => activeRows + waiting + paused === 0);
  }));

Deno.test("Engine.loadAdapter() refuses what does not fit, and leaves the engine as it was", () =>
  withServed(({ open, options, model }) =>
    inFolder(async (folder) => {
      const { doctor, poet } = options.adapters!;
      const engine = await open({ adapters: { doctor }, embedder: undefined, runtimeAdapters: 1 });
      const refused = async (work: Promise<void>, message: RegExp, param: string) => {
        await assert.rejects(work, (error) => {
          assert.ok(error instanceof EngineRequestError, String(error));
          assert.match(error.message, message);
          assert.equal(error.param, param);
          return true;
        });
      };
      await refused(engine.loadAdapter(BASE, poet), /"small" is served already/, "id");
      await refused(engine.loadAdapter("doctor", poet), /"doctor" is served already/, "id");
      await refused(engine.loadAdapter("a", `${folder}/nothing`), /adapter_config\.json/, "folder");
      await Deno.mkdir(`${folder}/broken`);
      await Deno.copyFile(`${poet}/adapter_config.json`, `${folder}/broken/adapter_config.json`);
      await Deno.writeFile(`${folder}/broken/adapter_model.safetensors`, new Uint8Array(100).fill(7));
      await refused(engine.loadAdapter("a", `${folder}/broken`), /adapter_model\.safetensors/, "folder");
      await refused(engine.unloadAdapter("a"), /"a" is not served/, "id");
      await refused(engine.unloadAdapter("doctor"), /was not loaded so, and stays/, "id");
      await engine.loadAdapter("a", poet);
      await refused(engine.loadAdapter("b", poet), /1 adapters are loaded already, and there may be 1/, "id");
      await engine.unloadAdapter("a");
      // Tables of its own go with it.
      const wide = await createLora(model, new Random(1), { r: 2, modulesToSave: ["embed_tokens"] });
      await saveAdapter(model, wide, `${folder}/wide`, { baseModel: BASE });
      for (let i = 0; i < 2; i++) {
        await engine.loadAdapter("wide", `${folder}/wide`);
        assert.ok((await eventsOf(engine, { ...LONG, model: "wide", maxTokens: 5 })).length > 2);
        await engine.unloadAdapter("wide");
      }
      wide.factors.forEach((factor) => factor.dispose());
      const none = await open();
      await refused(none.loadAdapter("a", poet), /without room for further adapters/, "id");
      assert.equal(tokensOf(await eventsOf(none, { ...LONG, maxTokens: 3 })).length, 3);
    })
  ));

Deno.test("Engine.generate() says which tokens the prompt is where it is asked to", () =>
  withServed(async ({ open }) => {
    const engine = await open();
    const input = { messages: [{ role: "user", content: "hi" }], prefill: "well" };
    const [asked] = await eventsOf(engine, { model: BASE, input, maxTokens: 1, returnPromptTokenIds: true });
    assert.ok(asked.type === "start");
    assert.equal(
      tokenizer.decode(asked.promptTokenIds!, { skipSpecialTokens: false }),
      tokenizer.applyChatTemplate(input.messages, { addGenerationPrompt: true }) + "well",
    );
    const [plain] = await eventsOf(engine, { model: BASE, input, maxTokens: 1 });
    assert.ok(!("promptTokenIds" in plain));
  }));

Deno.test("AdapterJobs gives all memory of an adapter back when nobody writes with it any more", () =>
  withServed(async ({ options: { model: folder, adapters: folders } }) => {
    const options = { maxRows: 2, maxQueue: 4, prefixCacheBytes: 0, runtimeAdapters: 1, windowTokens: 8, threads: 1 };
    const models = await LoadedModels.load({ ...options, model: { id: BASE, folder }, adapters: [] });
    const { model, decoders } = models.loaded;
    const batch = new ContinuousBatch(model, { decoders, ...options });
    const jobs = new AdapterJobs(models, batch, 1);
    const done = async (body: Parameters<AdapterJobs["add"]>[1]) => {
      jobs.add(1, body);
      return (await jobs.step())[0][1].type;
    };
    const bytes: number[] = [];
    for (const name of ["doctor", "poet", "doctor"]) {
      assert.equal(await done({ type: "loadAdapter", model: "a", folder: folders![name] }), "models");
      const { adapter } = models.writing("a");
      const reasons: string[] = [];
      batch.add({ promptIds: [5, 6], maxNewTokens: 20, seed: 1, adapter }, (event) => {
        if (event.kind === "completion") reasons.push(event.completion.finishReason);
      });
      await batch.step();
      assert.equal(await done({ type: "unloadAdapter", model: "a" }), "models");
      const before = model.engine.bytesInUse;
      assert.equal(jobs.busy, false, "it is still written with");
      while (batch.busy) await batch.step();
      assert.equal(jobs.busy, true);
      await jobs.step();
      assert.equal(jobs.busy, false);
      assert.deepEqual(reasons, ["length"]);
      assert.ok(model.engine.bytesInUse < before);
      bytes.push(model.engine.bytesInUse);
    }
    assert.equal(new Set(bytes).size, 1, `${bytes}`);
    await batch.dispose();
    await jobs.dispose();
    await models.dispose();
    assert.equal(model.engine.bytesInUse, 0);
  }));

Deno.test("Engine.generate() ends at further tokens, and finds special tokens in the text where it is to", () =>
  withServed(async ({ open }) => {
    const engine = await open();
    const request = { ...LONG, maxTokens: 60 };
    const whole = idsOf(await eventsOf(engine, request));
    const end = whole[20];
    const cut = await eventsOf(engine, { ...request, stopTokenIds: [end] });
    assert.deepEqual(idsOf(cut), whole.slice(0, whole.indexOf(end) + 1));
    const last = cut.at(-1)!;
    assert.equal(last.type === "end" && last.finishReason, "stop");
    const outside = eventsOf(engine, { ...request, stopTokenIds: [100_000] });
    await assert.rejects(outside, (error) => error instanceof EngineRequestError && error.param === "stopTokenIds");
    const special = tokenizer.tokenToId("<|im_start|>")!;
    const texts = async (skipSpecialTokens: boolean) => {
      const events = await eventsOf(engine, { ...request, maxTokens: 900, skipSpecialTokens });
      assert.ok(idsOf(events).includes(special), "it is drawn some time");
      return tokensOf(events).map(({ text }) => text).join("");
    };
    assert.ok(!(await texts(true)).includes("<|im_start|>"));
    assert.ok((await texts(false)).includes("<|im_start|>"));
    const stopped = await eventsOf(engine, {
      ...request,
      maxTokens: 900,
      stop: ["<|im_start|>"],
      skipSpecialTokens: false,
    });
    assert.equal(idsOf(stopped).at(-1), special);
  }));
