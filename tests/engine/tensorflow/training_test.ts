/** The tiny model on TensorFlow.js: gradients, training and generated text are those of ONNX Runtime. */
import assert from "node:assert/strict";
import { loadAdapter } from "../../../lib/adapters/mod.ts";
import { createEngine, type Engine } from "../../../lib/engine/mod.ts";
import { loadModel, type Trainable, type WeightPrecision } from "../../../lib/models/mod.ts";
import { collate, sft } from "../../../lib/train/mod.ts";
import { assertClose, GOLDEN } from "../../support/golden.ts";
import { collect, numbersOf, randomExamples, TINY_MODEL } from "../../support/tiny_model.ts";
import { ENGINES, leavingNothing } from "./engines.ts";

const ADAPTER = `${GOLDEN}lora/all_linear`;
const onnxRuntime = await createEngine({ threads: 1 });

const { tokens: batch, wanted } = collate(randomExamples(3), 0);
const coefficients = new Float32Array(wanted.rows.length).fill(-1 / wanted.rows.length);

type Trained = Exclude<Trainable, "none">;

/** Log-probabilities and gradients of one pass. */
async function onePass(
  engine: Engine,
  trainable: Trained,
  residualLayers: number,
  precision: WeightPrecision = "float32",
) {
  const model = await loadModel(TINY_MODEL, { engine, precision });
  const adapter = trainable === "all" ? undefined : await loadAdapter(model, ADAPTER);
  const gradients = new Map<string, Float32Array>();
  const { logProbs, entropies } = await model.forwardBackward(batch, wanted, coefficients, async (name, gradient) => {
    gradients.set(name, (await engine.read(gradient) as Float32Array).slice());
    gradient.dispose();
  }, { adapter, trainable, residualLayers });
  await model.dispose();
  adapter?.factors.forEach((factor) => factor.dispose());
  return { logProbs, entropies, gradients };
}

/** Losses of five steps of supervised training, and what was trained. */
async function fiveSteps(engine: Engine, trainable: Trained) {
  const model = await loadModel(TINY_MODEL, { engine });
  const adapter = trainable === "all" ? undefined : await loadAdapter(model, ADAPTER);
  const steps = await collect(sft({
    model,
    adapter,
    trainDataset: randomExamples(20),
    perDeviceTrainBatchSize: 4,
    maxSteps: 5,
    learningRate: trainable === "all" ? 1e-3 : 1e-2,
  }));
  const trained = await numbersOf(model, adapter?.factors ?? model.weights);
  await model.dispose();
  adapter?.factors.forEach((factor) => factor.dispose());
  return { losses: steps.map(({ metrics }) => metrics.loss), trained };
}

/** Compares what two engines computed in a pass. */
function assertSamePass(actual: Awaited<ReturnType<typeof onePass>>, expected: typeof actual, what: string): void {
  assertClose(actual.logProbs, expected.logProbs, `${what}: log-probabilities`, 1e-5);
  assertClose(actual.entropies, expected.entropies, `${what}: entropies`, 1e-5);
  assert.deepEqual([...actual.gradients.keys()].sort(), [...expected.gradients.keys()].sort());
  for (const [name, gradient] of expected.gradients) {
    assertClose(actual.gradients.get(name)!, gradient, `${what}: gradient of ${name}`, 1e-5);
  }
}

for (const [on, engine] of ENGINES) {
  for (const trainable of ["all", "lora"] as const) {
    Deno.test(`CausalLM.forwardBackward() with ${on} has ONNX Runtime's gradients (${trainable})`, async () => {
      const expected = await onePass(onnxRuntime, trainable, 0);
      for (const residualLayers of [0, 2, 3]) {
        const actual = await leavingNothing(engine, () => onePass(engine, trainable, residualLayers));
        assertSamePass(actual, expected, `${on}, ${residualLayers} layers`);
      }
    });

    Deno.test(`sft() with ${on} learns what it learns with ONNX Runtime (${trainable})`, async () => {
      const expected = await fiveSteps(onnxRuntime, trainable);
      assert.ok(expected.losses[4] < expected.losses[0], `${expected.losses}`);
      const actual = await leavingNothing(engine, () => fiveSteps(engine, trainable));
      assertClose(actual.losses, expected.losses, `${on}: losses`, 1e-4);
      for (const [name, numbers] of expected.trained) {
        assertClose(actual.trained.get(name)!, numbers, `${on}: trained ${name}`, 1e-4);
      }
    });
  }
  for (const precision of ["float16", "8bit", "4bit"] as const) {
    Deno.test(`CausalLM.forwardBackward() with ${on} has ONNX Runtime's gradients over ${precision} weights`, async () => {
      const expected = await onePass(onnxRuntime, "lora", 0, precision);
      const actual = await leavingNothing(engine, () => onePass(engine, "lora", 0, precision));
      assertSamePass(actual, expected, `${on}, ${precision}`);
    });
  }
}
