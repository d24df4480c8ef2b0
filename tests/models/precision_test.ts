/** What few bits refuse, and that every family computes in them what it computes with the same rounded numbers in float32. */
import assert from "node:assert/strict";
import { createLora, type LoraAdapter, mergeAdapter } from "../../lib/adapters/mod.ts";
import { createEngine, type Engine } from "../../lib/engine/mod.ts";
import {
  type CausalLM,
  createModel,
  Decoder,
  generate,
  loadModel,
  planMemory,
  type PrecisionOptions,
  resolvePrecision,
  saveModel,
} from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { collate, grpo, sft } from "../../lib/train/mod.ts";
import { EngineAround } from "../support/engine_around.ts";
import { FarEngine } from "../support/far_engine.ts";
import { assertClose, GOLDEN } from "../support/golden.ts";
import { roundedModel } from "../support/rounded_model.ts";
import { collect, idTokenizer, inFolder, randomExamples, TINY_MODEL, withEngine } from "../support/tiny_model.ts";
import { smallConfig } from "./generate/models.ts";

Deno.test("resolvePrecision() fills in defaults, and names what means nothing", () => {
  assert.deepEqual(resolvePrecision(), { weights: "float32", symmetric: true, compute: "float32" });
  assert.deepEqual(resolvePrecision("4bit"), { weights: "4bit", symmetric: true, compute: "float32" });
  const half = { weights: "float16", symmetric: true, compute: "float16" } as const;
  assert.deepEqual(resolvePrecision({ weights: "float16", compute: "float16" }), half);
  const broken: [unknown, RegExp][] = [
    ["int4", /^precision: expected one of float32, float16, 8bit, 4bit, got "int4"$/],
    [{ weights: 4 }, /^precision: expected one of float32, float16, 8bit, 4bit, got 4$/],
    [{ weights: "4bit", symmetric: "no" }, /^precision\.symmetric: expected true or false, got "no"$/],
    [
      { weights: "float16", compute: "bfloat16" },
      /^precision\.compute: expected "float32" or "float16", got "bfloat16"$/,
    ],
    [{ weights: "4bit", compute: "float16" }, /^precision\.compute: expected "float32" where weights are 4bit, got/],
    [{ weight: "4bit" }, /^precision: expected weights, symmetric, compute and nothing else, got "weight"$/],
  ];
  for (const [precision, message] of broken) {
    assert.throws(() => resolvePrecision(precision as PrecisionOptions), { name: "RangeError", message });
  }
});

Deno.test("loadModel() refuses float16 on an engine that has none, and says what to take", () =>
  withEngine(async (engine) => {
    class WithoutFloat16 extends EngineAround {
      override get supportsFloat16() {
        return false;
      }
    }
    const options = { engine: new WithoutFloat16(engine) };
    await assert.rejects(
      loadModel(TINY_MODEL, { ...options, precision: "float16" }),
      /^Error: precision "float16": ONNX Runtime .* has no float16 .*Use "8bit" or "4bit"/,
    );
    for (const precision of ["float32", "8bit", "4bit"] as const) {
      await (await loadModel(TINY_MODEL, { ...options, precision })).dispose();
    }
    assert.equal(engine.bytesInUse, 0);
  }));

for (const precision of ["float16", "8bit", "4bit"] as const) {
  Deno.test(`a model in ${precision} is neither saved, merged nor trained without an adapter, and nothing is done before`, () =>
    withEngine(async (engine) => {
      const model = await loadModel(TINY_MODEL, { engine, precision });
      const adapter = await createLora(model, new Random(1), { r: 2 });
      const before = engine.bytesInUse;
      const refused = async (what: string, run: () => Promise<unknown>) => {
        const message = new RegExp(`^${what} needs weights in float32, and this model holds them in ${precision}: `);
        await assert.rejects(run(), { message });
        assert.equal(engine.bytesInUse, before);
      };
      await inFolder(async (folder) => {
        await refused("saving a model", () => saveModel(model, folder));
        assert.deepEqual([...Deno.readDirSync(folder)], []);
      });
      await refused("merging an adapter", () => mergeAdapter(model, adapter));
      const rows = randomExamples(8);
      await refused("training without an adapter", () => collect(sft({ model, trainDataset: rows, maxSteps: 1 })));
      for (const beta of [0, 0.1]) {
        const run = () =>
          collect(grpo({
            ...{ model, beta, maxSteps: 1, tokenizer: idTokenizer },
            trainDataset: rows.map(({ ids }) => ({ prompt: ids.join(" ") })),
            rewards: { none: () => [] },
            sampler: () => assert.fail("nothing is sampled"),
          }));
        await refused("training without an adapter", run);
      }
      const { tokens } = collate(rows, 0);
      await refused("training without an adapter", () => model.forward(tokens, { trainable: "all" }));
      adapter.factors.forEach((factor) => factor.dispose());
      await model.dispose();
    }));
}

