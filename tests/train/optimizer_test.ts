import assert from "node:assert/strict";
import type { DeviceTensor, Engine } from "../../lib/engine/mod.ts";
import { parseConfig, weightShapes } from "../../lib/models/mod.ts";
import { AdamW, isDecayed, learningRateAt, type OptimizerOptions, type SchedulerType } from "../../lib/train/mod.ts";
import { assertClose, goldenJson } from "../support/golden.ts";
import { TINY_MODEL, withEngine } from "../support/tiny_model.ts";

interface Values {
  matrix: number[][];
  vector: number[];
}

const golden = await goldenJson<{
  initial: Values;
  gradients: Values[];
  runs: {
    options: { learningRate: number; betas: [number, number]; eps: number; weightDecay: number; maxGradNorm: number };
    schedule: SchedulerType;
    warmupSteps: number;
    steps: (Values & { learningRate: number; gradNorm: number })[];
  }[];
}>("adamw/adamw.json");

const MATRIX = "model.layers.0.mlp.up_proj.weight";
const VECTOR = "model.layers.0.self_attn.q_proj.bias";

/** The golden run's two tensors, under names of which one is decayed. */
async function stored(engine: Engine, { matrix, vector }: Values): Promise<Map<string, DeviceTensor>> {
  return new Map([
    [MATRIX, await engine.store(Float32Array.from(matrix.flat()), [2, 3])],
    [VECTOR, await engine.store(Float32Array.from(vector), [3])],
  ]);
}

async function addAll(optimizer: AdamW, gradients: Map<string, DeviceTensor>): Promise<void> {
  for (const [name, gradient] of gradients) await optimizer.addGradient(name, gradient);
}

/** One weight with a gradient, and what an optimizer makes of it. */
async function oneStep(engine: Engine, gradient: number[], options: OptimizerOptions, learningRate = 0.1) {
  const parameters = new Map([[MATRIX, await engine.store(new Float32Array(gradient.length), [gradient.length])]]);
  const optimizer = new AdamW(engine, parameters, options);
  await optimizer.addGradient(MATRIX, await engine.store(Float32Array.from(gradient), [gradient.length]));
  const { gradNorm } = await optimizer.step(learningRate);
  const values = (await engine.read(parameters.get(MATRIX)!) as Float32Array).slice();
  await optimizer.dispose();
  return { gradNorm, values };
}

for (const { options, schedule, warmupSteps, steps } of golden.runs) {
  const { learningRate, betas: [adamBeta1, adamBeta2], eps: adamEpsilon, weightDecay, maxGradNorm } = options;
  Deno.test(`AdamW equals PyTorch's over ${steps.length} steps (${schedule}, eps ${adamEpsilon})`, () =>
    withEngine(async (engine) => {
      const parameters = await stored(engine, golden.initial);
      const optimizer = new AdamW(engine, parameters, { adamBeta1, adamBeta2, adamEpsilon, weightDecay, maxGradNorm });
      for (const [step, expected] of steps.entries()) {
        const rate = learningRateAt(step, {
          lrSchedulerType: schedule,
          learningRate,
          warmupSteps,
          totalSteps: steps.length,
        });
        assertClose([rate], [expected.learningRate], "learning rate", 1e-12);
        await addAll(optimizer, await stored(engine, golden.gradients[step]));
        const { gradNorm } = await optimizer.step(rate);
        assertClose([gradNorm], [expected.gradNorm], `norm of step ${step}`);
        const values = async (name: string) => await engine.read(parameters.get(name)!) as Float32Array;
        assertClose(await values(MATRIX), expected.matrix.flat(), `matrix after step ${step}`);
        assertClose(await values(VECTOR), expected.vector, `vector after step ${step}`);
      }
      assert.equal(optimizer.steps, steps.length);
      await optimizer.dispose();
    }));
}

Deno.test("the golden runs of AdamW clip in some steps and not in others", () => {
  const [{ options, steps }] = golden.runs;
  assert.ok(steps.some(({ gradNorm }) => gradNorm > options.maxGradNorm));
  assert.ok(steps.some(({ gradNorm }) => gradNorm < options.maxGradNorm));
});

