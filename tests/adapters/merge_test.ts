import assert from "node:assert/strict";
import { createLora, loadAdapter, type LoraAdapter, mergeAdapter } from "../../lib/adapters/mod.ts";
import type { CausalLM } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { collate } from "../../lib/train/mod.ts";
import { assertClose, GOLDEN, goldenTensors } from "../support/golden.ts";
import { numbersOf, randomExamples, withTinyModel } from "../support/tiny_model.ts";

async function logProbsOf(model: CausalLM, adapter: LoraAdapter | null): Promise<Float32Array> {
  const { tokens, wanted } = collate(randomExamples(4), 0);
  const pass = await model.forward(tokens, { adapter });
  const { logProbs } = await model.logProbs(pass, wanted);
  pass.hidden.dispose();
  return logProbs;
}

for (const folder of ["all_linear", "qv_rslora"]) {
  Deno.test(`mergeAdapter() gives PEFT's merged weights (${folder})`, () =>
    withTinyModel(async (model) => {
      const before = await numbersOf(model, model.weights);
      const adapter = await loadAdapter(model, `${GOLDEN}lora/${folder}`);
      await mergeAdapter(model, adapter);
      const expected = await goldenTensors(`lora/${folder}.merged.safetensors`);
      assert.ok(expected.size > 0);
      const after = await numbersOf(model, model.weights);
      for (const [name, values] of expected) assertClose(after.get(name)!, values, name, 1e-6);
      const changed = [...after].filter(([name, values]) => values.some((value, i) => value !== before.get(name)![i]));
      assert.equal(changed.length, 3 * adapter.modules.length, "all corrected weights, and no other");
    }));
}

Deno.test("mergeAdapter() makes the model compute what it did with the adapter attached", () =>
  withTinyModel(async (model) => {
    const random = new Random(4);
    const adapter = await createLora(model, random, {
      r: 4,
      loraAlpha: 16,
      useRslora: true,
      targetModules: ["o_proj"],
    });
    for (const [name, factor] of adapter.factors) {
      if (name.endsWith("lora_B")) (factor.data as Float32Array).forEach((_, i, b) => b[i] = 0.1 * random.normal());
    }
    const [base, attached] = [await logProbsOf(model, null), await logProbsOf(model, adapter)];
    await mergeAdapter(model, adapter);
    assertClose(await logProbsOf(model, null), attached, "merged", 2e-6);
    assert.throws(() => assertClose(attached, base, "the adapter changes something", 1e-3));
  }));

Deno.test("mergeAdapter() refuses an adapter that does not fit, and changes nothing", () =>
  withTinyModel(async (model) => {
    const before = await numbersOf(model, model.weights);
    const adapter = await createLora(model, new Random(1), { r: 2 });
    const last = "model.layers.2.mlp.down_proj.lora_B";
    const factors = new Map(adapter.factors);
    factors.delete(last);
    await assert.rejects(
      mergeAdapter(model, { ...adapter, factors }),
      /lora_B" is missing; the model asks for \[32, 2\]/,
    );
    factors.set(last, model.engine.zeros([48, 2]));
    await assert.rejects(mergeAdapter(model, { ...adapter, factors }), /is \[48, 2\]; the model asks for \[32, 2\]/);
    assert.deepEqual(await numbersOf(model, model.weights), before);
  }));
