import assert from "node:assert/strict";
import { createLora, loadAdapter, type LoraAdapter } from "../../../lib/adapters/mod.ts";
import { createEngine, type Engine } from "../../../lib/engine/mod.ts";
import {
  type CausalLM,
  type Completion,
  createModel,
  Decoder,
  generate,
  type GenerateOptions,
  loadModel,
  type ModelConfig,
} from "../../../lib/models/mod.ts";
import { Random } from "../../../lib/random/mod.ts";
import { GOLDEN, goldenJson } from "../../support/golden.ts";

interface Golden {
  greedy: { promptIds: number[]; completionIds: number[] }[];
}

async function withGoldenModel(run: (model: CausalLM, golden: Golden) => Promise<void>, folder = "tied") {
  const engine = await createEngine();
  const model = await loadModel(`${GOLDEN}qwen2_tiny/${folder}`, { engine });
  const before = engine.bytesInUse;
  await run(model, await goldenJson<Golden>(`qwen2_tiny/${folder}.json`));
  // Rotary tables are the model's own, made on first use.
  const { cos, sin } = await model.rotaryTables();
  assert.ok(engine.bytesInUse <= before + cos.byteLength + sin.byteLength, "tensors were left on the engine");
  await model.dispose();
  await engine.dispose();
}

const ids = (completions: Completion[][]) => completions.map((samples) => samples.map(({ tokenIds }) => tokenIds));

for (const folder of ["tied", "untied"]) {
  for (const weights of ["frozen", "inputs"] as const) {
    Deno.test(`generate() gives transformers' greedy text of a ${folder} Qwen2 with ${weights} weights`, async () => {
      await withGoldenModel(async (model, { greedy }) => {
        const decoder = new Decoder(model, { weights });
        const options = { decoder, temperature: 0, maxNewTokens: 20, stopTokenIds: [] };
        const together = await generate(model, { ...options, prompts: greedy.map(({ promptIds }) => promptIds) });
        assert.deepEqual(ids(together), greedy.map(({ completionIds }) => [completionIds]));
        for (const { promptIds, completionIds } of greedy) {
          assert.deepEqual(ids(await generate(model, { ...options, prompts: [promptIds] })), [[completionIds]]);
        }
        await decoder.dispose();
      }, folder);
    });
  }
}
