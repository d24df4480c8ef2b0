/** The files of an export: what they are called, what the small ones say, and that a failed export leaves nothing. */
import assert from "node:assert/strict";
import onnxProto from "onnx-proto";
import { createEngine } from "../../../lib/engine/mod.ts";
import { type ModelSource, sourceOfModel } from "../../../lib/formats/model_source.ts";
import { onnxDecoderLogits, saveOnnxDecoder, type SaveOnnxOptions } from "../../../lib/formats/onnx_decoder/mod.ts";
import { type ModelConfig, parseConfig } from "../../../lib/models/mod.ts";
import { Tokenizer } from "../../../lib/tokenizer/mod.ts";
import { failingFileSystem } from "../../files/failing_file_system.ts";
import { smallConfig, smallModel } from "../../models/generate/models.ts";
import { inFolder } from "../../support/in_folder.ts";
import { tinyTokenizer } from "../../tokenizer/tiny.ts";

/** Room for all tokens of the small tokenizer with ChatML. */
const SIZES = { vocabSize: 320, eosTokenIds: [0] };
const IDS = [5, 6, 7, 300];

/** Runs a test with a small model as a source, and a folder. */
async function withSource(
  run: (source: ModelSource, folder: string) => Promise<void>,
  changes: Partial<ModelConfig> = {},
  tokenizer: Tokenizer = tinyTokenizer(),
): Promise<void> {
  const engine = await createEngine({ threads: 1 });
  const model = await smallModel(engine, { ...SIZES, ...changes });
  try {
    await inFolder((folder) => run(sourceOfModel(model, tokenizer, "small"), `${folder}/export`));
  } finally {
    await model.dispose();
    await engine.dispose();
  }
}

const readJson = async (path: string) => JSON.parse(await Deno.readTextFile(path));

async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) names.push(name);
  return names.sort();
}

async function decoded(path: string) {
  return onnxProto.onnx.ModelProto.decode(await Deno.readFile(path)).graph!;
}

Deno.test("saveOnnxDecoder() writes the files that transformers.js asks for", () =>
  withSource(async (source, folder) => {
    await saveOnnxDecoder(source, folder, { precisions: ["4bit", "f16", "f32"] });
    assert.deepEqual(await namesIn(folder), [
      "chat_template.jinja",
      "config.json",
      "generation_config.json",
      "onnx",
      "special_tokens_map.json",
      "tokenizer.json",
      "tokenizer_config.json",
    ]);
    assert.deepEqual(await namesIn(`${folder}/onnx`), ["model.onnx", "model_fp16.onnx", "model_q4.onnx"]);
    const config = await readJson(`${folder}/config.json`);
    assert.deepEqual(config["transformers.js_config"], { dtype: "q4", kv_cache_dtype: { fp16: "float16" } });
    const { eosTokenIds: _, ...rest } = { ...smallConfig, ...SIZES };
    const { eosTokenIds, ...read } = parseConfig(JSON.stringify(config), "config.json");
    assert.deepEqual(read, rest);
    assert.deepEqual(eosTokenIds, [0, source.tokenizer.eosTokenId]);
    assert.equal((await readJson(`${folder}/tokenizer_config.json`)).chat_template, source.tokenizer.chatTemplate);
  }));

Deno.test("an exported decoder has the inputs and outputs of its kind, with the names of their sizes", () =>
  withSource(async (source, folder) => {
    await saveOnnxDecoder(source, folder, { precisions: ["f32", "f16"] });
    for (const [file, cacheType] of [["model.onnx", 1], ["model_fp16.onnx", 10]] as const) {
      const graph = await decoded(`${folder}/onnx/${file}`);
      const shown = (infos: typeof graph.input) =>
        Object.fromEntries(infos!.map(({ name, type }) => {
          const { elemType, shape } = type!.tensorType!;
          return [name, [elemType, ...shape!.dim!.map((dim) => dim.dimParam || Number(dim.dimValue))].join(", ")];
        }));
      const [past, total] = ["past_sequence_length", "past_sequence_length + sequence_length"];
      const layers = [0, 1].flatMap((layer) => [`${layer}.key`, `${layer}.value`]);
      assert.deepEqual(shown(graph.input), {
        input_ids: "7, batch_size, sequence_length",
        attention_mask: `7, batch_size, ${total}`,
        position_ids: "7, batch_size, sequence_length",
        ...Object.fromEntries(
          layers.map((name) => [`past_key_values.${name}`, `${cacheType}, batch_size, 2, ${past}, 8`]),
        ),
      });
      assert.deepEqual(shown(graph.output), {
        logits: "1, batch_size, sequence_length, 320",
        ...Object.fromEntries(layers.map((name) => [`present.${name}`, `${cacheType}, batch_size, 2, ${total}, 8`])),
      });
    }
  }));

