import assert from "node:assert/strict";
import { createLora } from "../../lib/adapters/mod.ts";
import { type CompileOptions, createEngine, type Engine, type Program } from "../../lib/engine/mod.ts";
import { add, cast, Graph, linear } from "../../lib/graph/mod.ts";
import { type CausalLM, Decoder, generate, loadModel, type WeightPrecision } from "../../lib/models/mod.ts";
import { frozenWeights } from "../../lib/engine/frozen_weights.ts";
import { cardBudget } from "../../lib/models/memory_plan.ts";
import { Random } from "../../lib/random/mod.ts";
import { collate } from "../../lib/train/mod.ts";
import { EngineAround } from "../support/engine_around.ts";
import { randomExamples, TINY_MODEL } from "../support/tiny_model.ts";

const { tokens: batch, wanted } = collate(randomExamples(3), 0);
const coefficients = new Float32Array(wanted.rows.length).fill(-1 / wanted.rows.length);

/** The CPU's engine, said to copy its feeds as the CUDA provider's binding does; notes what was compiled and fed. */
class CopyingEngine extends EngineAround {
  readonly compiled: { options: CompileOptions; program: Program }[] = [];
  override get copiesFeeds() {
    return true;
  }
  override async compile(options: CompileOptions): Promise<Program> {
    const program = await super.compile(options);
    this.compiled.push({ options, program });
    return program;
  }
  /** The programs that score tokens and compute gradients of low-rank factors. */
  get fused() {
    return this.compiled.filter(({ program }) => program.outputNames.some((name) => /gradient of .*lora_A/.test(name)));
  }
}

async function loraGradients(
  model: CausalLM,
  adapter: Awaited<ReturnType<typeof createLora>>,
  residualLayers: number,
): Promise<Record<string, number[]>> {
  const gradients: Record<string, number[]> = {};
  const options = { adapter, residualLayers, trainable: "lora" } as const;
  const output = await model.forwardBackward(batch, wanted, coefficients, async (name, gradient) => {
    gradients[name] = [...await model.engine.read(gradient) as Float32Array];
    gradient.dispose();
  }, options);
  return { ...gradients, "log-probabilities": [...output.logProbs] };
}

/** Runs a test with one model on the CPU as it is, and one on a CPU that copies its feeds. */
async function withBoth(
  run: (plain: CausalLM, copying: CausalLM, engine: CopyingEngine) => Promise<void>,
  options: { precision?: WeightPrecision } = {},
): Promise<void> {
  const cpu: Engine = await createEngine({ threads: 1 });
  const engine = new CopyingEngine(cpu);
  const plain = await loadModel(TINY_MODEL, { engine: cpu, ...options });
  const copying = await loadModel(TINY_MODEL, { engine, ...options });
  await run(plain, copying, engine);
  await plain.dispose();
  await copying.dispose();
  assert.equal(cpu.bytesInUse, 0);
  await cpu.dispose();
}

async function adapterOf(model: CausalLM) {
  const adapter = await createLora(model, new Random(1), { r: 2 });
  for (const factor of adapter.factors.values()) (factor.data as Float32Array).forEach((_, i, all) => all[i] += 0.01);
  return adapter;
}

function disposeFactors(...adapters: Awaited<ReturnType<typeof adapterOf>>[]): void {
  for (const { factors } of adapters) factors.forEach((factor) => factor.dispose());
}

Deno.test("CausalLM.forwardBackward() freezes the base model into its program where each run copies its feeds", () =>
  withBoth(async (plain, copying, engine) => {
    const [adapter, same] = [await adapterOf(plain), await adapterOf(copying)];
    for (const residualLayers of [3, 2]) {
      const expected = await loraGradients(plain, adapter, residualLayers);
      assert.ok(Object.keys(expected).length > 4);
      assert.deepEqual(await loraGradients(copying, same, residualLayers), expected);
      const { program } = engine.fused.at(-1)!;
      const base = [...copying.weights.keys(), "norm", "head"];
      assert.deepEqual(program.inputNames.filter((name) => base.includes(name)), []);
      assert.ok(program.inputNames.some((name) => name.endsWith("lora_A")));
      // The second pass has nothing to compile.
      const before = engine.compiled.length;
      assert.deepEqual(await loraGradients(copying, same, residualLayers), expected);
      assert.equal(engine.compiled.length, before);
    }
    disposeFactors(adapter, same);
  }));

Deno.test("CausalLM.forwardBackward() compiles anew when a frozen weight was replaced", () =>
  withBoth(async (plain, copying) => {
    const [adapter, same] = [await adapterOf(plain), await adapterOf(copying)];
    const first = await loraGradients(copying, same, 3);
    const name = "model.layers.1.mlp.up_proj.weight";
    for (const model of [plain, copying]) {
      const weight = model.weight(name);
      const doubled = Float32Array.from(weight.data as Float32Array, (value) => 2 * value);
      model.weights.set(name, await model.engine.store(doubled, weight.shape));
      weight.dispose();
    }
    const second = await loraGradients(copying, same, 3);
    assert.notDeepEqual(second, first);
    assert.deepEqual(second, await loraGradients(plain, adapter, 3));
    disposeFactors(adapter, same);
  }));

for (const precision of ["float16", "8bit", "4bit"] as const) {
  Deno.test(`CausalLM.forwardBackward() freezes weights of ${precision} as they are`, () =>
    withBoth(async (plain, copying, engine) => {
      const [adapter, same] = [await adapterOf(plain), await adapterOf(copying)];
      const [expected, found] = [await loraGradients(plain, adapter, 3), await loraGradients(copying, same, 3)];
      for (const [name, numbers] of Object.entries(expected)) assertNear(found[name], numbers, name);
      const { program, options: { initializers = {}, foldConstants } } = engine.fused.at(-1)!;
      assert.deepEqual(program.inputNames.filter((name) => copying.weights.has(name)), []);
      assert.equal(foldConstants, false);
      const { data } = initializers["model.layers.1.mlp.up_proj.weight"];
      assert.ok(precision === "float16" ? data instanceof Uint16Array : data instanceof Uint8Array);
      disposeFactors(adapter, same);
    }, { precision }));
}

