import assert from "node:assert/strict";
import { createEngine, type Engine } from "../../../lib/engine/mod.ts";
import { encoderEmbedder, houseEmbedder, openEmbedder } from "../../../lib/retrieval/embed/mod.ts";
import { inFolder } from "../../support/in_folder.ts";

const FOLDER = new URL("../../../data/models/kiln-embed", import.meta.url).pathname;

const TEXTS = [
  "The fever went down after two days of rest.",
  "a",
  "",
  "A prime number has exactly two divisors. ".repeat(8),
  "Naïve café 鍵 👩‍👧",
];

async function withEngine(run: (engine: Engine) => Promise<void>): Promise<void> {
  const engine = await createEngine({ threads: 1 });
  try {
    await run(engine);
    assert.equal(engine.bytesInUse, 0, "tensors were left behind");
  } finally {
    await engine.dispose();
  }
}

const cosine = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i], 0);
const isSame = (a: Float32Array, b: Float32Array) => assert.ok(Math.abs(cosine(a, b) - 1) < 1e-5, `${cosine(a, b)}`);

Deno.test("houseEmbedder() gives vectors of length 1 in the order asked, whatever the batches", () =>
  withEngine(async (engine) => {
    const embedder = await houseEmbedder({ engine });
    const { name, dimensions, maxTokens, pooling, normalized, revision } = embedder.description;
    assert.deepEqual([name, dimensions, maxTokens, pooling, normalized], ["kiln-embed", 256, 256, "mean", true]);
    assert.match(revision, /^sha256:[0-9a-f]{64}$/);
    const reports: [number, number][] = [];
    const onProgress = (done: number, total: number) => reports.push([done, total]);
    const vectors = await embedder.embedPassages(TEXTS, { batchSize: 2, onProgress });
    assert.deepEqual(reports, [[2, 5], [4, 5], [5, 5]]);
    const alone: Float32Array[] = [];
    for (const text of TEXTS) alone.push(...await embedder.embedPassages([text]));
    vectors.forEach((vector, at) => {
      assert.equal(vector.length, dimensions);
      assert.ok(Math.abs(Math.hypot(...vector) - 1) < 1e-5);
      isSame(vector, alone[at]);
    });
    assert.deepEqual(await embedder.embedPassages([]), []);
    await embedder.dispose();
    await embedder.dispose();
    await assert.rejects(embedder.embedQueries(["a"]), /kiln-embed was disposed/);
  }));

Deno.test("houseEmbedder() refuses a passage that is too long, and cuts a query", () =>
  withEngine(async (engine) => {
    const embedder = await houseEmbedder({ engine });
    const { maxTokens } = embedder.description;
    const words = (count: number) => Array.from({ length: count }, () => "rest").join(" ");
    const each = embedder.countTokens(words(2)) - embedder.countTokens(words(1));
    const fitting = words(Math.floor((maxTokens - embedder.countTokens("")) / each));
    const long = `${fitting} ${words(9)}`;
    assert.equal(embedder.countTokens(fitting), maxTokens);
    assert.equal(embedder.countTokens(long), maxTokens + 9 * each);
    await embedder.embedPassages([fitting]);
    await assert.rejects(
      embedder.embedPassages(["short", long]),
      new RegExp(
        `passage 1 \\("rest .*"\\.\\.\\.\\) has ${
          maxTokens + 9 * each
        } tokens, and kiln-embed reads at most 256.*chunkDocument`,
      ),
    );
    const [cut, whole] = await embedder.embedQueries([long, fitting]);
    isSame(cut, whole);
    await embedder.dispose();
  }));

Deno.test("encoderEmbedder() puts prefixes before what they are for", () =>
  withEngine(async (engine) => {
    const plain = await encoderEmbedder(FOLDER, { engine });
    const queryPrefix = "question: ";
    const passagePrefix = "the text of a passage: ";
    const prefixed = await encoderEmbedder(FOLDER, { engine, queryPrefix, passagePrefix, maxTokens: 64 });
    assert.equal(prefixed.description.queryPrefix, queryPrefix);
    assert.equal(prefixed.description.passagePrefix, passagePrefix);
    assert.equal(prefixed.description.revision, plain.description.revision);
    const text = "Who keeps the key?";
    const expected = await plain.embedPassages([text, queryPrefix + text, passagePrefix + text]);
    const [query] = await prefixed.embedQueries([text]);
    const [passage] = await prefixed.embedPassages([text]);
    isSame(query, expected[1]);
    isSame(passage, expected[2]);
    assert.ok(cosine(query, expected[0]) < 0.999 && cosine(passage, expected[0]) < 0.999);
    assert.equal(prefixed.countTokens(text), plain.countTokens(passagePrefix + text));
    // The prefix counts.
    const almost = "rest ".repeat(60);
    assert.ok(plain.countTokens(almost) <= 64);
    await assert.rejects(prefixed.embedPassages([almost]), /reads at most 64/);
    await plain.dispose();
    await prefixed.dispose();
  }));

