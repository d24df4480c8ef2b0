import assert from "node:assert/strict";
import { createLora, type LoraOptions, loraParameterCount, loraScaling, loraShapes } from "../../lib/adapters/mod.ts";
import { type CausalLM, LINEAR_MODULES, type LinearModule, type ModelConfig } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { collate } from "../../lib/train/mod.ts";
import { randomExamples, withTinyModel } from "../support/tiny_model.ts";

const qwen3B: ModelConfig = {
  family: "qwen2",
  vocabSize: 151936,
  hiddenSize: 2048,
  intermediateSize: 11008,
  layers: 36,
  heads: 16,
  kvHeads: 2,
  headDim: 128,
  rmsNormEps: 1e-6,
  ropeTheta: 1e6,
  maxPositions: 32768,
  tieWordEmbeddings: true,
  attentionBias: true,
  eosTokenIds: [],
};
/** A Llama has the same linear layers: only their sizes matter here. */
const llama8B = { ...qwen3B, hiddenSize: 4096, intermediateSize: 14336, layers: 32, heads: 32, kvHeads: 8 };

/** Weights that an adapter of rank r on all linear layers would train. */
function countOf(config: ModelConfig, r: number): number {
  return [...loraShapes(config, { modules: LINEAR_MODULES, r }).values()].reduce((sum, [a, b]) => sum + a * b, 0);
}

Deno.test("loraShapes() gives the parameter counts that PEFT prints for known models", () => {
  assert.equal(countOf(qwen3B, 16), 29_933_568);
  assert.equal(countOf(qwen3B, 64), 119_734_272);
  assert.equal(countOf(llama8B, 16), 41_943_040);
});

/** Log-probabilities of a batch. */
async function logProbsOf(model: CausalLM, adapter: Parameters<CausalLM["forward"]>[1]): Promise<Float32Array> {
  const { tokens, wanted } = collate(randomExamples(4), 0);
  const pass = await model.forward(tokens, adapter);
  const { logProbs } = await model.logProbs(pass, wanted);
  pass.hidden.dispose();
  return logProbs;
}

Deno.test("createLora() makes factors of the right shapes that change nothing until trained", () =>
  withTinyModel(async (model) => {
    const before = await logProbsOf(model, {});
    for (const targetModules of ["all-linear", ["q_proj"], ["down_proj", "v_proj"]] as const) {
      const adapter = await createLora(model, new Random(1), { r: 3, targetModules });
      const modules: readonly LinearModule[] = targetModules === "all-linear" ? LINEAR_MODULES : targetModules;
      assert.deepEqual([...adapter.modules].sort(), [...modules].sort());
      const shapes = loraShapes(model.config, adapter);
      assert.equal(shapes.size, 3 * 2 * modules.length);
      for (const [name, shape] of shapes) assert.deepEqual(adapter.factors.get(name)!.shape, shape, name);
      assert.equal(adapter.factors.size, shapes.size);
      assert.deepEqual(await logProbsOf(model, { adapter }), before, "B is zero");
    }
    const { factors } = await createLora(model, new Random(1), { r: 3 });
    assert.deepEqual(factors.get("model.layers.1.mlp.down_proj.lora_A")!.shape, [3, 48]);
    assert.deepEqual(factors.get("model.layers.1.self_attn.k_proj.lora_B")!.shape, [16, 3]);
  }));

Deno.test("createLora() draws A evenly from +-1 / sqrt(in), as PEFT's Kaiming initialisation does", () =>
  withTinyModel(async (model) => {
    const { factors } = await createLora(model, new Random(1), { r: 64 });
    for (const [name, factor] of factors) {
      const values = Array.from(factor.data as Float32Array);
      if (name.endsWith("lora_B")) {
        assert.ok(values.every((value) => value === 0), name);
        continue;
      }
      // Kaiming with a = sqrt 5: bound = sqrt(2 / (1 + 5)) * sqrt(3 / in).
      const bound = Math.sqrt(2 / 6) * Math.sqrt(3 / factor.shape[1]);
      assert.ok(Math.max(...values.map(Math.abs)) <= bound * (1 + 1e-6), name);
      assert.ok(Math.max(...values) > 0.98 * bound && Math.min(...values) < -0.98 * bound, name);
      const deviation = Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length);
      assert.ok(Math.abs(deviation / (bound / Math.sqrt(3)) - 1) < 0.05, `${name}: ${deviation}`);
    }
  }));

Deno.test("createLora() draws the same factors from one seed, others from another, and each layer its own", () =>
  withTinyModel(async (model) => {
    const draw = async (seed: number) =>
      [...(await createLora(model, new Random(seed))).factors.values()].map(({ data }) => data);
    assert.deepEqual(await draw(1), await draw(1));
    assert.notDeepEqual(await draw(1), await draw(2));
    const { factors } = await createLora(model, new Random(1));
    const [first, second] = [0, 1].map((layer) => factors.get(`model.layers.${layer}.mlp.up_proj.lora_A`)!.data);
    assert.notDeepEqual(first, second);
  }));

Deno.test("createLora() has PEFT's defaults and scalings", () =>
  withTinyModel(async (model) => {
    const random = new Random(1);
    const { r, loraAlpha, useRslora, scaling, modules } = await createLora(model, random);
    assert.deepEqual({ r, loraAlpha, useRslora, scaling }, { r: 8, loraAlpha: 8, useRslora: false, scaling: 1 });
    assert.equal(modules.length, 7);
    assert.equal((await createLora(model, random, { r: 4, loraAlpha: 16 })).scaling, 4);
    assert.equal((await createLora(model, random, { r: 4, loraAlpha: 16, useRslora: true })).scaling, 8);
    assert.equal(loraScaling({ r: 9, loraAlpha: 3, useRslora: true }), 1);
    const adapter = await createLora(model, random, { r: 5, targetModules: ["q_proj", "up_proj"] });
    assert.equal(loraParameterCount(adapter), 3 * 5 * (32 + 32 + 32 + 48));
  }));

Deno.test("createLora() names the option that makes no sense", () =>
  withTinyModel(async (model) => {
    const cases: [LoraOptions, RegExp][] = [
      [{ r: 0 }, /rank r: expected a positive integer, got 0/],
      [{ r: 2.5 }, /rank r: .* got 2.5/],
      [{ loraAlpha: 0 }, /loraAlpha: expected a number above 0, got 0/],
      [{ loraAlpha: NaN }, /loraAlpha: .* got NaN/],
      [{ targetModules: [] }, /targetModules: expected some of q_proj, .*, got none/],
      [{ targetModules: ["lm_head" as "q_proj"] }, /targetModules: .*, got lm_head/],
    ];
    for (const [options, message] of cases) {
      await assert.rejects(createLora(model, new Random(1), options), message);
    }
  }));
