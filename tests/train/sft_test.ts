import assert from "node:assert/strict";
import { loadAdapter } from "../../lib/adapters/mod.ts";
import { createEngine } from "../../lib/engine/mod.ts";
import { loadModel } from "../../lib/models/mod.ts";
import { collate, evaluateSft, sft, type SftOptions, type TokenizedExample } from "../../lib/train/mod.ts";
import { assertClose, GOLDEN, goldenJson, goldenTensors } from "../support/golden.ts";

interface GoldenRun {
  adapter: string | null;
  options: Omit<SftOptions, "model" | "trainDataset">;
  steps: {
    loss: number;
    grad_norm: number;
    learning_rate: number;
    mean_token_accuracy: number;
    entropy: number;
    num_tokens: number;
    epoch: number;
    batches: { inputIds: number[][]; attentionMask: number[][]; labels: number[][] }[];
  }[];
  evaluation: {
    rows: { input_ids: number[]; completion_mask: number[] }[];
    perDeviceEvalBatchSize: number;
    metrics: Record<string, number>;
  };
}

/** The rows that TRL saw, in its order, without their padding. */
function examplesOf(run: GoldenRun): TokenizedExample[] {
  return run.steps.flatMap(({ batches }) =>
    batches.flatMap(({ inputIds, attentionMask, labels }) =>
      inputIds.map((ids, row) => {
        const length = attentionMask[row].reduce((a, b) => a + b);
        return { ids: ids.slice(0, length), lossMask: labels[row].slice(0, length).map((label) => label !== -100) };
      })
    )
  );
}

for (const name of ["full.one_step", "full.five_steps", "lora.one_step", "lora.five_steps"]) {
  for (const gradientCheckpointing of [true, false]) {
    const how = gradientCheckpointing ? "recomputing" : "keeping residuals";
    Deno.test(`sft() equals TRL's SFTTrainer (${name}, ${how})`, async () => {
      const engine = await createEngine();
      const run = await goldenJson<GoldenRun>(`sft/${name}.json`);
      const expected = await goldenTensors(`sft/${name}.weights.safetensors`);
      const model = await loadModel(`${GOLDEN}qwen2_tiny/tied`, { engine });
      const adapter = run.adapter ? await loadAdapter(model, GOLDEN + run.adapter) : undefined;
      const trainDataset = examplesOf(run);
      let step = 0;
      for await (
        const { metrics } of sft({
          ...run.options,
          model,
          adapter,
          trainDataset,
          shuffle: false,
          gradientCheckpointing,
        })
      ) {
        const golden = run.steps[step++];
        for (const key of ["loss", "grad_norm", "mean_token_accuracy", "entropy"] as const) {
          assertClose([metrics[key]], [golden[key]], `step ${step}: ${key}`);
        }
        assertClose([metrics.learning_rate], [golden.learning_rate], "learning rate", 1e-12);
        assert.equal(metrics.num_tokens, golden.num_tokens);
      }
      assert.equal(step, run.steps.length);
      const parameters = adapter ? adapter.factors : model.weights;
      for (const [name, values] of expected) {
        const tensor = parameters.get(name.replace(/^base_model\.model\./, "").replace(/(lora_[AB])\.weight$/, "$1"));
        assertClose(await engine.read(tensor!) as Float32Array, values, name);
      }
      if (run.evaluation) {
        const { rows, perDeviceEvalBatchSize, metrics } = run.evaluation;
        const examples = rows.map((row) => ({
          ids: row.input_ids,
          lossMask: row.completion_mask.map((bit) => bit === 1),
        }));
        const batches = [];
        for (let start = 0; start < rows.length; start += perDeviceEvalBatchSize) {
          batches.push(collate(examples.slice(start, start + perDeviceEvalBatchSize), 0));
        }
        const evaluation = await evaluateSft(model, batches, adapter);
        for (const key of Object.keys(evaluation)) assertClose([evaluation[key]], [metrics[key]], key);
      }
      await model.dispose();
      await engine.dispose();
    });
  }
}