function assertNear(found: number[], expected: number[], what: string): void {
  const length = Math.hypot(...expected);
  const error = Math.hypot(...expected.map((value, i) => value - found[i]));
  assert.ok(error <= 1e-6 * length, `${what}: off by ${error / length} of its length`);
}

Deno.test("CausalLM trains all weights as inputs where each run copies its feeds", () =>
  withBoth(async (plain, copying, engine) => {
    const gradients = async (model: CausalLM) => {
      const numbers: Record<string, number[]> = {};
      await model.forwardBackward(batch, wanted, coefficients, (name, gradient) => {
        numbers[name] = [...gradient.data as Float32Array];
        gradient.dispose();
      }, { trainable: "all", residualLayers: 3 });
      return numbers;
    };
    assert.deepEqual(await gradients(copying), await gradients(plain));
    const program = engine.compiled.find(({ program }) => program.outputNames.includes("dHead"))!.program;
    assert.ok(program.inputNames.includes("model.layers.2.mlp.up_proj.weight"));
  }));

for (const precision of ["float32", "float16", "8bit", "4bit"] as const) {
  Deno.test(`Decoder freezes the base model of ${precision} as it is, and the token table too, where each run copies its feeds`, () =>
    withBoth(async (plain, copying, engine) => {
      const options = { prompts: [[3, 4, 5], [6]], maxNewTokens: 8, temperature: 0, stopTokenIds: [] };
      const texts: number[][][] = [];
      for (const model of [plain, copying]) {
        const decoder = new Decoder(model);
        texts.push((await generate(model, { ...options, decoder })).map(([{ tokenIds }]) => [...tokenIds]));
        await decoder.dispose();
      }
      assert.deepEqual(texts[1], texts[0]);
      const [{ program, options: { initializers = {}, foldConstants } }, ...others] = engine.compiled.filter(
        ({ program }) => program.outputNames.includes("logits"),
      );
      assert.deepEqual(others, []);
      assert.deepEqual(program.inputNames.filter((name) => copying.weights.has(name) || /^head/.test(name)), []);
      assert.equal(foldConstants, precision === "float32");
      for (const [name, tensor] of copying.weights) assert.deepEqual(initializers[name].data, tensor.data, name);
    }, { precision }));
}

Deno.test("frozenWeights() takes the largest weights that fit, of those that the program reads", async () => {
  const engine = await createEngine({ threads: 1 });
  const graph = new Graph();
  const x = graph.input("x", ["n", 4]);
  const [a, b, c] = [graph.input("a", [4, 4]), graph.input("b", [8, 4]), graph.input("c", [2, 4])];
  const outputs = { a: linear(x, a), b: linear(x, b), c: linear(x, c) };
  const tensors = {
    a: engine.zeros([4, 4]),
    b: engine.zeros([8, 4]),
    c: engine.zeros([2, 4]),
    other: engine.zeros([999]),
  };
  const names = async (limit?: number) => {
    return Object.keys((await frozenWeights(engine, outputs, tensors, limit)).initializers);
  };
  assert.deepEqual(await names(), ["b", "a", "c"]);
  assert.deepEqual(await names(128 + 32), ["b", "c"]);
  assert.deepEqual(await names(127), ["a", "c"]);
  assert.deepEqual(await names(0), []);
  // What does not fit is fed.
  const program = await engine.compile({ outputs, ...await frozenWeights(engine, outputs, tensors, 128 + 32) });
  assert.deepEqual(program.inputNames, ["x", "a"]);
  const results = await program.run({ x: engine.zeros([3, 4]), ...tensors });
  assert.deepEqual(Object.values(results).map(({ shape }) => shape), [[3, 4], [3, 8], [3, 2]]);
  await engine.dispose();
});

Deno.test("frozenWeights() asks that nothing be widened where weights are in less than float32", async () => {
  const engine = await createEngine({ threads: 1 });
  const graph = new Graph();
  const [x, wide] = [graph.input("x", ["n", 4]), graph.input("wide", [4, 4])];
  const narrow = graph.input("narrow", [4, 4], "float16");
  const outputs = { y: add(linear(x, wide), linear(x, cast(narrow, "float32"))) };
  const halves = engine.upload(new Uint16Array(16).fill(0x3c00), [4, 4]);
  const only = await frozenWeights(engine, outputs, { wide: engine.zeros([4, 4]) });
  assert.equal(only.foldConstants, true);
  const both = await frozenWeights(engine, outputs, { wide: engine.zeros([4, 4]), narrow: halves });
  assert.equal(both.foldConstants, false);
  const program = await engine.compile({ outputs, ...both });
  assert.deepEqual(program.inputNames, ["x"]);
  const { y } = await program.run({ x: engine.upload(Float32Array.of(1, 2, 3, 4), [1, 4]) });
  assert.deepEqual(y.data, Float32Array.of(10, 10, 10, 10));
  await engine.dispose();
});

for (const precision of ["float32", "4bit"] as const) {
  Deno.test(`cardBudget() leaves room for weights of ${precision} twice, and is nothing where they do not fit`, () =>
    withBoth((plain) => {
      const weights = [...plain.weights.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
      assert.equal(cardBudget(12e9, plain.config), 10e9 - 2 * weights);
      assert.equal(cardBudget(weights, plain.config), 0);
      return Promise.resolve();
    }, { precision }));
}
