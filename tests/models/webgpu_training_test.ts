/** Training passes on WebGPU, where there is one: see tests/engine/webgpu_test.ts. */
import assert from "node:assert/strict";
import { createLora } from "../../lib/adapters/mod.ts";
import { createEngine, type Device } from "../../lib/engine/mod.ts";
import { loadModel, type Trainable } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { collate, sft } from "../../lib/train/mod.ts";
import { assertClose } from "../support/golden.ts";
import { collect, randomExamples, TINY_MODEL } from "../support/tiny_model.ts";

const ignore = Deno.env.get("KILN_WEBGPU") !== "1";

const { tokens: batch, wanted } = collate(randomExamples(3), 0);
const coefficients = new Float32Array(wanted.rows.length).fill(-1 / wanted.rows.length);

/** Gradients of a pass on a device, for each number of layers that keep residuals. */
async function gradientsOn(device: Device, trainable: Exclude<Trainable, "none">, residualLayers: readonly number[]) {
  const engine = await createEngine({ device });
  const model = await loadModel(TINY_MODEL, { engine });
  const adapter = trainable === "all" ? null : await createLora(model, new Random(1), { r: 2 });
  const random = new Random("noise");
  const embeddingNoise = Float32Array.from({ length: batch.ids.length * 32 }, () => 0.1 * random.normal());
  const options = { adapter, trainable, embeddingNoise };
  const runs: { logProbs: Float32Array; gradients: Map<string, Float32Array> }[] = [];
  let atRest = 0;
  for (const kept of residualLayers) {
    const gradients = new Map<string, Float32Array>();
    const { logProbs } = await model.forwardBackward(batch, wanted, coefficients, async (name, gradient) => {
      gradients.set(name, (await engine.read(gradient) as Float32Array).slice());
      gradient.dispose();
    }, { ...options, residualLayers: kept });
    runs.push({ logProbs, gradients });
    atRest ||= engine.bytesInUse;
    assert.equal(engine.bytesInUse, atRest, `${device}, ${kept} layers: all is freed`);
  }
  await model.dispose();
  adapter?.factors.forEach((factor) => factor.dispose());
  await engine.dispose();
  return runs;
}

/** Losses of some steps of supervised training on a device. */
async function losses(device: Device, memoryBudget?: number): Promise<number[]> {
  const engine = await createEngine({ device });
  const model = await loadModel(TINY_MODEL, { engine });
  const adapter = await createLora(model, new Random(1), { r: 2 });
  const shape = { perDeviceTrainBatchSize: 4, gradientAccumulationSteps: 2, maxSteps: 4, learningRate: 1e-2 };
  const trainDataset = randomExamples(16);
  const steps = await collect(
    sft({ model, adapter, trainDataset, evalDataset: trainDataset, neftuneNoiseAlpha: 5, memoryBudget, ...shape }),
  );
  await model.dispose();
  adapter.factors.forEach((factor) => factor.dispose());
  assert.ok(steps[0].notes!.some((note) => note.startsWith(`residuals of ${memoryBudget ? 3 : 0} of 3 layers kept`)));
  await engine.dispose();
  return [...steps.map(({ metrics }) => metrics.loss), steps.at(-1)!.metrics.eval_loss];
}

Deno.test({
  name: "sft() on WebGPU learns what it learns on the CPU, recomputing and from residuals",
  ignore,
  fn: async () => {
    const expected = await losses("cpu", 1e9);
    assert.ok(expected.at(-1)! < expected[0] - 0.1, `${expected}`);
    assertClose(await losses("webgpu"), expected, "losses", 1e-4);
    assertClose(await losses("webgpu", 1e9), expected, "losses", 1e-4);
  },
});

for (const trainable of ["all", "lora"] as const) {
  Deno.test({
    name: `CausalLM.forwardBackward() on WebGPU has the CPU's gradients, whatever layers keep residuals (${trainable})`,
    ignore,
    fn: async () => {
      const [expected] = await gradientsOn("cpu", trainable, [0]);
      const runs = await gradientsOn("webgpu", trainable, [0, 1, 3]);
      for (const { logProbs, gradients } of runs) {
        assertClose(logProbs, expected.logProbs, "log-probabilities");
        assert.deepEqual([...gradients.keys()], [...runs[0].gradients.keys()]);
        for (const [name, gradient] of expected.gradients) assertClose(gradients.get(name)!, gradient, name, 2e-5);
      }
    },
  });
}