Deno.test("a decoder with num_logits_to_keep gives logits of the last tokens, or of all for 0", () =>
  withSource(async (source, folder) => {
    await saveOnnxDecoder(source, folder, { precisions: ["f32", "4bit"], numLogitsToKeep: true });
    await saveOnnxDecoder(source, `${folder}-all`, { precisions: ["f32", "4bit"] });
    for (const [precision, file] of [["f32", "model.onnx"], ["4bit", "model_q4.onnx"]] as const) {
      const all = await onnxDecoderLogits(`${folder}-all`, precision, IDS);
      assert.deepEqual(await onnxDecoderLogits(folder, precision, IDS), all);
      const graph = await decoded(`${folder}/onnx/${file}`);
      const kept = graph.input!.find(({ name }) => name === "num_logits_to_keep")!.type!.tensorType!;
      assert.deepEqual([kept.elemType, kept.shape!.dim!.length], [7, 0]);
    }
  }));

Deno.test("saveOnnxDecoder() keeps what the model's own files say of generating, and ends texts where turns end", async () => {
  const generation = { eos_token_id: 3, temperature: 0.7, top_p: 0.8, do_sample: true };
  const template = "{{ messages[0].content }}";
  const named = tinyTokenizer({ "generation_config.json": generation, "chat_template.jinja": template });
  await withSource(
    async (source, folder) => {
      await saveOnnxDecoder(source, folder);
      const ends = [0, 3, named.eosTokenId];
      assert.deepEqual(await readJson(`${folder}/generation_config.json`), { ...generation, eos_token_id: ends });
      assert.deepEqual((await readJson(`${folder}/config.json`)).eos_token_id, ends);
      assert.equal((await readJson(`${folder}/tokenizer_config.json`)).chat_template, template);
    },
    {},
    named,
  );
});

Deno.test("saveOnnxDecoder() names special tokens in tokenizer_config.json, where transformers.js looks for them", async () => {
  const inMap = tinyTokenizer({
    "tokenizer_config.json": { tokenizer_class: "PreTrainedTokenizerFast" },
    "special_tokens_map.json": { eos_token: { content: "<|im_end|>" }, pad_token: "<|endoftext|>" },
  });
  await withSource(
    async (source, folder) => {
      await saveOnnxDecoder(source, folder);
      const { eos_token, pad_token } = await readJson(`${folder}/tokenizer_config.json`);
      assert.deepEqual([eos_token, pad_token], ["<|im_end|>", "<|endoftext|>"]);
    },
    {},
    inMap,
  );
});

Deno.test("saveOnnxDecoder() puts weights into files beside the decoder, as many as their size asks for", () =>
  withSource(async (source, folder) => {
    // The table and the three matrices of each MLP have 64 KiB and more, which is what goes into other files.
    const options: SaveOnnxOptions = { precisions: ["f32", "4bit"], maxEmbeddedBytes: 2 ** 16, maxShardBytes: 500_000 };
    await saveOnnxDecoder(source, folder, options);
    const names = await namesIn(`${folder}/onnx`);
    const shards = names.filter((name) => name.startsWith("model.onnx_data"));
    assert.deepEqual(shards, ["model.onnx_data", "model.onnx_data_1", "model.onnx_data_2"]);
    const { use_external_data_format } = (await readJson(`${folder}/config.json`))["transformers.js_config"];
    assert.deepEqual(use_external_data_format, {
      "model.onnx": 3,
      "model_q4.onnx": names.filter((name) => name.startsWith("model_q4.onnx_data")).length,
    });

    const sizes = new Map(shards.map((name) => [name, Deno.statSync(`${folder}/onnx/${name}`).size]));
    const { initializer } = await decoded(`${folder}/onnx/model.onnx`);
    const ends = new Map<string, number>();
    for (const { name, externalData, rawData, dataLocation } of initializer!) {
      if (dataLocation !== 1) {
        assert.ok(rawData!.length < 2 ** 16, `${name} is too large for the decoder's file`);
        continue;
      }
      const { location, offset, length } = Object.fromEntries(externalData!.map(({ key, value }) => [key, value!]));
      assert.equal(Number(offset) % 2 ** 16, 0, `${name} begins where systems map files into memory`);
      ends.set(location, Math.max(ends.get(location) ?? 0, Number(offset) + Number(length)));
    }
    assert.deepEqual(ends, sizes, "files end with their last weight");

    await saveOnnxDecoder(source, `${folder}-whole`, { precisions: ["f32", "4bit"] });
    for (const precision of ["f32", "4bit"] as const) {
      assert.deepEqual(
        await onnxDecoderLogits(folder, precision, IDS),
        await onnxDecoderLogits(`${folder}-whole`, precision, IDS),
      );
    }
  }, { vocabSize: 640, hiddenSize: 128, intermediateSize: 256, heads: 16 }));

Deno.test("saveOnnxDecoder() replaces an earlier export as a whole, and leaves other files alone", () =>
  withSource(async (source, folder) => {
    await saveOnnxDecoder(source, folder, { precisions: ["f32", "f16"], maxEmbeddedBytes: 0 });
    await Deno.writeTextFile(`${folder}/README.md`, "mine");
    await saveOnnxDecoder(source, folder, { precisions: ["4bit"] });
    assert.deepEqual(await namesIn(`${folder}/onnx`), ["model_q4.onnx"]);
    assert.equal(await Deno.readTextFile(`${folder}/README.md`), "mine");
  }));

