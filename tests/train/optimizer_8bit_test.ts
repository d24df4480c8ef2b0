import assert from "node:assert/strict";
import { createLora, saveAdapter } from "../../lib/adapters/mod.ts";
import { createEngine, type Device, type DeviceTensor, type Engine } from "../../lib/engine/mod.ts";
import { adamw8bitGraph, adamwGraph, adamwStepValues, blocksOf } from "../../lib/kernels/mod.ts";
import {
  type CausalLM,
  loadModel,
  openSafetensors,
  type TensorToWrite,
  writeSafetensors,
} from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { AdamW, listCheckpoints, type Optim, sft, type SftOptions, type TrainingStep } from "../../lib/train/mod.ts";
import { restoreCheckpoint } from "../../lib/train/checkpoint/mod.ts";
import { adamw8bit, gradientAt, initialParameter } from "../support/adamw_8bit_golden.ts";
import { assertClose, goldenTensors } from "../support/golden.ts";
import { assertSameNumbers } from "../support/same_numbers.ts";
import {
  collect,
  inFolder,
  numbersOf,
  randomExamples,
  TINY_MODEL,
  withEngine,
  withTinyModel,
} from "../support/tiny_model.ts";

const HOUSE_MODEL = new URL("../../data/models/kiln-tiny", import.meta.url).pathname;
const NAME = "model.layers.0.mlp.up_proj.weight";
const { options: { learningRate, betas: [adamBeta1, adamBeta2], eps: adamEpsilon, weightDecay }, size } = adamw8bit;

/** The golden run by the optimizer; returns its tensors as numbers after the last step. */
async function goldenRun(engine: Engine, shape: readonly number[]): Promise<Record<string, Float32Array | Uint8Array>> {
  const parameters = new Map([[NAME, await engine.store(initialParameter(), shape)]]);
  const options = { optim: "adamw8bit", adamBeta1, adamBeta2, adamEpsilon, weightDecay, maxGradNorm: 0 } as const;
  const optimizer = new AdamW(engine, parameters, options);
  for (let step = 1; step <= adamw8bit.steps; step++) {
    await optimizer.addGradient(NAME, await engine.store(gradientAt(step), shape));
    await optimizer.step(learningRate);
  }
  const tensors = { parameter: parameters.get(NAME)!, ...optimizer.moments.get(NAME)! };
  const numbers: Record<string, Float32Array | Uint8Array> = {};
  for (const [name, tensor] of Object.entries<DeviceTensor>(tensors)) {
    numbers[name] = await engine.read(tensor) as Float32Array | Uint8Array;
  }
  tensors.parameter.dispose();
  await optimizer.dispose();
  assert.equal(engine.bytesInUse, 0);
  return numbers;
}

for (const device of ["cpu", "webgpu"] as const) {
  Deno.test({
    name: `AdamW with optim "adamw8bit" follows the golden run on ${device}`,
    ignore: device === "webgpu" && Deno.env.get("KILN_WEBGPU") !== "1",
    fn: async () => {
      const golden = await goldenTensors("adamw_8bit/steps.safetensors");
      const engine = await createEngine({ device });
      const numbers = await goldenRun(engine, [size / 12, 12]);
      assert.deepEqual(Object.keys(numbers).length, 5);
      for (const [name, values] of Object.entries(numbers)) {
        const expected = golden.get(`${adamw8bit.steps}.${name}`)!;
        if (name.endsWith("Codes")) assert.deepEqual(Float32Array.from(values), expected, name);
        else assertClose(values, expected, name, 1e-6);
      }
      await engine.dispose();
    },
  });
}

