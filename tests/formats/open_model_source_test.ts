import assert from "node:assert/strict";
import { loadAdapter, type LoraOptions, mergeAdapter, modelWithTables, saveAdapter } from "../../lib/adapters/mod.ts";
import { openModelSource } from "../../lib/formats/open_model_source.ts";
import { type CausalLM, loadModel, weightShapes } from "../../lib/models/mod.ts";
import { Tokenizer } from "../../lib/tokenizer/mod.ts";
import { HOUSE_MODEL } from "../support/house_model.ts";
import { assertSameNumbers } from "../support/same_numbers.ts";
import { inFolder, withEngine } from "../support/tiny_model.ts";
import { KINDS, randomAdapter, withNewTokens, writeModel } from "./exportable_model.ts";

/** All weights of a source by name. */
async function weightsOf(source: Awaited<ReturnType<typeof openModelSource>>): Promise<Map<string, Float32Array>> {
  const weights = new Map<string, Float32Array>();
  for (const name of Object.keys(weightShapes(source.config))) weights.set(name, await source.read(name));
  return weights;
}

async function mergedWeights(
  model: CausalLM,
  folder: string,
): Promise<[Map<string, Float32Array>, CausalLM["config"]]> {
  const adapter = await loadAdapter(model, folder);
  const view = await modelWithTables(model, adapter);
  await mergeAdapter(view, adapter);
  const weights = new Map<string, Float32Array>();
  for (const name of Object.keys(weightShapes(view.config))) weights.set(name, (await view.readWeight(name)).slice());
  const { config } = view;
  await view.dispose();
  adapter.factors.forEach((factor) => factor.dispose());
  return [weights, config];
}

/** What adapters carry besides their factors, of models with new tokens. */
const CARRIED: Readonly<Record<string, (ids: readonly number[]) => LoraOptions>> = {
  "no tables": () => ({}),
  "some modules, with rank-stabilised scaling": () => ({ targetModules: ["q_proj", "down_proj"], useRslora: true }),
  "whole tables": () => ({ modulesToSave: ["embed_tokens", "lm_head"] }),
  "rows of new tokens": (ids) => ({ trainableTokenIndices: [...ids, 7] }),
};

for (const [kind, config] of Object.entries(KINDS)) {
  Deno.test(`openModelSource() gives the weights that mergeAdapter() makes, bit for bit: ${kind}`, () =>
    withEngine((engine) =>
      inFolder(async (folder) => {
        const [base, adapterFolder] = [`${folder}/base`, `${folder}/run-001/adapter`];
        await writeModel(base, config, engine, { dtype: "BF16", maxShardBytes: 300_000 });
        const model = await loadModel(base, { engine });
        const { wider, tokenizer, ids } = await withNewTokens(model);
        for (const [what, options] of Object.entries(CARRIED)) {
          const brings = what.startsWith("whole") || what.startsWith("rows");
          const own = brings ? wider : model;
          const adapter = await randomAdapter(own, options(ids));
          await saveAdapter(own, adapter, adapterFolder, { baseModel: base });
          if (brings) await tokenizer.save(adapterFolder);
          const [expected, merged] = await mergedWeights(model, adapterFolder);
          const source = await openModelSource({ model: base, adapter: adapterFolder });
          assert.equal(source.name, "adapter");
          assert.deepEqual(source.config, merged);
          assert.equal(source.config.vocabSize, brings ? 4098 : 4096);
          assert.equal(source.tokenizer.vocabSize, brings ? 4098 : 4096);
          assertSameNumbers(await weightsOf(source), expected, what);
          // What was read is the caller's: changing it changes nothing.
          const name = "model.layers.0.self_attn.q_proj.weight";
          (await source.read(name)).fill(0);
          assert.deepEqual(await source.read(name), expected.get(name));
          source.close();
          await assert.rejects(source.read("model.norm.weight"), /closed/);
          adapter.factors.forEach((factor) => factor.dispose());
        }
        await wider.dispose();
        await model.dispose();
      })
    ));
}