Deno.test("AdamW clips to maxGradNorm, returns the norm before, and does not clip when it is 0", () =>
  withEngine(async (engine) => {
    // With epsilon 1 the first step is lr g / (|g| + 1): the size of the gradient shows.
    const size = (g: number) => -0.1 * g / (Math.abs(g) + 1);
    const gradient = [3, -4];
    for (const [maxGradNorm, factor] of [[0, 1], [Infinity, 1], [10, 1], [1, 1 / 5], [0.5, 0.1]]) {
      const { gradNorm, values } = await oneStep(engine, gradient, { adamEpsilon: 1, maxGradNorm });
      assertClose([gradNorm], [5], "norm");
      assertClose(values, gradient.map((g) => size(g * factor)), `step when clipping to ${maxGradNorm}`);
    }
  }));

Deno.test("AdamW clips a very small gradient as PyTorch does, which adds 1e-6 to the norm", () =>
  withEngine(async (engine) => {
    // With that the factor is 1e-6 / (1e-6 + 1e-6), and with a large epsilon the step is lr g / epsilon.
    const { values } = await oneStep(engine, [6e-7, -8e-7], { adamEpsilon: 1, maxGradNorm: 1e-6 }, 1);
    assertClose(values, [-3e-7, 4e-7], "half of the gradient");
  }));

Deno.test("AdamW.restoreMoments() frees the moments that were there", () =>
  withEngine(async (engine) => {
    const parameters = await stored(engine, golden.initial);
    const optimizer = new AdamW(engine, parameters);
    const before = engine.bytesInUse;
    const restored = async (value: number) => ({
      firstMoment: await engine.store(new Float32Array(3).fill(value), [3]),
      secondMoment: await engine.store(new Float32Array(3).fill(value ** 2), [3]),
    });
    for (const value of [1, 2]) optimizer.restoreMoments(VECTOR, await restored(value));
    assert.equal(engine.bytesInUse, before + 2 * 3 * 4);
    const { firstMoment, secondMoment } = optimizer.moments.get(VECTOR)!;
    assert.deepEqual([firstMoment, secondMoment].map(({ data }) => [...data as Float32Array]), [[2, 2, 2], [4, 4, 4]]);
    await optimizer.dispose();
    assert.equal(engine.bytesInUse, before);
  }));

Deno.test("AdamW.addGradient() sums the gradients of micro-batches", () =>
  withEngine(async (engine) => {
    const [parts, whole] = [await stored(engine, golden.initial), await stored(engine, golden.initial)];
    const [first, second] = golden.gradients;
    const sum: Values = {
      matrix: first.matrix.map((row, i) => row.map((value, j) => value + second.matrix[i][j])),
      vector: first.vector.map((value, i) => value + second.vector[i]),
    };
    const accumulating = new AdamW(engine, parts);
    await addAll(accumulating, await stored(engine, first));
    await addAll(accumulating, await stored(engine, second));
    const direct = new AdamW(engine, whole);
    await addAll(direct, await stored(engine, sum));
    assertClose([(await accumulating.step(0.01)).gradNorm], [(await direct.step(0.01)).gradNorm], "norm", 1e-6);
    for (const [name, tensor] of parts) {
      assertClose(tensor.data as Float32Array, whole.get(name)!.data as Float32Array, name, 1e-6);
    }
    await accumulating.dispose();
    await direct.dispose();
  }));

