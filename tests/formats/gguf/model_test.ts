import assert from "node:assert/strict";
import {
  GGUF_TYPES,
  type GgufType,
  loadGguf,
  openGguf,
  openGgufSource,
  saveGguf,
  typeOfWeight,
} from "../../../lib/formats/gguf/mod.ts";
import { type ModelSource, sourceOfModel } from "../../../lib/formats/mod.ts";
import { loadModel, type ModelConfig, weightShapes } from "../../../lib/models/mod.ts";
import { GOLDEN } from "../../support/golden.ts";
import { withHouseModel } from "../../support/house_model.ts";
import { inFolder } from "../../support/in_folder.ts";
import { withEngine } from "../../support/tiny_model.ts";
import { CASES, configOf } from "./families.ts";
import { randomSource, smallConfig, toBf16, toF16 } from "./random_source.ts";
import { houseTokenizer, qwenTokenizer } from "./tokenizers.ts";

/** Reads all weights of a source. */
async function weightsOf(source: ModelSource): Promise<Map<string, Float32Array>> {
  const weights = new Map<string, Float32Array>();
  for (const name of Object.keys(weightShapes(source.config))) weights.set(name, await source.read(name));
  return weights;
}

/** Writes a model, and opens what was written. */
async function written(source: ModelSource, path: string, type: GgufType): Promise<ModelSource> {
  await saveGguf(source, path, { type });
  return await openGgufSource(path);
}

for (const family of CASES) {
  Deno.test(`saveGguf() in F32 keeps every bit of a model: ${family.title}`, () =>
    inFolder(async (folder) => {
      const tokenizer = await family.tokenizer();
      const source = randomSource(configOf(family, tokenizer), tokenizer, { name: "a model" });
      const back = await written(source, `${folder}/a.gguf`, "F32");
      assert.deepEqual(back.config, source.config);
      assert.equal(back.name, "a model");
      assert.deepEqual(await weightsOf(back), await weightsOf(source));
      // And so does writing it again, to the byte.
      const again = await written(back, `${folder}/b.gguf`, "F32");
      assert.deepEqual(await Deno.readFile(`${folder}/b.gguf`), await Deno.readFile(`${folder}/a.gguf`));
      back.close();
      again.close();
    }));
}

for (const [type, round] of [["BF16", toBf16], ["F16", toF16]] as const) {
  Deno.test(`saveGguf() in ${type} keeps every bit of weights that are ${type}`, () =>
    inFolder(async (folder) => {
      for (const family of CASES) {
        const tokenizer = await family.tokenizer();
        const source = randomSource(configOf(family, tokenizer), tokenizer, { round });
        const back = await written(source, `${folder}/${type}.gguf`, type);
        assert.deepEqual(await weightsOf(back), await weightsOf(source), family.title);
        back.close();
      }
    }));
}

Deno.test("saveGguf() rounds each weight by no more than its type allows", () =>
  inFolder(async (folder) => {
    // At most and as a root mean square, in units of the largest number of 32 neighbours. Q4_0 and Q5_0 reach one step farther on
    // one side than on the other.
    const bounds: Record<string, [most: number, rms: number]> = {
      F16: [0.00049, 0.0001],
      Q8_0: [0.0045, 0.0023],
      Q6_K: [0.025, 0.008],
      Q5_0: [0.063, 0.0185],
      Q4_0: [0.126, 0.037],
      Q4_K: [0.14, 0.032],
    };
    const tokenizer = qwenTokenizer();
    const config = smallConfig("llama", tokenizer, { hiddenSize: 256, intermediateSize: 288, headDim: 64 });
    const source = randomSource(config, tokenizer);
    for (const type of ["Q8_0", "Q4_0", "Q4_K", "F16"] as const) {
      const back = await written(source, `${folder}/${type}.gguf`, type);
      for (const [name, shape] of Object.entries(weightShapes(config))) {
        const [before, after] = [await source.read(name), await back.read(name)];
        const stored = typeOfWeight(name, shape, config, type);
        if (stored === "F32") {
          assert.deepEqual(after, before);
          continue;
        }
        let [errors, worst] = [0, 0];
        for (let at = 0; at < before.length; at += 32) {
          const largest = Math.max(...before.subarray(at, at + 32).map(Math.abs));
          for (let i = at; i < Math.min(at + 32, before.length); i++) {
            const error = Math.abs(after[i] - before[i]) / largest;
            worst = Math.max(worst, error);
            errors += error ** 2;
          }
        }
        const [most, rms] = bounds[stored];
        assert.ok(worst <= most, `${type} ${name} ${stored}: ${worst}`);
        assert.ok(Math.sqrt(errors / before.length) <= rms, `${type} ${name} ${stored}`);
      }
      back.close();
    }
  }));

