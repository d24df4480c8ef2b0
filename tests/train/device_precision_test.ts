/**
 * Every device in every precision: SFT, GRPO and generation of the tiny model, against float32 weights that are the same
 * rounded numbers, on the CPU. README's table of devices has a tick for what runs here.
 */
import assert from "node:assert/strict";
import { createLora } from "../../lib/adapters/mod.ts";
import { createEngine, type Engine, type EngineOptions } from "../../lib/engine/mod.ts";
import { type CausalLM, generate, loadModel, type PrecisionOptions } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { grpo, localSampler, type RewardFunction, sft } from "../../lib/train/mod.ts";
import { assertClose } from "../support/golden.ts";
import { roundedModel } from "../support/rounded_model.ts";
import { collect, idTokenizer, randomExamples, TINY_MODEL } from "../support/tiny_model.ts";

const hasGpu = Deno.env.get("KILN_WEBGPU") === "1";
const hasFloat16 = Deno.env.get("KILN_WEBGPU_F16") === "1";

/** Where to run, and whether that is possible on this machine. */
const DEVICES: { name: string; options: EngineOptions; ignore: boolean; noFloat16?: boolean }[] = [
  { name: "cpu", options: { device: "cpu", threads: 1 }, ignore: false },
  { name: "webgpu", options: { device: "webgpu" }, ignore: !hasGpu, noFloat16: !hasFloat16 },
  { name: "tensorflow (cpu)", options: { device: "tensorflow", backend: "cpu" }, ignore: false },
  { name: "tensorflow (wasm)", options: { device: "tensorflow", backend: "wasm" }, ignore: false },
];

/** In what form, and by how much results may differ: products in float16 round at every addition. */
const PRECISIONS: { name: string; precision: PrecisionOptions; tolerance: number; float16?: boolean }[] = [
  { name: "float32", precision: { weights: "float32" }, tolerance: 1e-4 },
  { name: "float16", precision: { weights: "float16" }, tolerance: 1e-4, float16: true },
  {
    name: "float16, computed in float16",
    precision: { weights: "float16", compute: "float16" },
    tolerance: 1e-2,
    float16: true,
  },
  { name: "8bit", precision: { weights: "8bit" }, tolerance: 1e-4 },
  { name: "4bit", precision: { weights: "4bit" }, tolerance: 1e-4 },
  { name: "4bit with zero points", precision: { weights: "4bit", symmetric: false }, tolerance: 1e-4 },
];

const STEPS = 4;

async function sftLosses(model: CausalLM): Promise<number[]> {
  const adapter = await createLora(model, new Random(1), { r: 2 });
  const steps = await collect(sft({
    model,
    adapter,
    trainDataset: randomExamples(16),
    perDeviceTrainBatchSize: 4,
    maxSteps: STEPS,
    learningRate: 2e-2,
  }));
  adapter.factors.forEach((factor) => factor.dispose());
  return steps.map(({ metrics }) => metrics.loss);
}

/** The share of a completion that is one of some 16 tokens. */
const liked: RewardFunction = ({ completionIds }) =>
  completionIds.map((ids) => ids.filter((id) => id >= 40 && id < 56).length / ids.length);

async function grpoMetrics(model: CausalLM): Promise<{ written: string[]; entropies: number[]; norms: number[] }> {
  const adapter = await createLora(model, new Random(1), { r: 2 });
  const sampler = localSampler({ model, adapter, maxCompletionLength: 5, seed: 3 });
  const steps = await collect(grpo({
    model,
    adapter,
    sampler: sampler.sample,
    tokenizer: idTokenizer,
    trainDataset: randomExamples(4).map(({ ids }) => ({ prompt: ids.slice(0, 3).join(" ") })),
    rewards: { liked },
    numGenerations: 4,
    perDeviceTrainBatchSize: 8,
    maxCompletionLength: 5,
    maxSteps: STEPS,
    learningRate: 1e-2,
    seed: 3,
  }));
  await sampler.dispose();
  adapter.factors.forEach((factor) => factor.dispose());
  return {
    written: steps.flatMap(({ rollouts }) => rollouts.map(({ completion }) => completion)),
    entropies: steps.map(({ metrics }) => metrics.entropy),
    norms: steps.map(({ metrics }) => metrics.grad_norm),
  };
}

async function greedyText(model: CausalLM): Promise<number[][]> {
  const prompts = randomExamples(3).map(({ ids }) => ids);
  const completions = await generate(model, { prompts, maxNewTokens: 12, temperature: 0 });
  return completions.map(([{ tokenIds }]) => [...tokenIds]);
}

/** Runs with the model on an engine, and frees both. */
async function withModel<T>(
  options: EngineOptions,
  load: (engine: Engine) => Promise<CausalLM>,
  run: (model: CausalLM) => Promise<T>,
): Promise<T> {
  const engine = await createEngine(options);
  const model = await load(engine);
  const result = await run(model);
  await model.dispose();
  assert.equal(engine.bytesInUse, 0, "all is freed");
  await engine.dispose();
  return result;
}

for (const { name: device, options, ignore, noFloat16 = false } of DEVICES) {
  for (const { name, precision, tolerance, float16 = false } of PRECISIONS) {
    const both = async <T>(run: (model: CausalLM) => Promise<T>) => ({
      expected: await withModel({ threads: 1 }, (engine) => roundedModel(TINY_MODEL, engine, precision), run),
      actual: await withModel(options, (engine) => loadModel(TINY_MODEL, { engine, precision }), run),
    });
    const test = (what: string, fn: () => Promise<void>) =>
      Deno.test({ name: `${device}, ${name}: ${what}`, ignore: ignore || (float16 && noFloat16), fn });

    test("SFT learns as on the CPU in float32", async () => {
      const { expected, actual } = await both(sftLosses);
      assertClose(actual, expected, "losses", tolerance);
      assert.ok(expected.at(-1)! < expected[0], `${expected}`);
    });

    test("GRPO writes and learns as on the CPU in float32", async () => {
      const { expected, actual } = await both(grpoMetrics);
      // A draw at a border between two tokens may fall to the other side where products are rounded to float16.
      if (precision.compute !== "float16") assert.deepEqual(actual.written, expected.written);
      assertClose(actual.entropies, expected.entropies, "entropies", 5 * tolerance);
      if (precision.compute !== "float16") assertClose(actual.norms, expected.norms, "norms", 5 * tolerance);
    });

    test("generate() writes as on the CPU in float32", async () => {
      const { expected, actual } = await both(greedyText);
      assert.deepEqual(actual, expected);
    });
  }
}
