/** A small run that can be killed and started again, as a process of its own: `killed_run.ts OUTPUTS`. */
import { createLora } from "../../lib/adapters/mod.ts";
import { createEngine } from "../../lib/engine/mod.ts";
import { loadModel } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { sft, startRun } from "../../lib/train/mod.ts";
import { randomExamples, TINY_MODEL } from "../support/tiny_model.ts";

const [outputs] = Deno.args;
const engine = await createEngine({ threads: 1 });
const model = await loadModel(TINY_MODEL, { engine });
const adapter = await createLora(model, new Random(1), { r: 4 });
const run = await startRun("killed", {}, { outputs, resume: true });
const steps = sft({
  model,
  adapter,
  trainDataset: randomExamples(40, "killed"),
  perDeviceTrainBatchSize: 4,
  learningRate: 1e-2,
  maxSteps: 60,
  outputDir: run.path,
  saveSteps: 2,
  saveTotalLimit: 2,
  resumeFromCheckpoint: true,
});
for await (const step of steps) await run.log(step);
await run.close();
await engine.dispose();