Deno.test("saveOnnxDecoder() tells how many weights are written, of all files", () =>
  withSource(async (source, folder) => {
    const told: [number, number, string][] = [];
    const onProgress = (...progress: [number, number, string]) => void told.push(progress);
    await saveOnnxDecoder(source, folder, { precisions: ["f32", "4bit"], onProgress });
    // 12 a layer, the table and the last norm.
    assert.deepEqual(told.map(([done, total]) => [done, total]), Array.from({ length: 52 }, (_, i) => [i + 1, 52]));
    assert.equal(told[0][2], "model.onnx: model.embed_tokens.weight");
    assert.equal(told[51][2], "model_q4.onnx: model.norm.weight");
  }));

Deno.test("a stopped export leaves an earlier one as it was, and nothing else", () =>
  withSource(async (source, folder) => {
    await saveOnnxDecoder(source, folder);
    const before = await namesIn(folder);
    for (const stopAt of [1, 13, 26]) {
      const stop = new AbortController();
      const onProgress = (done: number) => done === stopAt && stop.abort(new Error("enough"));
      const options: SaveOnnxOptions = { precisions: ["4bit"], maxEmbeddedBytes: 0, signal: stop.signal, onProgress };
      await assert.rejects(saveOnnxDecoder(source, folder, options), /^Error: enough$/);
      assert.deepEqual(await namesIn(folder), before);
      assert.deepEqual(await namesIn(`${folder}/onnx`), ["model.onnx"]);
      await assert.rejects(saveOnnxDecoder(source, `${folder}-new`, options), /^Error: enough$/);
    }
    assert.deepEqual(await namesIn(folder.replace(/export$/, "")), ["export"]);
  }));

Deno.test("an export onto a disk that fills up, at any operation, leaves an earlier one as it was", () =>
  withSource(async (source, folder) => {
    await saveOnnxDecoder(source, folder);
    const before = await onnxDecoderLogits(folder, "f32", IDS);
    const options: SaveOnnxOptions = { precisions: ["f32"], maxEmbeddedBytes: 0 };
    const counting = failingFileSystem(Infinity);
    await saveOnnxDecoder(source, `${folder}-count`, { ...options, fileSystem: counting });
    for (let failAt = 0; failAt < counting.operations(); failAt += 7) {
      const saving = saveOnnxDecoder(source, folder, { ...options, fileSystem: failingFileSystem(failAt) });
      await assert.rejects(saving, { name: "DiskFullError" });
    }
    assert.deepEqual(await onnxDecoderLogits(folder, "f32", IDS), before);
    assert.deepEqual(await namesIn(folder.replace(/export$/, "")), ["export", "export-count"]);
  }));

Deno.test("saveOnnxDecoder() names what it cannot write, and writes nothing", () =>
  withSource(async (source, folder) => {
    const refused: [unknown, RegExp][] = [
      [{ precisions: [] }, /^RangeError: precisions: expected one or more, each once, got \[\]$/],
      [{ precisions: ["f32", "f32"] }, /^RangeError: precisions: expected one or more, each once, got \[f32, f32\]$/],
      [{ precisions: ["q4"] }, /^RangeError: precision: expected one of f32, f16, 4bit, got "q4"$/],
      [{ maxShardBytes: 0 }, /^RangeError: maxShardBytes: expected a whole number of bytes from 1 to/],
      [{ maxEmbeddedBytes: -1 }, /^RangeError: maxEmbeddedBytes: expected a whole number of bytes from 0 to/],
      [{ maxEmbeddedBytes: 2 ** 31 }, /^RangeError: maxEmbeddedBytes: expected .* got 2147483648$/],
    ];
    for (const [options, message] of refused) {
      await assert.rejects(saveOnnxDecoder(source, folder, options as SaveOnnxOptions), message);
    }
    const many: SaveOnnxOptions = { maxEmbeddedBytes: 0, maxShardBytes: 1 };
    const deep: ModelSource = {
      ...source,
      config: { ...source.config, vocabSize: 1024, layers: 40, intermediateSize: 512 },
    };
    await assert.rejects(
      saveOnnxDecoder(deep, folder, many),
      /^RangeError: maxShardBytes 1: model\.onnx would have 121 files beside it; expected at most 100/,
    );
    const large: ModelSource = {
      ...source,
      read: async (name) => {
        const numbers = await source.read(name);
        if (name.endsWith("1.mlp.up_proj.weight")) numbers[5] = 70_000;
        return numbers;
      },
    };
    await assert.rejects(
      saveOnnxDecoder(large, folder, { precisions: ["f16"] }),
      /^Error: weight "model\.layers\.1\.mlp\.up_proj\.weight": float16 cannot hold 70000/,
    );
    const small: ModelSource = { ...source, config: { ...source.config, vocabSize: 100 } };
    await assert.rejects(saveOnnxDecoder(small, folder), /the tokenizer has \d+ tokens, the model's vocab_size is 100/);
    await assert.rejects(Deno.stat(folder), Deno.errors.NotFound);
  }));