Deno.test("AdamW keeps 8-bit moments in 2.03 bytes a number, and float32 ones for tensors below 4096 numbers", () =>
  withEngine(async (engine) => {
    const bytesOf = async (optim: Optim, numbers: number) => {
      const before = engine.bytesInUse;
      const optimizer = new AdamW(engine, new Map([[NAME, engine.zeros([numbers])]]), { optim });
      await optimizer.addGradient(NAME, engine.zeros([numbers]));
      await optimizer.step(0.1);
      const bytes = engine.bytesInUse - before - 4 * numbers;
      await optimizer.dispose();
      optimizer.parameters.get(NAME)!.dispose();
      assert.equal(engine.bytesInUse, before);
      return bytes;
    };
    for (const numbers of [4096, 100 * 256, 300_000]) {
      const [small, large] = [await bytesOf("adamw8bit", numbers), await bytesOf("adamw", numbers)];
      assert.equal(large, 8 * numbers);
      assert.ok(small < 0.26 * large, `${small} of ${large}`);
      assert.equal(small, Math.ceil(numbers / 256) * (2 * 256 + 2 * 4));
    }
    assert.equal(await bytesOf("adamw8bit", 4095), 8 * 4095);
  }));

Deno.test("AdamW updates a large tensor in slices as a program does it at once, bit for bit, in both formats", () =>
  withEngine(async (engine) => {
    const numbers = 3 * 2 ** 16 + 1000;
    const random = new Random("large");
    const draw = () => Float32Array.from({ length: numbers }, () => random.normal());
    const [start, gradients] = [draw(), [draw(), draw()]];
    const constants = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
    const blocks = blocksOf([numbers]);
    const codes = (fill: number) => engine.upload(new Uint8Array(blocks * 256).fill(fill), [blocks, 256]);
    const formats = {
      adamw: {
        graph: adamwGraph(constants),
        moments: () => ({ firstMoment: engine.zeros([numbers]), secondMoment: engine.zeros([numbers]) }),
      },
      adamw8bit: {
        graph: adamw8bitGraph(constants, [numbers]),
        moments: () => ({
          firstCodes: codes(127),
          firstAbsmax: engine.zeros([blocks, 1]),
          secondCodes: codes(0),
          secondAbsmax: engine.zeros([blocks, 1]),
        }),
      },
    };
    for (const [optim, { graph, moments }] of Object.entries(formats)) {
      const program = await engine.compile({ outputs: graph });
      const state: Record<string, DeviceTensor> = { parameter: engine.upload(start.slice(), [numbers]), ...moments() };
      const parameters = new Map([[NAME, engine.upload(start.slice(), [numbers])]]);
      const optimizer = new AdamW(engine, parameters, { optim: optim as Optim, weightDecay: 0.1, maxGradNorm: 0 });
      for (const [step, gradient] of gradients.entries()) {
        const values = adamwStepValues(constants, { t: step + 1, learningRate: 0.01, weightDecay: 0.1, clip: 1 });
        const scalars = Object.fromEntries(
          Object.entries(values).map(([name, value]) => [name, engine.upload(Float32Array.of(value), [])]),
        );
        await program.run({ ...state, ...scalars, gradient: engine.upload(gradient, [numbers]) }, state);
        await optimizer.addGradient(NAME, engine.upload(gradient.slice(), [numbers]));
        await optimizer.step(0.01);
      }
      assert.notDeepEqual(state.parameter.data, start);
      const tensors: Record<string, DeviceTensor> = {
        parameter: parameters.get(NAME)!,
        ...optimizer.moments.get(NAME)!,
      };
      assert.deepEqual(Object.keys(tensors), Object.keys(state));
      for (const [name, { data }] of Object.entries(state)) {
        // Not deepEqual, which takes a minute for so many numbers when they differ.
        const at = data!.findIndex((value: number | bigint, i: number) => value !== tensors[name].data![i]);
        assert.equal(at, -1, `${optim}: ${name}[${at}]`);
      }
      await optimizer.dispose();
      await program.dispose();
    }
  }));

const MODULES = ["q_proj", "down_proj"] as const;

