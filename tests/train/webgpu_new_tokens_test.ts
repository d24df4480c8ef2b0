/** Adapters that carry token tables or rows of them, on WebGPU against the CPU: see tests/engine/webgpu_test.ts for where it runs. */
import assert from "node:assert/strict";
import { createLora, modelWithTables } from "../../lib/adapters/mod.ts";
import { createEngine, type Device, type Engine } from "../../lib/engine/mod.ts";
import { generate, loadModel, resizeEmbeddings } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { sft } from "../../lib/train/mod.ts";
import { assertClose, GOLDEN } from "../support/golden.ts";
import { collect, numbersOf, randomExamples, TINY_MODEL } from "../support/tiny_model.ts";

const ignore = Deno.env.get("KILN_WEBGPU") !== "1";

const KINDS = {
  "a tied table": { folder: TINY_MODEL, modulesToSave: ["embed_tokens"] as const },
  "rows of both tables": { folder: `${GOLDEN}qwen2_tiny/untied`, trainableTokenIndices: [97, 5, 96] },
};

// Engines for the file: a new one would compile all shaders again.
const engines = new Map<Device, Engine>();

/** Some steps with new tokens among the old ones, and a reply after them. */
async function train(device: Device, { folder, ...carried }: (typeof KINDS)[keyof typeof KINDS]) {
  const engine = engines.get(device) ?? await createEngine({ device });
  engines.set(device, engine);
  const model = await loadModel(folder, { engine });
  const wider = await resizeEmbeddings(model, 98);
  const adapter = await createLora(wider, new Random(1), { r: 4, ...carried });
  const trainDataset = randomExamples(16).map(({ ids, lossMask }) => ({
    ids: ids.map((id, at) => at % 3 === 1 ? 96 + id % 2 : id),
    lossMask,
  }));
  const options = { perDeviceTrainBatchSize: 4, maxSteps: 4, learningRate: 1e-2, weightDecay: 0.1 };
  const steps = await collect(sft({ model: wider, adapter, trainDataset, ...options }));
  const weights = await numbersOf(wider, adapter.factors);
  const view = await modelWithTables(model, adapter);
  const [[{ tokenIds }]] = await generate(view, { prompts: [[5, 96, 7]], temperature: 0, maxNewTokens: 4, adapter });
  for (const one of [view, wider, model]) await one.dispose();
  adapter.factors.forEach((factor) => factor.dispose());
  assert.equal(engine.bytesInUse, 0, `${device}: all is freed`);
  return { losses: steps.map(({ metrics }) => metrics.loss), weights, tokenIds };
}

for (const [kind, options] of Object.entries(KINDS)) {
  Deno.test({
    name: `sft() of an adapter with ${kind} learns on WebGPU what it learns on the CPU`,
    ignore,
    fn: async () => {
      const [cpu, gpu] = [await train("cpu", options), await train("webgpu", options)];
      assertClose(gpu.losses, cpu.losses, "losses", 1e-4);
      for (const [name, numbers] of cpu.weights) assertClose(gpu.weights.get(name)!, numbers, name, 1e-3);
      assert.deepEqual(gpu.tokenIds, cpu.tokenIds);
    },
  });
}

Deno.test({
  name: "the engines of these tests end",
  ignore,
  fn: async () => {
    for (const engine of engines.values()) await engine.dispose();
  },
});