Deno.test("a model whose rows are not whole blocks of 32 numbers stays as it is, and is planned for as it is", () =>
  withEngine(async (engine) => {
    const config = { ...smallConfig, hiddenSize: 40, heads: 5, kvHeads: 1 };
    const make = (precision?: "4bit") => createModel(config, { engine, random: new Random(1), precision });
    const [plain, few] = [await make(), await make("4bit")];
    assert.deepEqual([...few.weights.keys()], [...plain.weights.keys()]);
    for (const [name, tensor] of plain.weights) assert.deepEqual(few.weight(name).data, tensor.data, name);
    const options = { trainable: "lora", adapter: { modules: ["q_proj"], r: 2 }, batch: 2, tokens: 9 } as const;
    assert.equal(planMemory(few.config, options).bytes, planMemory(plain.config, options).bytes);
    await plain.dispose();
    await few.dispose();
  }));

const examples = randomExamples(3);
const { tokens: batch, wanted } = collate(
  examples.map(({ ids, lossMask }) => ({ ids: ids.map((id) => id % 48), lossMask })),
  0,
);
const coefficients = new Float32Array(wanted.rows.length).fill(-1 / wanted.rows.length);

/** An adapter that changes what a model writes. */
async function strongAdapter(model: CausalLM): Promise<LoraAdapter> {
  const random = new Random("strong");
  const adapter = await createLora(model, random, { r: 2 });
  for (const [name, factor] of adapter.factors) {
    const data = Float32Array.from({ length: factor.byteLength / 4 }, () => random.normal() / 8);
    adapter.factors.set(name, await model.engine.store(data, factor.shape));
    factor.dispose();
  }
  return adapter;
}

/** Log-probabilities and gradients of training, and texts with the adapter and without, of all kinds of decoders. */
async function computed(model: CausalLM): Promise<{ numbers: Record<string, number[]>; texts: number[][][][] }> {
  const { engine } = model;
  const adapter = await strongAdapter(model);
  const numbers: Record<string, number[]> = {};
  for (const residualLayers of [0, 1]) {
    const options = { adapter, trainable: "lora", residualLayers } as const;
    const output = await model.forwardBackward(batch, wanted, coefficients, async (name, gradient) => {
      numbers[`${name}, ${residualLayers} kept`] = [...await engine.read(gradient) as Float32Array];
      gradient.dispose();
    }, options);
    numbers[`log-probabilities, ${residualLayers} kept`] = [...output.logProbs];
  }
  const texts: number[][][][] = [];
  for (const weights of ["frozen", "inputs"] as const) {
    for (const segmentBytes of [undefined, 1]) {
      const decoder = new Decoder(model, { adapter, weights, segmentBytes });
      for (const policy of [adapter, null]) {
        const options = { decoder, adapter: policy, samples: 2, maxNewTokens: 10, stopTokenIds: [], seed: 5 };
        const prompts = examples.map(({ ids }) => ids.map((id) => id % 48));
        const completions = await generate(model, { ...options, prompts });
        texts.push(completions.map((samples) => samples.map(({ tokenIds }) => [...tokenIds])));
        numbers[`log-probabilities of text ${texts.length}`] = completions.flat().flatMap((
          { logProbs },
        ) => [...logProbs]);
      }
      await decoder.dispose();
    }
  }
  adapter.factors.forEach((factor) => factor.dispose());
  return { numbers, texts };
}

/** One model of each family, with biases and without, and one whose rows are of two and three blocks, with a head of its own. */
const MODELS = ["qwen2_tiny/untied", "qwen3_tiny/tied", "llama_tiny/llama3", "llama_tiny/biased", "several blocks"];

/** Runs something with the folder of one of them. */
async function withFolder(name: string, run: (folder: string) => Promise<void>): Promise<void> {
  if (name !== "several blocks") return await run(GOLDEN + name);
  await inFolder((folder) =>
    withEngine(async (engine) => {
      const sizes = { hiddenSize: 64, headDim: 16, intermediateSize: 96, tieWordEmbeddings: false };
      const options = { engine, random: new Random(name), initializerRange: 0.2 };
      const model = await createModel({ ...smallConfig, ...sizes }, options);
      await saveModel(model, folder, { dtype: "F32" });
      await model.dispose();
      await run(folder);
    })
  );
}

for (const name of MODELS) {
  for (const precision of [{ weights: "4bit" }, { weights: "4bit", symmetric: false }, { weights: "8bit" }] as const) {
    const title = `${precision.weights}${"symmetric" in precision ? " with zero points" : ""}`;
    Deno.test(`CausalLM of ${name} in ${title} trains and writes as its rounded numbers do in float32`, () =>
      withFolder(name, async (folder) => {
        const of = async (engine: Engine, load: () => Promise<CausalLM>) => {
          const model = await load();
          const result = await computed(model);
          await model.dispose();
          assert.equal(engine.bytesInUse, 0, "all is freed");
          return result;
        };
        const near = await createEngine({ threads: 1 });
        const far = new FarEngine(near);
        const expected = await of(near, () => roundedModel(folder, near, precision));
        for (const engine of [near, far]) {
          const found = await of(engine, () => loadModel(folder, { engine, precision }));
          assert.deepEqual(found.texts, expected.texts);
          assert.deepEqual(Object.keys(found.numbers).sort(), Object.keys(expected.numbers).sort());
          for (const [what, numbers] of Object.entries(expected.numbers)) {
            assertClose(found.numbers[what], numbers, what);
          }
        }
        await near.dispose();
      }));
  }
}
