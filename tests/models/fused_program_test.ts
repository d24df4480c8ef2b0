import assert from "node:assert/strict";
import { createLora } from "../../lib/adapters/mod.ts";
import { createEngine } from "../../lib/engine/mod.ts";
import { type CausalLM, type HeadTargets, loadModel } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { collate } from "../../lib/train/mod.ts";
import { assertClose } from "../support/golden.ts";
import { PeakEngine } from "../support/peak_engine.ts";
import { randomExamples, TINY_MODEL } from "../support/tiny_model.ts";

const { tokens: batch, wanted } = collate(randomExamples(3), 0);
const coefficients = new Float32Array(wanted.rows.length).fill(-1 / wanted.rows.length);

/** An engine that counts the programs that score tokens and were not freed. */
class CountingEngine extends PeakEngine {
  live = 0;
  override async compile(...[options]: Parameters<PeakEngine["compile"]>) {
    const program = await super.compile(options);
    if (!program.inputNames.includes("coefficients")) return program;
    this.live++;
    const dispose = () => {
      this.live--;
      return program.dispose();
    };
    return { ...program, dispose };
  }
}

/** Runs a test with the tiny model on such an engine. */
async function counted(run: (model: CausalLM, engine: CountingEngine) => Promise<void>): Promise<void> {
  const engine = new CountingEngine(await createEngine({ threads: 1 }));
  const model = await loadModel(TINY_MODEL, { engine });
  await run(model, engine);
  await model.dispose();
  assert.equal(engine.live, 0);
  await engine.dispose();
}

/** All gradients of a pass, one after the other. */
async function gradientsOf(
  model: CausalLM,
  options: Parameters<CausalLM["forwardBackward"]>[4],
  objective: HeadTargets["objective"] = {},
): Promise<number[]> {
  const numbers = new Map<string, number[]>();
  await model.forwardBackward(batch, { ...wanted, objective }, coefficients, (name, gradient) => {
    numbers.set(name, [...gradient.data as Float32Array]);
    gradient.dispose();
  }, options);
  return [...numbers].sort(([a], [b]) => a < b ? -1 : 1).flatMap(([, gradient]) => gradient);
}

Deno.test("FusedPrograms keeps one program: each holds the memory of its largest run", () =>
  counted(async (model, engine) => {
    const adapter = await createLora(model, new Random(1), { r: 2 });
    const variants = [
      { trainable: "all", residualLayers: 3 },
      { trainable: "all", residualLayers: 2 },
      { trainable: "lora", adapter, residualLayers: 2 },
      { trainable: "all", residualLayers: 3 },
    ] as const;
    const seen: number[][] = [];
    for (const options of variants) {
      seen.push(await gradientsOf(model, options));
      assert.equal(engine.live, 1);
      assert.deepEqual(await gradientsOf(model, options), seen.at(-1));
      assert.equal(engine.live, 1);
    }
    assert.deepEqual(seen[3], seen[0]);
  }));

Deno.test("FusedPrograms has a program for each objective", () =>
  counted(async (model) => {
    const smoothed = (labelSmoothingFactor: number) => ({ labelSmoothingFactor });
    for (const objective of [{}, smoothed(0.1), smoothed(0.3), { lossType: "dft" as const }, {}]) {
      const fused = await gradientsOf(model, { trainable: "all", residualLayers: 3 }, objective);
      const blockByBlock = await gradientsOf(model, { trainable: "all", residualLayers: 0 }, objective);
      assertClose(fused, blockByBlock, JSON.stringify(objective));
    }
  }));

Deno.test("FusedPrograms frees no program that runs, when passes of several variants are under way at once", () =>
  counted(async (model, engine) => {
    const variants = [1, 2, 3, 2, 1].map((residualLayers) => ({ trainable: "all", residualLayers } as const));
    const expected: number[][] = [];
    for (const options of variants) expected.push(await gradientsOf(model, options));
    const together = await Promise.all(variants.map((options) => gradientsOf(model, options)));
    assert.deepEqual(together, expected);
    assert.equal(engine.live, 1);
  }));
