import assert from "node:assert/strict";
import { openEmbedder, type OpenEmbedderOptions, transformersEmbedder } from "../../../lib/retrieval/embed/mod.ts";
import { Tokenizer } from "../../../lib/tokenizer/mod.ts";
import { assertClose } from "../../support/golden.ts";
import { inFolder } from "../../support/in_folder.ts";
import { expectedVector, hiddenStateFiles, POSITIONS, TINY_TOKENIZER, writeFiles } from "./tiny_onnx.ts";

const files = await hiddenStateFiles();
const tokenizer = await Tokenizer.load(TINY_TOKENIZER);
const idsOf = (text: string) => tokenizer.encode(text, { addSpecialTokens: true });

/** Runs with the model's files in a folder. */
const withModel = (run: (folder: string) => Promise<void>) =>
  inFolder(async (folder) => {
    await writeFiles(folder, files);
    await run(folder);
  });

const TEXTS = ["The cat sat on the mat.", "a", "", "Water and rest for a fever", "Café"];
const settings: OpenEmbedderOptions = { pooling: "mean", maxTokens: 16, threads: 1 };

for (const pooling of ["mean", "cls"] as const) {
  Deno.test(`openEmbedder() pools an ONNX model's hidden states by ${pooling}, in the order asked`, () =>
    withModel(async (folder) => {
      const embedder = await openEmbedder(folder, { ...settings, pooling });
      for (const batchSize of [32, 2, 1]) {
        const vectors = await embedder.embedPassages(TEXTS, { batchSize });
        vectors.forEach((vector, at) => {
          assert.equal(embedder.countTokens(TEXTS[at]), idsOf(TEXTS[at]).length);
          assertClose(vector, expectedVector(idsOf(TEXTS[at]), pooling), `tiny embedding ${at}`, 1e-6);
        });
      }
      const { name, revision, ...others } = embedder.description;
      assert.equal(name, folder.split("/").at(-1));
      assert.match(revision, /^sha256:[0-9a-f]{64}$/);
      assert.deepEqual(others, {
        dimensions: 6,
        maxTokens: 16,
        pooling,
        normalized: true,
        queryPrefix: "",
        passagePrefix: "",
      });
      await embedder.dispose();
      await embedder.dispose();
      await assert.rejects(embedder.embedQueries(["a"]), /model\.onnx was disposed/);
    }));
}

Deno.test("transformersEmbedder() applies prefixes, refuses long passages, and cuts long queries before the last token", () =>
  withModel(async (folder) => {
    const description = {
      name: "tiny",
      revision: "1",
      pooling: "mean",
      maxTokens: 12,
      queryPrefix: "who ",
      passagePrefix: "the ",
    } as const;
    const embedder = await transformersEmbedder(folder, description, { threads: 1 });
    const text = "dog sat on the log";
    const [query] = await embedder.embedQueries([text]);
    const [passage] = await embedder.embedPassages([text]);
    assertClose(query, expectedVector(idsOf(`who ${text}`), "mean"), "query with prefix", 1e-6);
    assertClose(passage, expectedVector(idsOf(`the ${text}`), "mean"), "passage with prefix", 1e-6);
    assert.equal(embedder.countTokens(text), idsOf(`the ${text}`).length);

    const long = "the cat sat on the mat and the dog sat on the log";
    const ids = idsOf(`who ${long}`);
    assert.ok(ids.length > 12);
    const [cut] = await embedder.embedQueries([long]);
    assertClose(cut, expectedVector([...ids.slice(0, 11), ids.at(-1)!], "mean"), "query that was cut", 1e-6);
    await assert.rejects(
      embedder.embedPassages(["a", long]),
      new RegExp(`passage 1 .* has ${idsOf(`the ${long}`).length} tokens, and tiny reads at most 12`),
    );
    await embedder.dispose();
  }));

