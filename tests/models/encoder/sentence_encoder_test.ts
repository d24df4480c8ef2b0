import assert from "node:assert/strict";
import { type EmbedOptions, loadEncoder, saveEncoder, type SentenceEncoder } from "../../../lib/models/encoder/mod.ts";
import { assertClose } from "../../support/golden.ts";
import { inFolder } from "../../support/in_folder.ts";
import { withSmallEncoder } from "./encoders.ts";

const TEXTS = [
  "the cat sat on the mat",
  "dog",
  "",
  "the dog and the log",
  "user and assistant and system and cat",
  "log",
];

function cosine(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}

function assertSame(actual: Float32Array[], expected: Float32Array[], what: string, tolerance = 1e-6): void {
  assert.equal(actual.length, expected.length);
  actual.forEach((vector, i) => assertClose(vector, expected[i], `${what}, text ${i}`, tolerance));
}

Deno.test("SentenceEncoder.embed() gives one vector of length 1 a text, in their order, whatever the batches", () =>
  withSmallEncoder(async (encoder) => {
    const alone: Float32Array[] = [];
    for (const text of TEXTS) alone.push(...await encoder.embed([text]));
    for (const vector of alone) {
      assert.equal(vector.length, 16);
      assert.ok(Math.abs(Math.hypot(...vector) - 1) < 1e-5);
    }
    for (const batchSize of [1, 2, 3, 64]) {
      assertSame(await encoder.embed(TEXTS, { batchSize }), alone, `batches of ${batchSize}`);
    }
    assert.deepEqual(await encoder.embed([]), []);
    assert.ok(cosine(alone[0], alone[1]) < 0.999, "different texts have different embeddings");
  }));

Deno.test("SentenceEncoder.embed() puts the prefix before each text", () =>
  withSmallEncoder(async (encoder) => {
    const prefixed = await encoder.embed(["cat", "dog"], { prefix: "the " });
    assertSame(prefixed, await encoder.embed(["the cat", "the dog"]), "prefix");
  }));

Deno.test("SentenceEncoder.embed() cuts what is too long, and says of how many texts", () =>
  withSmallEncoder(async (encoder) => {
    const long = "the cat and ".repeat(20);
    const reports: { done: number; total: number; truncated: number }[] = [];
    const onProgress: EmbedOptions["onProgress"] = (progress) => reports.push(progress);
    await encoder.embed(["dog", long, "log"], { batchSize: 2, onProgress });
    assert.deepEqual(reports, [{ done: 2, total: 3, truncated: 1 }, { done: 3, total: 3, truncated: 1 }]);
    const { ids, truncated } = encoder.tokenize(long);
    assert.deepEqual([ids.length, truncated], [24, true]);
    const [cut, same] = [await encoder.embed([long], { maxTokens: 4 }), encoder.tokenizer.decode(ids.slice(0, 4))];
    assertSame(cut, await encoder.embed([same]), "four tokens");
  }));

Deno.test("SentenceEncoder.embed() refuses options that mean nothing, and stops when aborted", () =>
  withSmallEncoder(async (encoder) => {
    await assert.rejects(encoder.embed(["cat"], { maxTokens: 25 }), /maxTokens: expected 1 to 24, got 25/);
    await assert.rejects(encoder.embed(["cat"], { maxTokens: 0 }), /maxTokens: expected 1 to 24, got 0/);
    await assert.rejects(encoder.embed(["cat"], { batchSize: 0 }), /batchSize: expected a whole number above 0, got 0/);
    const abort = new AbortController();
    const done: number[] = [];
    const run = encoder.embed(TEXTS, {
      batchSize: 1,
      signal: abort.signal,
      onProgress: (progress) => {
        done.push(progress.done);
        if (progress.done === 2) abort.abort(new Error("enough"));
      },
    });
    await assert.rejects(run, /enough/);
    assert.deepEqual(done, [1, 2]);
  }));