for (
  const model of ["qwen2_tiny/tied", "qwen2_tiny/untied", "qwen3_tiny/tied", "llama_tiny/llama3", "llama_tiny/biased"]
) {
  Deno.test(`a published model's shape goes to GGUF and back to the bit: ${model}`, () =>
    inFolder((folder) =>
      withEngine(async (engine) => {
        const loaded = await loadModel(`${GOLDEN}${model}`, { engine });
        // These have no tokenizer; rows for one are appended.
        const tokenizer = qwenTokenizer();
        const padded = paddedTo(sourceOfModel(loaded, tokenizer, model), tokenizer.vocabSize);
        await saveGguf(padded, `${folder}/a.gguf`, { type: "F32" });
        const back = await loadGguf(`${folder}/a.gguf`, { engine });
        for (const name of Object.keys(weightShapes(padded.config))) {
          assert.deepEqual((await back.model.readWeight(name)).slice(), await padded.read(name), name);
        }
        const { eosTokenIds: _, ...config } = back.model.config;
        const { eosTokenIds: __, ...expected } = padded.config;
        assert.deepEqual(config, expected);
        await back.model.dispose();
        await loaded.dispose();
      })
    ));
}

/** The same model with a larger vocabulary. */
function paddedTo(source: ModelSource, vocabSize: number): ModelSource {
  return {
    ...source,
    config: { ...source.config, vocabSize },
    read: async (name) => {
      const data = await source.read(name);
      if (!/embed_tokens|lm_head/.test(name)) return data;
      const all = new Float32Array(vocabSize * source.config.hiddenSize);
      all.set(data);
      return all;
    },
  };
}

Deno.test("typeOfWeight() follows llama.cpp's mixtures where blocks fit, and its fallbacks where not", () => {
  const layers = 24;
  const typesIn = (config: Pick<ModelConfig, "layers" | "tieWordEmbeddings">, type: GgufType, columns: number) => ({
    head: typeOfWeight("lm_head.weight", [1000, columns], config, type),
    table: typeOfWeight("model.embed_tokens.weight", [1000, columns], config, type),
    query: typeOfWeight("model.layers.5.self_attn.q_proj.weight", [columns, columns], config, type),
    norm: typeOfWeight("model.layers.5.input_layernorm.weight", [columns], config, type),
    values: Array.from(
      { length: layers },
      (_, i) => typeOfWeight(`model.layers.${i}.self_attn.v_proj.weight`, [128, columns], config, type),
    ).flatMap((stored, i) => stored === typeOfWeight("lm_head.weight", [8, columns], config, type) ? [i] : []),
  });
  const untied = { layers, tieWordEmbeddings: false };
  // The first and last eighth, and every third between: what llama-quantize does with 24 layers.
  const more = [0, 1, 2, 5, 8, 11, 14, 17, 20, 21, 22, 23];
  assert.deepEqual(typesIn(untied, "Q4_K", 1024), {
    ...{ head: "Q6_K", table: "Q4_K", query: "Q4_K", norm: "F32", values: more },
  });
  assert.equal(typesIn({ layers, tieWordEmbeddings: true }, "Q4_K", 1024).table, "Q6_K");
  // 896 columns, as Qwen2.5-0.5B has: no multiple of 256.
  assert.deepEqual(typesIn(untied, "Q4_K", 896), {
    ...{ head: "Q8_0", table: "Q5_0", query: "Q5_0", norm: "F32", values: more },
  });
  const { values: _, ...q4 } = typesIn(untied, "Q4_0", 1024);
  assert.deepEqual(q4, { head: "Q6_K", table: "Q4_0", query: "Q4_0", norm: "F32" });
  assert.equal(typesIn(untied, "Q8_0", 48).query, "F16");
  assert.equal(typesIn(untied, "Q4_K", 48).head, "F16");
});

Deno.test("a model of Qwen2.5-0.5B's shapes gets the tensors and types that llama.cpp gives it", () => {
  const tokenizer = qwenTokenizer();
  const config: ModelConfig = {
    ...smallConfig("qwen2", tokenizer),
    ...{ vocabSize: 151936, hiddenSize: 896, intermediateSize: 4864, layers: 24, heads: 14, kvHeads: 2, headDim: 64 },
    ...{ tieWordEmbeddings: true, ropeTheta: 1e6, maxPositions: 32768 },
  };
  const stored: Record<string, number> = {};
  for (const [name, shape] of Object.entries(weightShapes(config))) {
    const type = typeOfWeight(name, shape, config, "Q4_K");
    stored[type] = (stored[type] ?? 0) + 1;
  }
  // As in Qwen's own qwen2.5-0.5b-instruct-q4_k_m.gguf: 896 columns take Q5_0 and Q8_0, 4,864 columns Q4_K and Q6_K.
  assert.deepEqual(stored, { F32: 121, Q8_0: 13, Q5_0: 132, Q4_K: 12, Q6_K: 12 });
});

