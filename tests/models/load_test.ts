import assert from "node:assert/strict";
import { DiskFullError } from "../../lib/files/mod.ts";
import {
  type CausalLM,
  createModel,
  loadModel,
  openCheckpoint,
  openSafetensors,
  readConfig,
  saveModel,
  type TensorToWrite,
  weightShapes,
  writeSafetensors,
} from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { failingFileSystem } from "../files/failing_file_system.ts";
import { GOLDEN } from "../support/golden.ts";
import { inFolder, numbersOf, TINY_MODEL, withEngine, withTinyModel } from "../support/tiny_model.ts";

const UNTIED = `${GOLDEN}qwen2_tiny/untied`;

/** One model of each family, and of Llama one with every bias. */
const FAMILIES = [
  TINY_MODEL,
  UNTIED,
  ...["qwen3_tiny/tied", "llama_tiny/llama3", "llama_tiny/biased"].map((name) => GOLDEN + name),
];

/** The names of a folder's entries, sorted. */
function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

async function withModelFrom(folder: string, run: (model: CausalLM) => Promise<void>): Promise<void> {
  await withEngine(async (engine) => {
    const model = await loadModel(folder, { engine });
    await run(model);
    await model.dispose();
  });
}

Deno.test("loadModel() reads every tensor as it is in the file, single or sharded, and reports progress", async () => {
  for (const folder of FAMILIES) {
    await withEngine(async (engine) => {
      const seen: number[] = [];
      const model = await loadModel(folder, {
        engine,
        onProgress: (done, total) => seen.push(done, total),
      });
      const checkpoint = await openCheckpoint(folder);
      assert.deepEqual([...model.weights.keys()].sort(), [...checkpoint.names].sort());
      for (const [name, tensor] of model.weights) assert.deepEqual(tensor.data, await checkpoint.readF32(name), name);
      checkpoint.close();
      const { size } = model.weights;
      assert.deepEqual(seen.slice(0, 2), [1, size]);
      assert.deepEqual(seen.slice(-2), [size, size]);
      assert.equal(
        model.parameterCount,
        [...model.weights.values()].reduce((sum, { byteLength }) => sum + byteLength / 4, 0),
      );
      await model.dispose();
      assert.equal(engine.bytesInUse, 0);
    });
  }
});

Deno.test("saveModel() and loadModel() give the same weights back: bit for bit in F32, in one file or in shards", () =>
  inFolder(async (folder) => {
    for (const source of FAMILIES) {
      await withModelFrom(source, async (model) => {
        const before = await numbersOf(model, model.weights);
        for (const maxShardBytes of [undefined, 9_000]) {
          await saveModel(model, folder, { dtype: "F32", maxShardBytes });
          await withModelFrom(folder, async (loaded) => {
            assert.deepEqual(await numbersOf(loaded, loaded.weights), before);
            assert.deepEqual(loaded.config, model.config);
          });
          // A save of the other kind left no weights behind that would be read instead.
          const weights = namesIn(folder).filter((name) => name.includes("safetensors"));
          assert.equal(weights.includes("model.safetensors"), maxShardBytes === undefined);
          assert.equal(weights.length > 2, maxShardBytes !== undefined);
        }
      });
    }
  }));

Deno.test("saveModel() rounds to the nearest even in BF16, and keeps weights that were BF16", () =>
  inFolder(async (folder) => {
    await withModelFrom(UNTIED, async (model) => {
      const before = await numbersOf(model, model.weights);
      const weight = model.weight("model.norm.weight").data as Float32Array;
      // Halfway between two bfloat16 numbers: ties go to the even mantissa, whichever side it is on.
      const [one, step] = [1, 2 ** -7];
      weight.set([one + step / 2, one + 1.5 * step, one + 0.51 * step, -one - step / 2]);
      await saveModel(model, folder);
      await withModelFrom(folder, async (loaded) => {
        const after = await numbersOf(loaded, loaded.weights);
        assert.deepEqual([...after.get("model.norm.weight")!.slice(0, 4)], [one, one + 2 * step, one + step, -one]);
        for (const [name, values] of before) {
          if (name !== "model.norm.weight") assert.deepEqual(after.get(name), values, name);
        }
      });
    });
    const file = await openSafetensors(`${folder}/model.safetensors`);
    assert.ok(file.names.every((name) => file.info(name).dtype === "BF16"));
    assert.equal(file.metadata.format, "pt");
    file.close();
    assert.equal(JSON.parse(await Deno.readTextFile(`${folder}/config.json`)).torch_dtype, "bfloat16");
  }));

