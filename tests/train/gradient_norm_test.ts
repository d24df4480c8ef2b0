import assert from "node:assert/strict";
import { createEngine, type DeviceTensor, type Engine } from "../../lib/engine/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { AdamW, type Optim } from "../../lib/train/mod.ts";
import { EngineAround } from "../support/engine_around.ts";
import { FarEngine } from "../support/far_engine.ts";
import { assertClose } from "../support/golden.ts";
import { withEngine } from "../support/tiny_model.ts";

const onWebGpu = Deno.env.get("KILN_WEBGPU") === "1";

/** Gradients of a model's shapes, in different sizes, so that small ones must not get lost beside large ones. */
function drawGradients(shapes: readonly (readonly number[])[]): { shape: readonly number[]; numbers: Float32Array }[] {
  const random = new Random("gradients");
  return shapes.map((shape, i) => {
    const size = shape.reduce((product, length) => product * length, 1);
    return { shape, numbers: Float32Array.from({ length: size }, () => random.normal() * 10 ** (i % 4 - 2)) };
  });
}

const SHAPES = Array.from({ length: 60 }, (_, i) => i % 3 === 0 ? [40] : i % 3 === 1 ? [8, 64] : [64, 72]);

/** An optimizer with a parameter and a gradient of each shape. */
async function optimizerOn(engine: Engine, shapes: readonly (readonly number[])[], optim: Optim = "adamw") {
  const parameters = new Map<string, DeviceTensor>();
  for (const [i, shape] of shapes.entries()) parameters.set(`${i}.weight`, await engine.store(drawn(shape), shape));
  const optimizer = new AdamW(engine, parameters, { optim, weightDecay: 0.1 });
  const gradients = drawGradients(shapes);
  const add = async (factor = 1) => {
    for (const [i, { shape, numbers }] of gradients.entries()) {
      await optimizer.addGradient(`${i}.weight`, await engine.store(numbers.map((x) => factor * x), shape));
    }
  };
  const exact = Math.sqrt(gradients.flatMap(({ numbers }) => [...numbers]).reduce((sum, x) => sum + x * x, 0));
  return { optimizer, parameters, add, exact };
}

function drawn(shape: readonly number[]): Float32Array {
  return drawGradients([shape])[0].numbers;
}

/** Frees everything and checks that nothing is left. */
async function end(engine: Engine, { optimizer, parameters }: Awaited<ReturnType<typeof optimizerOn>>): Promise<void> {
  await optimizer.dispose();
  parameters.forEach((parameter) => parameter.dispose());
  assert.equal(engine.bytesInUse, 0);
}

Deno.test("AdamW.gradNorm() reads once from an engine that does not share its memory, and a step not at all", () =>
  withEngine(async (cpu) => {
    const engine = new FarEngine(cpu);
    const made = await optimizerOn(engine, SHAPES);
    for (let step = 1; step <= 3; step++) {
      await made.add();
      const norm = await made.optimizer.gradNorm();
      assert.equal(engine.reads, step);
      assertClose([norm], [made.exact], "norm", 1e-6);
      await made.optimizer.step(0.01, norm);
      assert.equal(engine.reads, step);
    }
    await end(engine, made);
  }));

for (const optim of ["adamw", "adamw8bit"] as const) {
  Deno.test(`AdamW takes the CPU's steps on an engine that does not share its memory (${optim})`, () =>
    withEngine(async (cpu) => {
      const results: Map<string, Float32Array>[] = [];
      for (const engine of [cpu, new FarEngine(cpu)]) {
        const made = await optimizerOn(engine, SHAPES.slice(0, 6), optim);
        for (let step = 0; step < 3; step++) {
          // Of two micro-batches.
          await made.add(0.25);
          await made.add(0.75);
          await made.optimizer.step(0.01, made.exact);
        }
        const numbers = new Map<string, Float32Array>();
        for (const [name, parameter] of made.parameters) {
          numbers.set(name, (await engine.read(parameter) as Float32Array).slice());
        }
        results.push(numbers);
        await end(engine, made);
      }
      assert.deepEqual(results[1], results[0]);
    }));
}

Deno.test("AdamW.gradNorm() says that a gradient is not finite on an engine that does not share its memory", () =>
  withEngine(async (cpu) => {
    const engine = new FarEngine(cpu);
    for (const bad of [NaN, Infinity, -Infinity]) {
      const made = await optimizerOn(engine, [[2], [3], [4]]);
      await made.optimizer.addGradient("1.weight", engine.upload(Float32Array.of(1, bad, 2), [3]));
      await made.optimizer.addGradient("0.weight", engine.upload(Float32Array.of(1, 2), [2]));
      assert.equal(await made.optimizer.gradNorm(), Math.abs(bad));
      await assert.rejects(made.optimizer.step(0.1), /the gradient's norm is (NaN|Infinity)/);
      await end(engine, made);
    }
  }));

/** Counts what is read from a device. */
class CountingReads extends EngineAround {
  reads = 0;
  override read(tensor: DeviceTensor) {
    this.reads++;
    return super.read(tensor);
  }
}

Deno.test({
  name: "AdamW.gradNorm() reads once on WebGPU and is right to 1e-6, for many gradients and for large ones",
  ignore: !onWebGpu,
  fn: async () => {
    const engine = new CountingReads(await createEngine({ device: "webgpu" }));
    for (const shapes of [SHAPES, [[4864, 896], [896, 4864], [1_000_003]]]) {
      const made = await optimizerOn(engine, shapes);
      await made.add();
      engine.reads = 0;
      const norm = await made.optimizer.gradNorm();
      assert.equal(engine.reads, 1);
      assertClose([norm], [made.exact], `norm of ${shapes.length}`, 1e-6);
      await end(engine, made);
    }
    await engine.dispose();
  },
});
