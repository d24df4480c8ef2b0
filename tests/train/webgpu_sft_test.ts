/** Supervised training on WebGPU against the CPU, step by step: see tests/engine/webgpu_test.ts for where it runs. */
import assert from "node:assert/strict";
import { createLora } from "../../lib/adapters/mod.ts";
import { createEngine, type Device, type DeviceTensor, type Engine, type TensorData } from "../../lib/engine/mod.ts";
import { loadModel } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { sft, type TrainingStep } from "../../lib/train/mod.ts";
import { EngineAround } from "../support/engine_around.ts";
import { assertClose } from "../support/golden.ts";
import { collect, numbersOf, randomExamples, TINY_MODEL } from "../support/tiny_model.ts";

const ignore = Deno.env.get("KILN_WEBGPU") !== "1";

/** Counts the bytes that are read back. */
class ReadCounter extends EngineAround {
  bytesRead = 0;

  override async read(tensor: DeviceTensor): Promise<TensorData> {
    const data = await this.engine.read(tensor);
    this.bytesRead += data.byteLength;
    return data;
  }
}

// Engines for the file: a new one would compile all shaders again.
const engines = new Map<Device, Engine>();

async function engineOn(device: Device): Promise<Engine> {
  const engine = engines.get(device) ?? await createEngine({ device });
  engines.set(device, engine);
  return engine;
}

/** 20 steps on a device: their metrics, what they read back, and what was trained as it is then and as it was before. */
async function train(device: Device, trained: "an adapter" | "all weights") {
  const engine = new ReadCounter(await engineOn(device));
  const model = await loadModel(TINY_MODEL, { engine });
  const adapter = trained === "an adapter" ? await createLora(model, new Random(1), { r: 4, loraAlpha: 8 }) : undefined;
  const parameters = adapter?.factors ?? model.weights;
  const before = await numbersOf(model, parameters);
  engine.bytesRead = 0;
  const steps = await collect(sft({
    model,
    adapter,
    trainDataset: randomExamples(32),
    perDeviceTrainBatchSize: 4,
    maxSteps: 20,
    learningRate: adapter ? 1e-2 : 2e-3,
    weightDecay: 0.1,
  }));
  const { bytesRead } = engine;
  const after = await numbersOf(model, parameters);
  await model.dispose();
  adapter?.factors.forEach((factor) => factor.dispose());
  assert.equal(engine.bytesInUse, 0, `${device}: all is freed`);
  return { steps, bytesRead, before, after };
}

for (const trained of ["an adapter", "all weights"] as const) {
  Deno.test({
    name: `sft() on WebGPU takes 20 steps as the CPU does (${trained})`,
    ignore,
    fn: async () => {
      const [cpu, gpu] = [await train("cpu", trained), await train("webgpu", trained)];
      for (const metric of ["loss", "grad_norm", "mean_token_accuracy", "entropy"]) {
        const values = (steps: readonly TrainingStep[]) => steps.map(({ metrics }) => metrics[metric]);
        assertClose(values(gpu.steps), values(cpu.steps), metric, 1e-4);
      }
      const losses = cpu.steps.map(({ metrics }) => metrics.loss);
      assert.ok(losses.at(-1)! < losses[0] - 0.5, `${losses}`);
      assert.deepEqual([...gpu.after.keys()], [...cpu.after.keys()]);
      for (const [name, values] of cpu.after) {
        assert.notDeepEqual(values, cpu.before.get(name), `${name} is trained`);
        assertClose(gpu.after.get(name)!, values, name, 1e-4);
      }
      // Three numbers a token (log-probability, entropy, whether it is the likeliest) and for the norm one a tensor, whatever
      // the size of the model.
      const tokens = gpu.steps.at(-1)!.metrics.num_tokens;
      assert.ok(gpu.bytesRead > 0 && gpu.bytesRead <= 12 * tokens + 20 * 4 * gpu.after.size, `${gpu.bytesRead} bytes`);
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