Deno.test("saveGguf() writes what llama.cpp's converter writes, under its names", () =>
  withHouseModel(({ model, tokenizer }) =>
    inFolder(async (folder) => {
      await saveGguf(sourceOfModel(model, tokenizer, "phi-3 and Phi3"), `${folder}/a.gguf`, { type: "Q4_K" });
      const file = await openGguf(`${folder}/a.gguf`);
      const value = (key: string) => (file.metadata.get(key) as { value?: unknown })?.value;
      assert.equal(value("general.architecture"), "qwen2");
      assert.equal(value("general.file_type"), 15);
      assert.equal(value("general.quantization_version"), 2);
      // llama.cpp fails with a name that it takes for Phi-3's.
      assert.equal(value("general.name"), "phi 3 and phi 3");
      assert.equal(value("qwen2.block_count"), 4);
      assert.equal(value("qwen2.attention.head_count_kv"), 2);
      assert.equal(value("qwen2.attention.layer_norm_rms_epsilon"), Math.fround(1e-6));
      assert.equal(value("qwen2.rope.freq_base"), 10000);
      assert.equal(value("qwen2.attention.key_length"), undefined);
      assert.equal(value("tokenizer.ggml.pre"), "qwen2");
      assert.equal(value("tokenizer.ggml.eos_token_id"), 2);
      assert.equal(value("tokenizer.ggml.eot_token_id"), 2);
      assert.equal(value("tokenizer.ggml.add_bos_token"), false);
      assert.equal(value("tokenizer.chat_template"), tokenizer.chatTemplate);
      assert.equal(file.tensors.has("output.weight"), false);
      assert.deepEqual(file.info("blk.3.attn_k.bias").shape, [128]);
      assert.equal(file.info("blk.3.attn_k.bias").type, "F32");
      assert.equal(file.info("blk.3.ffn_gate.weight").type, "Q4_K");
      assert.equal(file.info("blk.0.ffn_down.weight").type, "Q5_0");
      assert.equal(file.info("token_embd.weight").type, "Q6_K");
      file.close();
    })
  ));

Deno.test("saveGguf() leaves an earlier file when it is stopped, and nothing else", () =>
  inFolder(async (folder) => {
    const tokenizer = qwenTokenizer();
    const source = randomSource(smallConfig("llama", tokenizer), tokenizer);
    const path = `${folder}/a.gguf`;
    await saveGguf(source, path, { type: "F32" });
    const before = await Deno.readFile(path);
    const stop = new AbortController();
    const progress: [number, number, string][] = [];
    const onProgress = (done: number, total: number, what: string) => {
      progress.push([done, total, what]);
      if (progress.length === 3) stop.abort();
    };
    await assert.rejects(saveGguf(source, path, { type: "Q8_0", signal: stop.signal, onProgress }), /abort/i);
    assert.deepEqual(await Deno.readFile(path), before);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["a.gguf"]);
    assert.ok(progress.every(([done, total, what]) => done <= total && what.length > 0));
  }));

Deno.test("saveGguf() refuses models that llama.cpp would read as others", async () => {
  const tokenizer = qwenTokenizer();
  const refused = async (family: ModelConfig["family"], own: Partial<ModelConfig>, expected: RegExp) => {
    const source = randomSource(smallConfig(family, tokenizer, own), tokenizer);
    await assert.rejects(saveGguf(source, "/nowhere/a.gguf"), expected);
  };
  const ropeScaling = {
    ...{ type: "llama3" as const, factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4 },
    originalMaxPositions: 64,
  };
  await refused("qwen3", { ropeScaling }, /"llama3" in a qwen3 model: .*remove rope_scaling/);
  await refused("qwen3", { attentionBias: true }, /attention_bias in a qwen3 model/);
  await refused("qwen2", { headDim: 32 }, /head_dim 32 with 4 heads in a qwen2 model of hidden_size 64/);
  await refused("llama", { vocabSize: 10 }, /tokens, the model's vocab_size is 10/);
  const source = randomSource(smallConfig("llama", tokenizer), tokenizer);
  await assert.rejects(
    saveGguf(source, "/nowhere/a.gguf", { type: "IQ4_XS" as GgufType }),
    /expected one of F32, F16, BF16, Q8_0, Q4_0, Q4_K/,
  );
});

Deno.test("loadGguf() holds weights in the precision asked for, and frees all when it is stopped", () =>
  inFolder((folder) =>
    withEngine(async (engine) => {
      const tokenizer = await houseTokenizer();
      const source = randomSource(smallConfig("qwen3", tokenizer), tokenizer);
      const path = `${folder}/a.gguf`;
      await saveGguf(source, path, { type: "Q8_0" });
      const { model } = await loadGguf(path, { engine, precision: "8bit" });
      assert.equal(model.config.precision?.weights, "8bit");
      await model.dispose();
      const stop = new AbortController();
      const onProgress = (done: number) => void (done === 5 && stop.abort());
      await assert.rejects(loadGguf(path, { engine, signal: stop.signal, onProgress }), /abort/i);
      assert.equal(engine.bytesInUse, 0);
      assert.ok(GGUF_TYPES.includes("Q8_0"));
    })
  ));