/** Runs a test with the tiny model on a device. */
async function withModelOn(device: Device, run: (model: CausalLM) => Promise<void>): Promise<void> {
  const engine = await createEngine({ device });
  const model = await loadModel(TINY_MODEL, { engine });
  await run(model);
  await model.dispose();
  assert.equal(engine.bytesInUse, 0, `${device}: all is freed`);
  await engine.dispose();
}

/** A run of a new adapter, whose factors are just large enough for 8 bits: 128 times 32 numbers, or 48. */
async function adapterRun(model: CausalLM, options: Partial<SftOptions>) {
  const adapter = await createLora(model, new Random(1), { r: 128, loraAlpha: 128, targetModules: MODULES });
  const trainDataset = randomExamples(32);
  const common = { perDeviceTrainBatchSize: 4, maxSteps: 20, learningRate: 3e-3, weightDecay: 0.1 };
  const steps = await collect(sft({ model, adapter, trainDataset, ...common, ...options }));
  const factors = await numbersOf(model, adapter.factors);
  adapter.factors.forEach((factor) => factor.dispose());
  return { losses: steps.map(({ metrics }) => metrics.loss), factors };
}

Deno.test('sft() with optim "adamw8bit" learns what it learns with float32 moments', () =>
  withModelOn("cpu", async (model) => {
    const [expected, { losses }] = [await adapterRun(model, {}), await adapterRun(model, { optim: "adamw8bit" })];
    assert.ok(losses.at(-1)! < losses[0] - 0.5, `${losses}`);
    assertClose(losses, expected.losses, "losses", 0.02);
    assert.notDeepEqual(losses, expected.losses);
  }));

/** A run in two parts does what one does that is not interrupted: factors, codes and scales are the same. */
async function checkResumed(model: CausalLM, folder: string): Promise<void> {
  const options = { optim: "adamw8bit", lrSchedulerType: "constant" } as const;
  const whole = await adapterRun(model, { ...options, outputDir: `${folder}/whole`, maxSteps: 3 });
  const parts = { ...options, outputDir: `${folder}/parts` };
  const begun = await adapterRun(model, { ...parts, maxSteps: 2 });
  assert.notDeepEqual(begun.factors, whole.factors);
  const resumed = await adapterRun(model, { ...parts, maxSteps: 3, resumeFromCheckpoint: true });
  assertSameNumbers(resumed.factors, whole.factors, "factors");
  const files = await Promise.all(
    ["whole", "parts"].map((run) => openSafetensors(`${folder}/${run}/checkpoint-3/optimizer.safetensors`)),
  );
  assert.deepEqual(files[0].names, files[1].names);
  assert.ok(files[0].names.some((name) => name.startsWith("firstCodes.")));
  for (const name of files[0].names) {
    assert.deepEqual(await files[1].read(name), await files[0].read(name), name);
    assert.equal(files[0].info(name).dtype, /^\w+Codes\./.test(name) ? "U8" : "F32", name);
  }
  files.forEach((file) => file.close());
}

Deno.test('sft() with optim "adamw8bit" goes on from a checkpoint as it would have without', () =>
  withModelOn("cpu", (model) => inFolder((folder) => checkResumed(model, folder))));

Deno.test({
  name: 'sft() with optim "adamw8bit" on WebGPU takes 20 steps as on the CPU, and goes on from a checkpoint',
  ignore: Deno.env.get("KILN_WEBGPU") !== "1",
  // One model for both: its programs take long to compile there.
  fn: () =>
    withModelOn("webgpu", async (model) => {
      const gpu = await adapterRun(model, { optim: "adamw8bit" });
      await withModelOn("cpu", async (model) => {
        const cpu = await adapterRun(model, { optim: "adamw8bit" });
        assertClose(gpu.losses, cpu.losses, "losses", 1e-4);
        // A moment beside a border rounds to one code here and to the next there, and its few numbers take other steps.
        for (const [name, values] of cpu.factors) assertClose(gpu.factors.get(name)!, values, name, 2e-3);
      });
      await inFolder((folder) => checkResumed(model, folder));
    }),
});