Deno.test("transformersEmbedder() stops between batches", () =>
  withModel(async (folder) => {
    const embedder = await openEmbedder(folder, settings);
    const stop = new AbortController();
    const onProgress = () => stop.abort(new Error("enough"));
    await assert.rejects(embedder.embedPassages(TEXTS, { batchSize: 1, signal: stop.signal, onProgress }), /enough/);
    await embedder.dispose();
    await assert.rejects(
      openEmbedder(folder, { ...settings, signal: AbortSignal.abort(new Error("at once")) }),
      /at once/,
    );
  }));

Deno.test("openEmbedder() must be told how to pool an unknown ONNX model, and reads it where the folder says so", () =>
  withModel(async (folder) => {
    await assert.rejects(openEmbedder(folder, { threads: 1 }), /does not say how .*give pooling/);
    await writeFiles(folder, {
      "1_Pooling/config.json": new TextEncoder().encode(
        '{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}',
      ),
      "sentence_bert_config.json": new TextEncoder().encode('{"max_seq_length": 20}'),
      "config_sentence_transformers.json": new TextEncoder().encode('{"prompts": {"query": "who ", "document": ""}}'),
    });
    const embedder = await openEmbedder(folder, { threads: 1, passagePrefix: "the " });
    const { pooling, maxTokens, queryPrefix, passagePrefix } = embedder.description;
    assert.deepEqual([pooling, maxTokens, queryPrefix, passagePrefix], ["cls", 20, "who ", "the "]);
    await embedder.dispose();
    await assert.rejects(
      openEmbedder(folder, { ...settings, maxTokens: POSITIONS + 1 }),
      /maxTokens of .*: expected 3 to 24, got 25/,
    );
  }));

Deno.test("openEmbedder() pools an ONNX model as its modules.json says, and refuses layers that it would leave out", () =>
  withModel(async (folder) => {
    const modules = (...parts: [type: string, path: string][]) =>
      new TextEncoder().encode(
        JSON.stringify(parts.map(([type, path]) => ({ type: `sentence_transformers.models.${type}`, path }))),
      );
    await writeFiles(folder, {
      "modules.json": modules(["Transformer", ""], ["Pooling", "2_Pooling"], ["Normalize", "3_Normalize"]),
      "1_Pooling/config.json": new TextEncoder().encode('{"pooling_mode": "mean"}'),
      "2_Pooling/config.json": new TextEncoder().encode('{"pooling_mode": "cls"}'),
    });
    const embedder = await openEmbedder(folder, { maxTokens: 16, threads: 1 });
    assert.equal(embedder.description.pooling, "cls");
    await embedder.dispose();
    await writeFiles(folder, { "modules.json": modules(["Transformer", ""], ["Dense", "2_Dense"]) });
    await assert.rejects(
      openEmbedder(folder, settings),
      /modules\.json: type "sentence_transformers\.models\.Dense" is not supported/,
    );
  }));

Deno.test("openEmbedder() names the file that is absent, broken, or for another task", () =>
  withModel(async (folder) => {
    await assert.rejects(
      openEmbedder(folder, { ...settings, runtime: "transformers", dtype: "q8" }),
      /has no onnx\/model_quantized\.onnx, which transformers\.js needs/,
    );
    await assert.rejects(openEmbedder(folder, { ...settings, runtime: "kiln" }), /safetensors/);
    await writeFiles(folder, await hiddenStateFiles("logits"));
    const other = await openEmbedder(folder, settings);
    await assert.rejects(other.embedPassages(["a"]), /puts out logits; expected last_hidden_state or token_embeddings/);
    await other.dispose();
    await Deno.writeTextFile(`${folder}/onnx/model.onnx`, "nothing");
    await assert.rejects(
      openEmbedder(folder, settings),
      /cannot be used by transformers\.js: .*Fetch or export it again/,
    );
    await Deno.remove(`${folder}/tokenizer_config.json`);
    await assert.rejects(openEmbedder(folder, settings), /has no tokenizer_config\.json/);
    await Deno.writeTextFile(`${folder}/config.json`, "{");
    await assert.rejects(openEmbedder(folder, settings), /config\.json: not JSON/);
  }));