for (const dtype of ["F32", "F16", "BF16"] as const) {
  Deno.test(`saveEncoder() in ${dtype} and loadEncoder() give the same encoder`, () =>
    withSmallEncoder(async (encoder) => {
      await inFolder(async (folder) => {
        const path = `${folder}/encoder`;
        await saveEncoder(encoder, path, { dtype });
        const loaded = await loadEncoder(path, { engine: encoder.engine });
        assert.deepEqual(loaded.config, encoder.config);
        assert.deepEqual(loaded.settings, { pooling: "mean", maxTokens: 20 });
        const tolerance = { F32: 1e-6, F16: 5e-3, BF16: 3e-2 }[dtype];
        assertSame(await loaded.embed(TEXTS), await encoder.embed(TEXTS), dtype, tolerance);
        // A second save takes the place of the first.
        await saveEncoder(loaded, path, { dtype });
        await loaded.dispose();
      });
    }, { maxTokens: 20 }));
}

/** Saves the small encoder, lets a test change the folder, and gives what loading it says. */
async function loadingError(change: (folder: string, encoder: SentenceEncoder) => Promise<void>): Promise<string> {
  let message = "";
  await withSmallEncoder(async (encoder) => {
    await inFolder(async (folder) => {
      await saveEncoder(encoder, folder, { dtype: "F32" });
      await change(folder, encoder);
      const before = encoder.engine.bytesInUse;
      await assert.rejects(loadEncoder(folder, { engine: encoder.engine }), (error: Error) => {
        message = error.message;
        return true;
      });
      assert.equal(encoder.engine.bytesInUse, before, "tensors were left behind");
    });
  });
  return message;
}

async function changeJson(path: string, changes: object): Promise<void> {
  await Deno.writeTextFile(path, JSON.stringify({ ...JSON.parse(await Deno.readTextFile(path)), ...changes }));
}

Deno.test("loadEncoder() names the file and what is wrong with it", async () => {
  const cases: [change: (folder: string) => Promise<void>, message: RegExp][] = [
    [(folder) => Deno.remove(`${folder}/config.json`), /config\.json: cannot be read/],
    [(folder) => Deno.remove(`${folder}/tokenizer.json`), /expected tokenizer\.json/],
    [(folder) => Deno.remove(`${folder}/1_Pooling/config.json`), /1_Pooling\/config\.json: modules\.json names it/],
    [(folder) => Deno.writeTextFile(`${folder}/modules.json`, "{"), /modules\.json: not JSON/],
    [
      (folder) => changeJson(`${folder}/1_Pooling/config.json`, { pooling_mode_max_tokens: true }),
      /pooling_mode "pooling_mode_mean_tokens and pooling_mode_max_tokens" is not supported/,
    ],
    [
      (folder) => Deno.writeTextFile(`${folder}/modules.json`, JSON.stringify([{ type: "x.Dense", path: "2_Dense" }])),
      /modules\.json: type "x\.Dense" is not supported/,
    ],
    [
      (folder) => changeJson(`${folder}/config.json`, { num_hidden_layers: 3 }),
      /there is no tensor "encoder\.layer\.2\.attention\.self\.query\.weight", but config\.json asks for one of \[16, 16\]/,
    ],
    [
      (folder) => changeJson(`${folder}/config.json`, { num_hidden_layers: 1 }),
      /tensor "encoder\.layer\.1\..*" belongs to none of the layers/,
    ],
    [
      (folder) => changeJson(`${folder}/config.json`, { intermediate_size: 33 }),
      /is \[32, 16\], but config\.json asks/,
    ],
    [(folder) => changeJson(`${folder}/config.json`, { vocab_size: 100 }), /word_embeddings\.weight" is \[\d+, 16\]/],
  ];
  for (const [change, message] of cases) assert.match(await loadingError(change), message);
});

Deno.test("loadEncoder() reads a newer pooling file, and a plain BertModel by its mean", () =>
  withSmallEncoder(async (encoder) => {
    await inFolder(async (folder) => {
      await saveEncoder(encoder, folder);
      const settings = async () => {
        const loaded = await loadEncoder(folder, { engine: encoder.engine });
        await loaded.dispose();
        return loaded.settings;
      };
      await Deno.writeTextFile(`${folder}/1_Pooling/config.json`, JSON.stringify({ pooling_mode: "cls" }));
      assert.deepEqual(await settings(), { pooling: "cls", maxTokens: 24 });
      for (const name of ["modules.json", "sentence_bert_config.json"]) await Deno.remove(`${folder}/${name}`);
      assert.deepEqual(await settings(), { pooling: "cls", maxTokens: 24 });
      await Deno.remove(`${folder}/1_Pooling/config.json`);
      assert.deepEqual(await settings(), { pooling: "mean", maxTokens: 24 });
    });
  }));