Deno.test('sft() of all weights of the house model with optim "adamw8bit" learns what it learns with float32 moments', async () => {
  const run = async (optim: Optim): Promise<TrainingStep[]> => {
    const engine = await createEngine();
    const model = await loadModel(HOUSE_MODEL, { engine });
    const trainDataset = randomExamples(32);
    const common = {
      model,
      trainDataset,
      perDeviceTrainBatchSize: 8,
      maxSteps: 24,
      learningRate: 1e-3,
      warmupSteps: 3,
    };
    const steps = await collect(sft({ ...common, optim, evalDataset: trainDataset }));
    await model.dispose();
    await engine.dispose();
    return steps;
  };
  const [expected, steps] = [await run("adamw"), await run("adamw8bit")];
  const [first, last, wanted] = [
    steps[0].metrics.loss,
    steps.at(-1)!.metrics.eval_loss,
    expected.at(-1)!.metrics.eval_loss,
  ];
  assert.ok(last < 0.5 * first, `from ${first} to ${last}`);
  assert.ok(Math.abs(last - wanted) < 0.05 * wanted, `${last}, with float32 moments ${wanted}`);
});

Deno.test("sft() refuses the checkpoint of another optim, also with other options allowed", () =>
  withTinyModel((model) =>
    inFolder(async (folder) => {
      const run = async (options: Partial<SftOptions>) => {
        const adapter = await createLora(model, new Random(1), { r: 128 });
        const trainDataset = randomExamples(8);
        await collect(sft({ model, adapter, trainDataset, maxSteps: 1, outputDir: folder, ...options }));
      };
      await run({});
      assert.equal((await listCheckpoints(folder)).length, 1);
      for (const resumeWithChanges of [false, true]) {
        await assert.rejects(
          run({ optim: "adamw8bit", resumeFromCheckpoint: true, resumeWithChanges, maxSteps: 2 }),
          /checkpoint-1 belongs to another run: optim was "adamw" and is "adamw8bit"\. Resume with what it was made with/,
        );
      }
    })
  ));

Deno.test("restoreCheckpoint() names the tensor of moments that is missing, or of another shape or type", () =>
  withTinyModel((model) =>
    inFolder(async (folder) => {
      const adapter = await createLora(model, new Random(1), { r: 128, targetModules: ["q_proj"] });
      const [name] = adapter.factors.keys();
      const before = await numbersOf(model, adapter.factors);
      await saveAdapter(model, adapter, folder, { baseModel: "" });
      const optimizer = new AdamW(model.engine, adapter.factors, { optim: "adamw8bit" });
      const { bytesInUse } = model.engine;
      const codes = { name: `firstCodes.${name}`, dtype: "U8", shape: [16, 256], data: new Uint8Array(4096) } as const;
      const absmax = { name: `firstAbsmax.${name}`, dtype: "F32", shape: [16, 1], data: new Float32Array(16) } as const;
      const refused: [TensorToWrite[], RegExp][] = [
        [[codes], /no tensor "firstAbsmax\..*", but this run has one of \[16, 1\]/],
        [[{ ...codes, shape: [4096] }, absmax], /tensor "firstCodes\..*" is \[4096\], but .* \[16, 256\]/],
        [
          [{ ...codes, dtype: "F32", data: new Float32Array(4096) }, absmax],
          /"firstCodes\..*" is F32, but this run has U8/,
        ],
        [[{ ...codes, name: "firstCodes.other" }], /moments of "other", which is not among the trained/],
      ];
      for (const [tensors, message] of refused) {
        await writeSafetensors(`${folder}/optimizer.safetensors`, tensors);
        await assert.rejects(restoreCheckpoint(folder, { model, adapter, optimizer }, 1), message);
        assert.deepEqual([optimizer.steps, optimizer.moments.size, model.engine.bytesInUse], [0, 0, bytesInUse]);
        assertSameNumbers(await numbersOf(model, adapter.factors), before, "factors");
      }
      await optimizer.dispose();
    })
  ));