Deno.test("saveModel() leaves other files in the folder alone", () =>
  withTinyModel((model) =>
    inFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/tokenizer.json`, "{}");
      await Deno.mkdir(`${folder}/adapter`);
      await saveModel(model, folder);
      assert.deepEqual(namesIn(folder), [
        "adapter",
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
      ]);
    })
  ));

Deno.test("saveModel() leaves the earlier model, or no folder, when the disk is full at any moment", () =>
  withTinyModel((model) =>
    inFolder(async (folder) => {
      const small = { ...model.config, layers: 1, vocabSize: 8 };
      const options = { engine: model.engine };
      const old = await createModel(small, { ...options, random: new Random(1) });
      const next = await createModel(small, { ...options, random: new Random(2) });
      const expected = await numbersOf(old, old.weights);
      const target = `${folder}/model`;
      for (let failAt = 0;; failAt++) {
        const fileSystem = failingFileSystem(failAt);
        if (failAt === 0) await saveModel(old, target, { dtype: "F32" });
        const names = namesIn(target);
        try {
          await saveModel(next, target, { dtype: "F32", maxShardBytes: 10_000, fileSystem });
        } catch (error) {
          assert.ok(error instanceof DiskFullError, String(error));
          assert.ok(error.path.startsWith(target) && !error.path.includes(".partial"), error.message);
          assert.deepEqual(namesIn(target), names, `operation ${failAt}`);
          assert.deepEqual(namesIn(folder), ["model"]);
          if (failAt % 5 === 0) {
            const loaded = await loadModel(target, options);
            assert.deepEqual(await numbersOf(loaded, loaded.weights), expected, `operation ${failAt}`);
          }
          continue;
        }
        assert.ok(failAt > 20, `only ${failAt} operations`);
        break;
      }
      const loaded = await loadModel(target, options);
      assert.deepEqual(await numbersOf(loaded, loaded.weights), await numbersOf(next, next.weights));
      assert.ok(!namesIn(target).includes("model.safetensors"), "the earlier weights are gone");
    })
  ));

/** Copies the tiny model's folder, changes it, and loads it. */
async function loadChanged(change: (folder: string) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    for (const name of namesIn(TINY_MODEL)) await Deno.copyFile(`${TINY_MODEL}/${name}`, `${folder}/${name}`);
    await change(folder);
    await withEngine(async (engine) => {
      try {
        await loadModel(folder, { engine });
      } catch (error) {
        assert.equal(engine.bytesInUse, 0, "what was read is freed");
        assert.ok((error as Error).message.includes(folder), `the message names no file: ${(error as Error).message}`);
        throw error;
      }
    });
  });
}

/** Writes the weights again, with changes. */
function withTensors(change: (tensors: TensorToWrite[]) => TensorToWrite[]): (folder: string) => Promise<void> {
  return async (folder) => {
    const path = `${folder}/model.safetensors`;
    const file = await openSafetensors(path);
    const tensors: TensorToWrite[] = [];
    for (const name of file.names) {
      const { dtype, shape } = file.info(name);
      tensors.push({ name, dtype, shape, data: await file.read(name) });
    }
    file.close();
    await writeSafetensors(path, change(tensors));
  };
}

/** Changes one field of a JSON file in the folder. */
function withField(name: string, field: string, value: unknown): (folder: string) => Promise<void> {
  return async (folder) => {
    const json = JSON.parse(await Deno.readTextFile(`${folder}/${name}`));
    await Deno.writeTextFile(`${folder}/${name}`, JSON.stringify({ ...json, [field]: value }));
  };
}

const last = "model.layers.2.mlp.down_proj.weight";
const changeLast = (changed: Partial<TensorToWrite>) =>
  withTensors((tensors) => tensors.map((tensor) => tensor.name === last ? { ...tensor, ...changed } : tensor));

const broken: [string, (folder: string) => Promise<void>, RegExp][] = [
  [
    "no config.json",
    (folder) => Deno.remove(`${folder}/config.json`),
    /config.json: cannot be read .*Hugging Face model folder/,
  ],
  ["no weights", (folder) => Deno.remove(`${folder}/model.safetensors`), /expected model.safetensors or/],
  [
    "a missing tensor",
    withTensors((tensors) => tensors.filter(({ name }) => name !== last)),
    /model.safetensors: there is no tensor "model.layers.2.mlp.down_proj.weight", but config.json asks for one of \[32, 48\]/,
  ],
  [
    "a tensor of another shape",
    changeLast({ shape: [48, 32] }),
    /is \[48, 32\], but config.json asks for one of \[32, 48\]/,
  ],
  [
    "a tensor of another rank",
    changeLast({ shape: [32 * 48] }),
    /is \[1536\], but config.json asks for one of \[32, 48\]/,
  ],
  [
    "a bias that the config does not speak of",
    withTensors((tensors) => [...tensors, { ...tensors[0], name: "model.layers.0.self_attn.o_proj.bias" }]),
    /model.safetensors: tensor "model.layers.0.self_attn.o_proj.bias" belongs to none of the layers that config.json/,
  ],
  ["a tensor of integers", changeLast({ dtype: "I32", data: new Int32Array(1536) }), /is I32, expected F32, F16, BF16/],
  ["a config of more layers", withField("config.json", "num_hidden_layers", 4), /there is no tensor "model.layers.3/],
  ["a config of a larger vocabulary", withField("config.json", "vocab_size", 100), /is \[96, 32\], but .* \[100, 32\]/],
  [
    "an untied config without a head",
    withField("config.json", "tie_word_embeddings", false),
    /no tensor "lm_head.weight"/,
  ],
  [
    "a generation config of text",
    withField("generation_config.json", "eos_token_id", "x"),
    /generation_config.json: field "eos_token_id"/,
  ],
  [
    "a generation config that is no JSON",
    (folder) => Deno.writeTextFile(`${folder}/generation_config.json`, "{"),
    /generation_config.json: not JSON/,
  ],
];

for (const [what, change, message] of broken) {
  Deno.test(`loadModel() refuses ${what}, and names file and field`, () =>
    assert.rejects(loadChanged(change), message));
}

Deno.test("loadModel() passes over the rotary tables of old checkpoints, and over a head that is tied", () =>
  loadChanged(
    withTensors((tensors) => [
      ...tensors,
      { ...tensors[0], name: "model.layers.0.self_attn.rotary_emb.inv_freq" },
      { ...tensors[0], name: "lm_head.weight" },
    ]),
  ));

Deno.test("readConfig() prefers the end tokens of generation_config.json, where it names any", () =>
  inFolder(async (folder) => {
    await Deno.copyFile(`${TINY_MODEL}/config.json`, `${folder}/config.json`);
    assert.deepEqual((await readConfig(folder)).eosTokenIds, [1]);
    for (const [ids, expected] of [[[2, 3], [2, 3]], [4, [4]], [null, [1]], [undefined, [1]]] as const) {
      await Deno.writeTextFile(`${folder}/generation_config.json`, JSON.stringify({ eos_token_id: ids }));
      assert.deepEqual((await readConfig(folder)).eosTokenIds, expected);
    }
  }));

Deno.test("loadModel() stops when aborted, and frees what it read", () =>
  withEngine(async (engine) => {
    const abort = new AbortController();
    const loading = loadModel(TINY_MODEL, {
      engine,
      signal: abort.signal,
      onProgress: (done) => done === 3 && abort.abort(new Error("not now")),
    });
    await assert.rejects(loading, /not now/);
    assert.equal(engine.bytesInUse, 0);
  }));

Deno.test("createModel() draws matrices of standard deviation 0.02, norms of 1 and biases of 0, the same for a seed", () =>
  withTinyModel(async ({ engine, config }) => {
    const make = (seed: number) => createModel(config, { engine, random: new Random(seed) });
    const model = await make(1);
    assert.deepEqual([...model.weights.keys()], Object.keys(weightShapes(config)));
    for (const [name, values] of await numbersOf(model, model.weights)) {
      if (name.endsWith("norm.weight")) assert.ok(values.every((value) => value === 1), name);
      else if (name.endsWith(".bias")) assert.ok(values.every((value) => value === 0), name);
      else {
        const deviation = Math.hypot(...values) / Math.sqrt(values.length);
        assert.ok(Math.abs(deviation - 0.02) < 0.002, `${name}: ${deviation}`);
      }
    }
    const [same, other] = [await make(1), await make(2)];
    assert.deepEqual(await numbersOf(same, same.weights), await numbersOf(model, model.weights));
    assert.notDeepEqual(await numbersOf(other, other.weights), await numbersOf(model, model.weights));
  }));