Deno.test("encoderEmbedder() takes another pooling, and refuses more tokens than there are positions", () =>
  withEngine(async (engine) => {
    const [mean, cls] = [
      await encoderEmbedder(FOLDER, { engine }),
      await encoderEmbedder(FOLDER, { engine, pooling: "cls" }),
    ];
    assert.equal(cls.description.pooling, "cls");
    const [[a], [b]] = [await mean.embedPassages([TEXTS[0]]), await cls.embedPassages([TEXTS[0]])];
    assert.ok(cosine(a, b) < 0.999);
    await mean.dispose();
    await cls.dispose();
    await assert.rejects(encoderEmbedder(FOLDER, { engine, maxTokens: 257 }), /maxTokens: expected 2 to 256, got 257/);
  }));

Deno.test("encoderEmbedder() stops when it is told to", () =>
  withEngine(async (engine) => {
    const embedder = await houseEmbedder({ engine });
    const stop = new AbortController();
    const onProgress = () => stop.abort(new Error("enough"));
    await assert.rejects(
      embedder.embedPassages(TEXTS, { batchSize: 1, signal: stop.signal, onProgress }),
      /enough/,
    );
    await embedder.dispose();
    await assert.rejects(houseEmbedder({ engine, signal: AbortSignal.abort(new Error("at once")) }), /at once/);
  }));

Deno.test("encoderEmbedder() has a revision that changes with what decides, and not with documentation", () =>
  withEngine((engine) =>
    inFolder(async (folder) => {
      await Deno.mkdir(`${folder}/1_Pooling`);
      const names = ["config.json", "modules.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"];
      for (const name of [...names, "1_Pooling/config.json"]) {
        await Deno.copyFile(`${FOLDER}/${name}`, `${folder}/${name}`);
      }
      const revisionNow = async () => {
        const embedder = await encoderEmbedder(folder, { engine });
        await embedder.dispose();
        return embedder.description.revision;
      };
      const first = await revisionNow();
      await Deno.writeTextFile(`${folder}/README.md`, "more about it");
      assert.equal(await revisionNow(), first);
      const prompts = { query: "ask: ", document: "read: " };
      await Deno.writeTextFile(`${folder}/config_sentence_transformers.json`, JSON.stringify({ prompts }));
      assert.notEqual(await revisionNow(), first);
      const embedder = await encoderEmbedder(folder, { engine });
      const { queryPrefix, passagePrefix } = embedder.description;
      assert.deepEqual([queryPrefix, passagePrefix], ["ask: ", "read: "]);
      await embedder.dispose();
    })
  ));

Deno.test("openEmbedder() opens the house encoder with the settings that are given, and by no other runtime", () =>
  withEngine(async (engine) => {
    const given = { pooling: "cls", maxTokens: 64, queryPrefix: "who ", passagePrefix: "the " } as const;
    const embedder = await openEmbedder("kiln-embed", { ...given, engine });
    const { pooling, maxTokens, queryPrefix, passagePrefix } = embedder.description;
    assert.deepEqual({ pooling, maxTokens, queryPrefix, passagePrefix }, given);
    await embedder.dispose();
    await assert.rejects(
      openEmbedder("kiln-embed", { engine, runtime: "transformers" }),
      /runtime: kiln-embed ships as/,
    );
  }));

Deno.test("openEmbedder() opens the house encoder by name, and as a folder by its own files", async () => {
  const texts = ["What is a prime number?"];
  const house = await openEmbedder("kiln-embed", { threads: 1 });
  const folder = await openEmbedder(FOLDER, { threads: 1, queryPrefix: "" });
  assert.deepEqual(folder.description, house.description);
  isSame((await house.embedQueries(texts))[0], (await folder.embedQueries(texts))[0]);
  await house.dispose();
  await folder.dispose();
  await assert.rejects(
    openEmbedder(FOLDER, { threads: 1, as: "all-MiniLM-L6-v2" }),
    /has 256 dimensions, all-MiniLM-L6-v2 has 384: it is another model/,
  );
});
