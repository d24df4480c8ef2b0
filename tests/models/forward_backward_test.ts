import assert from "node:assert/strict";
import { createLora, type LoraOptions } from "../../lib/adapters/mod.ts";
import { createEngine } from "../../lib/engine/mod.ts";
import {
  type CausalLM,
  type HeadOutput,
  type HeadTargets,
  type LinearModule,
  loadModel,
  type TrainingPassOptions,
} from "../../lib/models/mod.ts";
import { fusedOutputs } from "../../lib/models/fused_program.ts";
import { Random } from "../../lib/random/mod.ts";
import { collate } from "../../lib/train/mod.ts";
import { assertClose } from "../support/golden.ts";
import { randomExamples, TINY_MODEL, withEngine, withTinyModel } from "../support/tiny_model.ts";

const { tokens: batch, wanted } = collate(randomExamples(3), 0);
const coefficients = new Float32Array(wanted.rows.length).fill(-1 / wanted.rows.length);

/** Makes the rotary tables, which stay, and gives the bytes in use then. */
async function bytesAtRest(model: CausalLM): Promise<number> {
  (await model.forward(batch)).hidden.dispose();
  return model.engine.bytesInUse;
}

/** The gradients of one call of forwardBackward(), and its output. */
async function fusedGradients(
  model: CausalLM,
  options: TrainingPassOptions,
  targets: HeadTargets = wanted,
): Promise<{ gradients: Map<string, Float32Array>; output: HeadOutput }> {
  const gradients = new Map<string, Float32Array>();
  const part = coefficients.slice(0, targets.rows.length);
  const output = await model.forwardBackward(batch, targets, part, async (name, gradient) => {
    gradients.set(name, (await model.engine.read(gradient) as Float32Array).slice());
    gradient.dispose();
  }, options);
  return { gradients, output };
}

Deno.test("CausalLM.forwardBackward() gives the same whatever layers keep their residuals, and frees everything", () =>
  withTinyModel(async (model) => {
    const adapter = await createLora(model, new Random(1), { r: 2 });
    for (const factor of adapter.factors.values()) (factor.data as Float32Array).forEach((_, i, all) => all[i] += 0.01);
    const random = new Random("noise");
    const embeddingNoise = Float32Array.from({ length: batch.ids.length * 32 }, () => 0.1 * random.normal());
    const before = await bytesAtRest(model);
    const objectives: HeadTargets[] = [
      wanted,
      { ...wanted, temperature: 0.7, objective: { lossType: "dft" } },
      { ...wanted, objective: { labelSmoothingFactor: 0.1 } },
      { rows: [], targets: [] },
    ];
    for (
      const options of [{ trainable: "all" }, { trainable: "lora", adapter }, { trainable: "all", adapter }] as const
    ) {
      for (const targets of objectives) {
        const expected = await fusedGradients(model, { ...options, embeddingNoise }, targets);
        for (const residualLayers of [1, 2, 3]) {
          const what = `${options.trainable} ${JSON.stringify(targets.objective)} ${residualLayers} layers`;
          const { gradients, output } = await fusedGradients(
            model,
            { ...options, embeddingNoise, residualLayers },
            targets,
          );
          assert.deepEqual([...gradients.keys()].sort(), [...expected.gradients.keys()].sort(), what);
          for (const [name, gradient] of gradients) {
            assertClose(gradient, expected.gradients.get(name)!, `${what}: ${name}`, 1e-6);
          }
          for (const key of ["logProbs", "scores", "entropies", "greedy"] as const) {
            assertClose(output[key], expected.output[key], `${what}: ${key}`, 1e-6);
          }
          assert.equal(model.engine.bytesInUse, before, what);
        }
      }
    }
  }));