Deno.test("openModelSource() gives a plain model's weights as they are in its shards", () =>
  withEngine((engine) =>
    inFolder(async (folder) => {
      await writeModel(folder, KINDS["llama untied"], engine, { maxShardBytes: 300_000 });
      const model = await loadModel(folder, { engine });
      const source = await openModelSource({ model: folder, name: "my-llama" });
      assert.equal(source.name, "my-llama");
      const expected = new Map([...model.weights].map(([name, { data }]) => [name, data as Float32Array]));
      assertSameNumbers(await weightsOf(source), expected, "weights");
      assert.equal(source.configJson?.model_type, "llama");
      source.close();
      await model.dispose();
    })
  ));

Deno.test("openModelSource() takes tokenizer and chat template that the adapter was trained with, and where texts end", () =>
  withEngine((engine) =>
    inFolder(async (folder) => {
      const [base, adapterFolder] = [`${folder}/base`, `${folder}/adapter`];
      await writeModel(base, KINDS["qwen2 tied"], engine);
      // A base model that ends texts at token 0 alone, as base models do.
      await Deno.writeTextFile(`${base}/generation_config.json`, JSON.stringify({ eos_token_id: 0, top_p: 0.9 }));
      const model = await loadModel(base, { engine });
      const adapter = await randomAdapter(model);
      await saveAdapter(model, adapter, adapterFolder, { baseModel: base });
      const plain = await openModelSource({ model: base, adapter: adapterFolder });
      assert.equal(plain.tokenizer.folder, base);
      plain.close();

      const trained = (await Tokenizer.load(HOUSE_MODEL)).withChatTemplate(
        "{% for m in messages %}{{ m.content }};{% endfor %}",
      );
      const files = new Map(trained.files);
      files.delete("generation_config.json");
      await new Tokenizer(HOUSE_MODEL, files).save(adapterFolder);
      const source = await openModelSource({ model: base, adapter: adapterFolder });
      assert.equal(source.tokenizer.applyChatTemplate([{ role: "user", content: "a" }]), "a;");
      assert.deepEqual([...source.config.eosTokenIds].sort(), [0, 2]);
      assert.deepEqual([...source.tokenizer.eosTokenIds].sort(), [0, 2]);
      source.close();
      const other = await openModelSource({ model: base, adapter: adapterFolder, tokenizer: base });
      assert.equal(other.tokenizer.folder, base);
      other.close();
      adapter.factors.forEach((factor) => factor.dispose());
      await model.dispose();
    })
  ));

Deno.test("openModelSource() says which folder lacks what, and closes its files", () =>
  withEngine((engine) =>
    inFolder(async (folder) => {
      const base = `${folder}/base`;
      await writeModel(base, KINDS["qwen2 tied"], engine);
      await assert.rejects(openModelSource({ model: `${folder}/none` }), /none\/config.json: cannot be read/);
      await assert.rejects(openModelSource({ model: base, adapter: folder }), /adapter_config.json: cannot be read/);
      const model = await loadModel(base, { engine });
      const adapter = await randomAdapter(model);
      await saveAdapter(model, adapter, `${folder}/adapter`, { baseModel: base });
      const small = `${folder}/small`;
      await writeModel(small, { ...KINDS["qwen2 tied"], vocabSize: 4000 }, engine);
      await assert.rejects(
        openModelSource({ model: small, adapter: `${folder}/adapter` }),
        /the tokenizer has 4096 tokens, the model's vocab_size is 4000/,
      );
      const narrow = `${folder}/narrow`;
      await writeModel(narrow, { ...KINDS["qwen2 tied"], hiddenSize: 32, headDim: 8 }, engine);
      await assert.rejects(
        openModelSource({ model: narrow, adapter: `${folder}/adapter` }),
        /adapter_model.safetensors: tensor ".*lora_A.weight" is \[6, 64\], but the model and r 6 ask for one of \[6, 32\]/,
      );
      await Deno.remove(`${base}/tokenizer.json`);
      await assert.rejects(openModelSource({ model: base }), /expected tokenizer.json in this folder/);
      adapter.factors.forEach((factor) => factor.dispose());
      await model.dispose();
    })
  ));