Deno.test("AdamW.step() leaves everything as it was when a gradient is not finite, and can go on", () =>
  withEngine(async (engine) => {
    const [parameters, untouched] = [await stored(engine, golden.initial), await stored(engine, golden.initial)];
    const optimizer = new AdamW(engine, parameters);
    const reference = new AdamW(engine, untouched);
    for (const [step, bad] of [NaN, Infinity, -Infinity].entries()) {
      const gradient = golden.gradients[step];
      await addAll(optimizer, await stored(engine, { ...gradient, vector: [0, bad, 0] }));
      await assert.rejects(optimizer.step(0.01), (error: Error) => {
        assert.match(error.message, /optimizer step \d: the gradient's norm is (NaN|Infinity).*unchanged/);
        return true;
      });
      await addAll(optimizer, await stored(engine, gradient));
      await addAll(reference, await stored(engine, gradient));
      await optimizer.step(0.01);
      await reference.step(0.01);
      for (const [name, tensor] of parameters) assert.deepEqual(tensor.data, untouched.get(name)!.data, name);
    }
    assert.equal(optimizer.steps, 3);
    await optimizer.dispose();
    await reference.dispose();
  }));

Deno.test("AdamW.addGradient() refuses a gradient of an unknown name or of another shape", () =>
  withEngine(async (engine) => {
    const optimizer = new AdamW(engine, await stored(engine, golden.initial));
    const before = engine.bytesInUse;
    const gradient = () => engine.zeros([3]);
    await assert.rejects(
      optimizer.addGradient("lm_head.weight", gradient()),
      /"lm_head.weight".*not among the trained/,
    );
    await assert.rejects(
      optimizer.addGradient(MATRIX, gradient()),
      /gradient of \[3\].*up_proj.weight", which is \[2,3\]/,
    );
    await assert.rejects(optimizer.step(0.1), /no gradient was added/);
    assert.equal(engine.bytesInUse, before, "refused gradients are freed");
    await optimizer.dispose();
  }));

Deno.test("AdamW keeps the parameters' memory on the CPU, and frees everything else", () =>
  withEngine(async (engine) => {
    const parameters = await stored(engine, golden.initial);
    const [memory, before] = [parameters.get(MATRIX)!.data, engine.bytesInUse];
    const optimizer = new AdamW(engine, parameters);
    await addAll(optimizer, await stored(engine, golden.gradients[0]));
    await optimizer.step(0.1);
    assert.equal(parameters.get(MATRIX)!.data, memory);
    assert.equal(engine.bytesInUse, 3 * before, "moments are twice the parameters");
    await addAll(optimizer, await stored(engine, golden.gradients[1]));
    await optimizer.dispose();
    assert.equal(engine.bytesInUse, before);
  }));

Deno.test("AdamW names the option that is out of range", () =>
  withEngine(async (engine) => {
    const bad: [OptimizerOptions, RegExp][] = [
      [{ adamBeta1: 1 }, /adamBeta1: .* got 1/],
      [{ adamBeta2: -0.1 }, /adamBeta2: .* got -0.1/],
      [{ adamEpsilon: 0 }, /adamEpsilon: .* got 0/],
      [{ weightDecay: NaN }, /weightDecay: .* got NaN/],
      [{ maxGradNorm: -1 }, /maxGradNorm: .* got -1/],
      [{ optim: "sgd" as "adamw" }, /optim: expected "adamw", "adamw8bit" or "muon", got sgd/],
    ];
    for (const [options, message] of bad) assert.throws(() => new AdamW(engine, new Map(), options), message);
    await assert.rejects(oneStep(engine, [1], {}, NaN), /learningRate: .* got NaN/);
  }));

Deno.test("isDecayed() is true for matrices and factors, false for biases and norms", async () => {
  const config = parseConfig(await Deno.readTextFile(`${TINY_MODEL}/config.json`), "config.json");
  const shapes = Object.entries(weightShapes({ ...config, tieWordEmbeddings: false }));
  assert.equal(shapes.length, 3 + 3 * 12);
  for (const [name, shape] of shapes) assert.equal(isDecayed(name), shape.length === 2, name);
  for (const factor of ["lora_A", "lora_B"]) assert.ok(isDecayed(`model.layers.0.self_attn.q_proj.${factor}`));
});

Deno.test("isDecayed() agrees with transformers' trainer", async () => {
  const { weightDecayNames } = await goldenJson<{ weightDecayNames: string[] }>("sft/full.five_steps.json");
  const config = parseConfig(await Deno.readTextFile(`${TINY_MODEL}/config.json`), "config.json");
  // TRL lists the tied head under both its names.
  const names = Object.keys(weightShapes(config));
  assert.deepEqual(names.filter(isDecayed).sort(), weightDecayNames.filter((name) => names.includes(name)).sort());
  assert.ok(weightDecayNames.length > 20);
});
