import assert from "node:assert/strict";
import { createLora } from "../../lib/adapters/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { heldOutLoss, sft } from "../../lib/train/mod.ts";
import { collect, randomExamples, withTinyModel } from "../support/tiny_model.ts";

Deno.test("heldOutLoss() gives what sft() evaluates, also where rows are cut", () =>
  withTinyModel(async (model) => {
    const adapter = await createLora(model, new Random(1), { r: 2 });
    const evalDataset = randomExamples(13, "held out");
    for (const [maxLength, perDeviceEvalBatchSize] of [[undefined, 8], [7, 5]]) {
      const options = { adapter, maxLength, perDeviceEvalBatchSize };
      const trainDataset = randomExamples(4);
      const [step] = await collect(sft({ ...options, model, trainDataset, evalDataset, maxSteps: 1, learningRate: 0 }));
      const evaluated = Object.entries(step.metrics).filter(([name]) => name.startsWith("eval_"));
      assert.equal(evaluated.length, 3);
      assert.deepEqual(await heldOutLoss(model, evalDataset, options), Object.fromEntries(evaluated));
    }
    await assert.rejects(heldOutLoss(model, []), /there are no rows/);
  }));
