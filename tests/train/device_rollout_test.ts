/** Rollouts and their training where tensors are out of this process's reach. */
import assert from "node:assert/strict";
import { createLora } from "../../lib/adapters/mod.ts";
import { createEngine, type Engine } from "../../lib/engine/mod.ts";
import { loadModel } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { grpo, localSampler } from "../../lib/train/mod.ts";
import { FarEngine } from "../support/far_engine.ts";
import { assertClose } from "../support/golden.ts";
import { collect, idTokenizer, TINY_MODEL } from "../support/tiny_model.ts";

/** Losses and rewards of some steps with rollouts by the model itself. */
async function trained(engine: Engine, withAdapter: boolean): Promise<number[]> {
  const model = await loadModel(TINY_MODEL, { engine });
  const adapter = withAdapter ? await createLora(model, new Random(1), { r: 2 }) : undefined;
  const sampler = localSampler({ model, adapter, maxCompletionLength: 40 });
  const steps = await collect(
    grpo<Record<never, never>>({
      ...{ model, adapter, tokenizer: idTokenizer, sampler: sampler.sample, maxCompletionLength: 40 },
      trainDataset: [{ prompt: "3 4" }, { prompt: "5 6 7" }],
      rewards: {
        even: ({ completionIds }) => completionIds.map((ids) => ids.filter((id) => id % 2 === 0).length / ids.length),
      },
      ...{ numGenerations: 4, perDeviceTrainBatchSize: 8, learningRate: 1e-2, maxSteps: 3 },
    }),
  );
  await sampler.dispose();
  await model.dispose();
  adapter?.factors.forEach((factor) => factor.dispose());
  assert.equal(engine.bytesInUse, 0);
  await engine.dispose();
  return steps.flatMap(({ metrics }) => [metrics.loss, metrics.reward]);
}

for (const withAdapter of [true, false]) {
  Deno.test(`grpo() with rollouts on a device is that on the CPU (${withAdapter ? "adapter" : "all weights"})`, async () => {
    const expected = await trained(await createEngine({ threads: 1 }), withAdapter);
    const actual = await trained(new FarEngine(await createEngine({ threads: 1 })), withAdapter);
    assertClose(actual, expected, "losses and rewards", 1e-4);
  });
}
