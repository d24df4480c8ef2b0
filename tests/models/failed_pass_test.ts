import assert from "node:assert/strict";
import { createLora, type LoraAdapter } from "../../lib/adapters/mod.ts";
import type { CausalLM, GradientSink, HeadTargets, TokenBatch, TrainingPassOptions } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { collate } from "../../lib/train/mod.ts";
import { randomExamples, withTinyModel } from "../support/tiny_model.ts";

const { tokens: batch, wanted } = collate(randomExamples(3), 0);
const coefficients = new Float32Array(wanted.rows.length).fill(-1 / wanted.rows.length);
const free: GradientSink = (_, gradient) => gradient.dispose();

/** Runs a test with the tiny model and an adapter, and fails when bytes are left over. */
function leavingNothing(run: (model: CausalLM, adapter: LoraAdapter) => Promise<void>): Promise<void> {
  return withTinyModel(async (model) => {
    const adapter = await createLora(model, new Random(1), { r: 2 });
    (await model.forward(batch)).hidden.dispose(); // makes the rotary tables, which stay
    const before = model.engine.bytesInUse;
    await run(model, adapter);
    assert.equal(model.engine.bytesInUse, before);
  });
}

Deno.test("CausalLM frees a pass that an adapter ends which does not fit the model", () =>
  leavingNothing(async (model, adapter) => {
    const factors = new Map([...adapter.factors].filter(([name]) => !name.startsWith("model.layers.1.")));
    for (const broken of [{ ...adapter, factors }, { ...adapter, r: 3 }]) {
      const problem = /model\.layers\.1\.self_attn\.q_proj\.lora_A|self_attn\.q_proj\.lora_A": expected \[3, 32\]/;
      const options = { adapter: broken, trainable: "lora" } as const;
      await assert.rejects(model.forward(batch, { ...options, keep: "residuals" }), problem);
      for (const residualLayers of [0, 1, 3]) {
        const pass = model.forwardBackward(batch, wanted, coefficients, free, { ...options, residualLayers });
        await assert.rejects(pass, problem);
      }
    }
  }));

Deno.test("CausalLM frees what a sink that throws leaves behind, and what the pass still holds", () =>
  leavingNothing(async (model, adapter) => {
    for (const options of [{ trainable: "all" }, { trainable: "lora", adapter }] as const) {
      for (const residualLayers of [0, 1, 3]) {
        const run = async (most: number) => {
          let given = 0;
          const sink: GradientSink = (name, gradient) => {
            gradient.dispose();
            if (given++ === most) throw new Error(`no room for ${name}`);
          };
          await model.forwardBackward(batch, wanted, coefficients, sink, { ...options, residualLayers });
          return given;
        };
        const before = model.engine.bytesInUse;
        const count = await run(Infinity);
        for (let most = 0; most < count; most++) {
          await assert.rejects(run(most), /no room for model\./);
          assert.equal(model.engine.bytesInUse, before, `${options.trainable} ${residualLayers} gradient ${most}`);
        }
      }
    }
  }));

Deno.test("CausalLM.backward() uses the pass up, also where it refuses what is wanted of it", () =>
  leavingNothing(async (model) => {
    const pass = await model.forward(batch, { keep: "inputs", trainable: "all" });
    await assert.rejects(
      model.backward(pass, wanted, coefficients.slice(1), free),
      /\d+ coefficients for \d+ positions: expected one for each/,
    );
  }));

Deno.test("CausalLM refuses targets outside the vocabulary and positions outside the batch, which would count from the end", () =>
  leavingNothing(async (model) => {
    const targets = (target: number): HeadTargets => ({ ...wanted, targets: wanted.targets.map(() => target) });
    const cases: [HeadTargets, RegExp][] = [
      [targets(-1), /row 0, token \d+: target -1 is outside the model's vocabulary of 96/],
      [targets(-100), /target -100 is outside/],
      [targets(96), /target 96 is outside/],
      [{ rows: [-1], targets: [5] }, /position -1 is outside the batch of 3 rows of \d+ tokens/],
      [{ rows: [batch.ids.length], targets: [5] }, /position \d+ is outside the batch/],
      [{ rows: [0.5], targets: [5] }, /position 0.5 is outside the batch/],
    ];
    for (const [head, problem] of cases) {
      for (const residualLayers of [0, 2]) {
        const options: TrainingPassOptions = { trainable: "all", residualLayers };
        const part = coefficients.slice(0, head.rows.length);
        await assert.rejects(model.forwardBackward(batch, head, part, free, options), problem);
      }
      const pass = await model.forward(batch);
      await assert.rejects(model.logProbs(pass, head), problem);
      pass.hidden.dispose();
    }
  }));

Deno.test("CausalLM.forward() refuses a batch whose arrays are not of its size", () =>
  leavingNothing(async (model) => {
    for (const name of ["ids", "positions", "documents"] as const) {
      const short = { ...batch, [name]: batch[name].slice(1) } as TokenBatch;
      await assert.rejects(
        model.forward(short),
        new RegExp(`^Error: \\d+ ${name} in a batch of 3 rows of \\d+ tokens`),
      );
    }
  }));
