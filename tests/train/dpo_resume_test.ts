import assert from "node:assert/strict";
import { createLora, loadAdapter } from "../../lib/adapters/mod.ts";
import { type CausalLM, loadModel } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { dpo, type DpoOptions, type Metrics } from "../../lib/train/mod.ts";
import { GOLDEN } from "../support/golden.ts";
import { assertSameNumbers } from "../support/same_numbers.ts";
import { collect, inFolder, numbersOf, TINY_MODEL, withEngine, withTinyModel } from "../support/tiny_model.ts";
import { randomPairs } from "./dpo_pairs.ts";

const COMMON = { learningRate: 5e-3, maxSteps: 3, perDeviceTrainBatchSize: 4, beta: 0.2 } as const;

/** Runs that are stopped after a step and resumed. */
const resumed: Record<string, (model: CausalLM) => Promise<Omit<DpoOptions, "trainDataset">>> = {
  "a new adapter": async (model) => ({ model, adapter: await createLora(model, new Random(1), { r: 2 }) }),
  "a trained adapter, packed": async (model) => ({
    model,
    adapter: await loadAdapter(model, `${GOLDEN}lora/all_linear`),
    packing: true,
  }),
  "all weights": (model) => Promise.resolve({ model, learningRate: 1e-3 }),
  "all weights, precomputed": (model) => Promise.resolve({ model, learningRate: 1e-3, precomputeRefLogProbs: true }),
  "an adapter without a reference": async (model) => ({
    model,
    adapter: await createLora(model, new Random(1), { r: 2 }),
    lossType: "orpo" as const,
  }),
};

for (const [name, begin] of Object.entries(resumed)) {
  Deno.test(`dpo() resumed has the uninterrupted run's curve and weights bit for bit (${name})`, () =>
    withEngine(async (engine) => {
      const trainDataset = randomPairs(9);
      const attempt = async (options: Partial<DpoOptions>, stopAfter = Infinity) => {
        const model = await loadModel(TINY_MODEL, { engine });
        const start = await begin(model);
        const settings = {
          ...COMMON,
          maxSteps: 6,
          perDeviceTrainBatchSize: 2,
          gradientAccumulationSteps: 2,
          evalSteps: 2,
        };
        const curve: Metrics[] = [];
        for await (
          const step of dpo({ ...settings, trainDataset, evalDataset: trainDataset.slice(0, 3), ...start, ...options })
        ) {
          const { step_time: _, ...metrics } = step.metrics;
          curve[step.step - 1] = metrics;
          if (step.step === stopAfter) break;
        }
        const weights = await numbersOf(model, start.adapter?.factors ?? model.weights);
        await model.dispose();
        return { curve, weights };
      };
      const whole = await attempt({});
      await inFolder(async (outputDir) => {
        const first = await attempt({ outputDir, saveSteps: 2 }, 5);
        const rest = await attempt({ outputDir, saveSteps: 2, resumeFromCheckpoint: true });
        assert.deepEqual([...first.curve.slice(0, 4), ...rest.curve.slice(4)], whole.curve);
        assertSameNumbers(rest.weights, whole.weights, name);
      });
    }));
}

Deno.test("dpo() refuses to resume from another reference, and with other pairs or another loss", () =>
  withTinyModel(async (model) => {
    const trainDataset = randomPairs(4);
    await inFolder(async (outputDir) => {
      const adapter = await createLora(model, new Random(1), { r: 2 });
      await collect(dpo({ ...COMMON, model, adapter, trainDataset, outputDir, maxSteps: 1 }));
      const again: DpoOptions = { ...COMMON, model, trainDataset, outputDir, maxSteps: 2, resumeFromCheckpoint: true };
      await assert.rejects(
        collect(dpo({ ...again, adapter })), // it is trained now, and would be its own reference
        /reference was "adapter off" and is "sha256:/,
      );
      const begun = () => createLora(model, new Random(1), { r: 2 });
      await assert.rejects(collect(dpo({ ...again, adapter: await begun(), beta: 0.5 })), /beta was 0.2 and is 0.5/);
      await assert.rejects(
        collect(dpo({ ...again, adapter: await begun(), trainDataset: randomPairs(4, "others") })),
        /trainDataset was/,
      );
      assert.equal((await collect(dpo({ ...again, adapter: await begun() }))).length, 1);
    });
  }));
