import assert from "node:assert/strict";
import { loadAdapter, mergeAdapter, mergedWeights, modelWithTables, openAdapter } from "../../lib/adapters/mod.ts";
import { loadModel, openModelFolder, weightShapes } from "../../lib/models/mod.ts";
import { GOLDEN } from "../support/golden.ts";
import { assertSameNumbers } from "../support/same_numbers.ts";
import { withEngine } from "../support/tiny_model.ts";

/** Adapters that PEFT wrote, and the models that they are for. */
const ADAPTERS = {
  "lora/all_linear": "qwen2_tiny/tied",
  "lora/qv_rslora": "qwen2_tiny/tied",
  "qwen3_tiny/lora": "qwen3_tiny/tied",
  "llama_tiny/lora": "llama_tiny/llama3",
  "new_tokens/tied_tables": "qwen2_tiny/tied",
  "new_tokens/apart_tables": "qwen2_tiny/tied",
  "new_tokens/tied_rows": "qwen2_tiny/tied",
  "new_tokens/untied_tables": "qwen2_tiny/untied",
  "new_tokens/untied_rows": "qwen2_tiny/untied",
};

for (const [name, base] of Object.entries(ADAPTERS)) {
  Deno.test(`mergedWeights() of ${name} are the numbers that mergeAdapter() makes, and need no engine`, () =>
    withEngine(async (engine) => {
      const model = await loadModel(GOLDEN + base, { engine });
      const adapter = await loadAdapter(model, GOLDEN + name);
      const view = await modelWithTables(model, adapter);
      await mergeAdapter(view, adapter);

      const { config, checkpoint } = await openModelFolder(GOLDEN + base);
      const file = await openAdapter(
        { config, readWeight: (weight) => checkpoint.readF32(weight) },
        GOLDEN + name,
      );
      const merged = mergedWeights({ config, readWeight: (weight) => checkpoint.readF32(weight) }, file);
      assert.deepEqual(merged.config, view.config);
      const weights = Object.keys(weightShapes(merged.config));
      const [found, expected] = [new Map<string, Float32Array>(), new Map<string, Float32Array>()];
      for (const weight of weights) {
        found.set(weight, await merged.read(weight));
        expected.set(weight, await view.readWeight(weight));
      }
      assertSameNumbers(found, expected, name);
      file.close();
      checkpoint.close();
      await view.dispose();
      adapter.factors.forEach((factor) => factor.dispose());
      await model.dispose();
      assert.equal(engine.bytesInUse, 0);
    }));
}

Deno.test("mergedWeights() refuses a base that lacks rows for new tokens", async () => {
  const { config, checkpoint } = await openModelFolder(`${GOLDEN}qwen2_tiny/tied`);
  const base = { config, readWeight: (weight: string) => checkpoint.readF32(weight) };
  const file = await openAdapter(base, `${GOLDEN}new_tokens/tied_rows`);
  const fewer = { ...file, trainableTokenIndices: [3, 96, 98, 99] };
  assert.throws(() => mergedWeights(base, fewer), /no row of embed_tokens for token 97, and the model has 96 tokens/);
  file.close();
  checkpoint.close();
});
