/** GRPO on WebGPU, rollouts included, against the CPU: see tests/engine/webgpu_test.ts for where it runs. */
import assert from "node:assert/strict";
import { createLora } from "../../lib/adapters/mod.ts";
import { createEngine, type Device, type Engine } from "../../lib/engine/mod.ts";
import { loadModel } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { grpo, type GrpoOptions, localSampler, type RewardFunction } from "../../lib/train/mod.ts";
import { assertClose } from "../support/golden.ts";
import { collect, idTokenizer, numbersOf, randomExamples, TINY_MODEL } from "../support/tiny_model.ts";

type NoColumns = Record<never, never>;

const ignore = Deno.env.get("KILN_WEBGPU") !== "1";

/** The share of a completion that is one of some 16 tokens. */
const liked: RewardFunction = ({ completionIds }) =>
  completionIds.map((ids) => ids.filter((id) => id >= 40 && id < 56).length / ids.length);

const trainDataset = randomExamples(8).map(({ ids }) => ({ prompt: ids.slice(0, 4).join(" ") }));

// Engines for the file: a new one would compile all shaders again.
const engines = new Map<Device, Engine>();

async function engineOn(device: Device): Promise<Engine> {
  const engine = engines.get(device) ?? await createEngine({ device });
  engines.set(device, engine);
  return engine;
}

/** 20 steps on a device: what was written, the metrics, and the adapter's factors. */
async function train(device: Device, options: Partial<GrpoOptions<NoColumns>>) {
  const engine = await engineOn(device);
  const model = await loadModel(TINY_MODEL, { engine });
  const adapter = await createLora(model, new Random(1), { r: 4, loraAlpha: 8 });
  const sampler = localSampler({ model, adapter, maxCompletionLength: 6, seed: 7 });
  const steps = await collect(grpo<NoColumns>({
    model,
    adapter,
    sampler: sampler.sample,
    tokenizer: idTokenizer,
    trainDataset,
    rewards: { liked },
    numGenerations: 4,
    perDeviceTrainBatchSize: 8,
    maxCompletionLength: 6,
    maxSteps: 20,
    learningRate: 2e-2,
    seed: 7,
    ...options,
  }));
  const factors = await numbersOf(model, adapter.factors);
  await sampler.dispose();
  await model.dispose();
  adapter.factors.forEach((factor) => factor.dispose());
  assert.equal(engine.bytesInUse, 0, `${device}: all is freed`);
  return { steps, factors };
}

const VARIANTS: Record<string, Partial<GrpoOptions<NoColumns>>> = {
  "with a KL term": { beta: 0.02 },
  "with two updates a round": { numIterations: 2 },
};

for (const [name, options] of Object.entries(VARIANTS)) {
  Deno.test({
    name: `grpo() on WebGPU writes and learns what it does on the CPU in 20 steps (${name})`,
    ignore,
    fn: async () => {
      const [cpu, gpu] = [await train("cpu", options), await train("webgpu", options)];
      const written = ({ steps }: typeof cpu) =>
        steps.map(({ rollouts }) => rollouts.map(({ completion, terminated }) => `${completion} ${terminated}`));
      assert.deepEqual(written(gpu), written(cpu));
      for (const metric of Object.keys(cpu.steps[0].metrics)) {
        if (metric === "step_time") continue;
        const values = ({ steps }: typeof cpu) => steps.map(({ metrics }) => metrics[metric]);
        // On-policy the loss is a mean of advantages that cancel, and they are about 1.
        if (metric === "loss") values(gpu).forEach((loss, i) => assert.ok(Math.abs(loss - values(cpu)[i]) < 1e-4));
        else assertClose(values(gpu), values(cpu), metric, 1e-4);
      }
      for (const [factor, values] of cpu.factors) assertClose(gpu.factors.get(factor)!, values, factor, 1e-4);
      const rewards = cpu.steps.map(({ metrics }) => metrics.reward);
      const mean = (numbers: number[]) => numbers.reduce((a, b) => a + b) / numbers.length;
      assert.ok(mean(rewards.slice(-5)) > mean(rewards.slice(0, 5)) + 0.05, `it learns: ${rewards}`);
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