Deno.test("CausalLM.forwardBackward() serves adapters of several ranks and modules, each by its own programs", () =>
  withTinyModel(async (model) => {
    const one = (module: LinearModule): LoraOptions => ({ r: 2, targetModules: [module] });
    const shapes = [{ r: 2 }, { r: 5 }, one("k_proj"), one("v_proj"), { r: 2 }];
    for (const [i, shape] of shapes.entries()) {
      const adapter = await createLora(model, new Random(i), shape);
      for (const factor of adapter.factors.values()) {
        (factor.data as Float32Array).forEach((_, at, all) => all[at] += 0.01 * (i + 1));
      }
      const options = { trainable: "lora", adapter } as const;
      const expected = await fusedGradients(model, options);
      const { gradients, output } = await fusedGradients(model, { ...options, residualLayers: 2 });
      assert.deepEqual([...gradients.keys()].sort(), [...adapter.factors.keys()].sort());
      for (const [name, gradient] of gradients) assertClose(gradient, expected.gradients.get(name)!, name, 1e-6);
      assertClose(output.logProbs, expected.output.logProbs, "log-probabilities", 1e-6);
      adapter.factors.forEach((factor) => factor.dispose());
    }
  }));

Deno.test("fusedOutputs() has the gradient by x only where something before its layers needs it", () =>
  withTinyModel(async (model) => {
    const adapter = await createLora(model, new Random(1), { r: 2 });
    const hasDx = (layers: number, trainable: "lora" | "all") =>
      "dx" in fusedOutputs(model.config, { layers, lora: adapter, trainable });
    assert.deepEqual([hasDx(3, "lora"), hasDx(2, "lora"), hasDx(3, "all")], [false, true, true]);
    adapter.factors.forEach((factor) => factor.dispose());
  }));

Deno.test("CausalLM.forward() keeps the residuals of the last layers, which the backward frees first", () =>
  withTinyModel(async (model) => {
    for (const residualLayers of [0, 1, 2, 3]) {
      const options = { keep: "residuals", trainable: "all", residualLayers } as const;
      const pass = await model.forward(batch, options);
      const hasResiduals = pass.kept.map((tensors) => Object.keys(tensors).length > 1);
      assert.deepEqual(hasResiduals, [0, 1, 2].map((layer) => layer >= 3 - residualLayers));
      await model.backward(pass, wanted, coefficients, (_, gradient) => gradient.dispose());
    }
  }));

Deno.test("CausalLM.dispose() frees every program that was compiled for it", () =>
  withEngine(async (engine) => {
    let [compiled, disposed] = [0, 0];
    const compile = engine.compile.bind(engine);
    engine.compile = async (...args) => {
      const program = await compile(...args);
      compiled++;
      const dispose = program.dispose.bind(program);
      program.dispose = () => (disposed++, dispose());
      return program;
    };
    const model = await loadModel(TINY_MODEL, { engine });
    for (const residualLayers of [0, 2, 3]) await fusedGradients(model, { trainable: "all", residualLayers });
    await model.dispose();
    assert.ok(compiled > 4, `${compiled} programs`);
    assert.equal(disposed, compiled);
  }));

Deno.test("CausalLM.forwardBackward() gives the same bits twice", async () => {
  const engine = await createEngine({ threads: 2 });
  const model = await loadModel(TINY_MODEL, { engine });
  for (const residualLayers of [0, 2, 3]) {
    const first = await fusedGradients(model, { trainable: "all", residualLayers });
    for (let run = 0; run < 5; run++) {
      const { gradients } = await fusedGradients(model, { trainable: "all", residualLayers });
      for (const [name, gradient] of gradients) assert.deepEqual(gradient, first.gradients.get(name), name);
    }
  }
  await model.dispose();
  await engine.dispose();
});

Deno.test("CausalLM.forwardBackward() names what is wrong", () =>
  withTinyModel(async (model) => {
    const before = await bytesAtRest(model);
    const run = (options: TrainingPassOptions, targets: HeadTargets = wanted) =>
      fusedGradients(model, options, targets);
    await assert.rejects(
      run({ residualLayers: 4, trainable: "all" }),
      /residualLayers: expected a whole number from 0 to 3, got 4/,
    );
    const all = { residualLayers: 3, trainable: "all" } as const;
    await assert.rejects(run(all, { ...wanted, targets: [1] }), /\d+ positions but 1 targets/);
    await assert.rejects(run(all, { ...wanted, temperature: 0 }), /temperature: expected a number above 0, got 0/);
    await assert.rejects(run(all, { rows: [5, 5], targets: [1, 2] }), /a position is wanted twice/);
    await assert.rejects(run({ ...all, embeddingNoise: new Float32Array(1) }), /embeddingNoise of 1 numbers/);
    assert.equal(model.engine.bytesInUse, before);
  }));
