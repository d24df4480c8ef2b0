import assert from "node:assert/strict";
import { createLora } from "../../lib/adapters/mod.ts";
import { type CausalLM, loadModel } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import {
  findCheckpoint,
  grpo,
  type GrpoOptions,
  listCheckpoints,
  localSampler,
  type Metrics,
  pretrain,
  sft,
  type TrainingOptions,
  type TrainingStep,
} from "../../lib/train/mod.ts";
import { assertSameNumbers } from "../support/same_numbers.ts";
import { Crash, crashingFileSystem } from "../files/crashing_file_system.ts";
import {
  idTokenizer,
  inFolder,
  numbersOf,
  randomExamples,
  TINY_MODEL,
  withEngine,
  withTinyModel,
} from "../support/tiny_model.ts";

type Curve = Record<number, Metrics>;

/** What a run gave: its curve without times, and the weights after it. */
interface Trained {
  curve: Curve;
  weights: Map<string, Float32Array>;
}

/** Keeps a run's metrics by step, as a log would that outlives the process. */
async function follow(run: AsyncIterable<TrainingStep>, curve: Curve, stopAfter = Infinity): Promise<void> {
  for await (const { step, metrics } of run) {
    const { step_time: _, ...rest } = metrics;
    curve[step] = rest;
    if (step === stopAfter) break;
  }
}

/** A run of some trainer on a model that is as new each time. */
type Train = (
  options: TrainingOptions,
  model: CausalLM,
) => Promise<{ run: AsyncGenerator<TrainingStep>; trained: CausalLM["weights"]; end?: () => Promise<void> }>;

async function attempt(train: Train, options: TrainingOptions, curve: Curve, stopAfter?: number) {
  let weights = new Map<string, Float32Array>();
  await withEngine(async (engine) => {
    const model = await loadModel(TINY_MODEL, { engine });
    const { run, trained, end } = await train(options, model);
    try {
      await follow(run, curve, stopAfter);
      weights = await numbersOf(model, trained);
    } finally {
      await end?.();
      await model.dispose();
    }
  });
  return weights;
}

async function uninterrupted(train: Train): Promise<Trained> {
  const curve: Curve = {};
  const weights = await attempt(train, {}, curve);
  return { curve, weights };
}

const examples = randomExamples(24, "resume");
const COMMON = {
  learningRate: 1e-2,
  lrSchedulerType: "cosine",
  warmupSteps: 2,
  weightDecay: 0.01,
  maxSteps: 7,
} as const;

const trainers: Record<string, Train> = {
  "sft() of all weights": (options, model) =>
    Promise.resolve({
      run: sft({
        ...COMMON,
        model,
        trainDataset: examples,
        evalDataset: examples.slice(0, 5),
        evalSteps: 3,
        perDeviceTrainBatchSize: 5,
        ...options,
      }),
      trained: model.weights,
    }),
  "sft() of an adapter": async (options, model) => {
    const adapter = await createLora(model, new Random(1), { r: 2 });
    const run = sft({
      ...COMMON,
      model,
      adapter,
      trainDataset: examples,
      perDeviceTrainBatchSize: 2,
      gradientAccumulationSteps: 2,
      ...options,
    });
    return { run, trained: adapter.factors };
  },
  // The factors have 128 * 32 numbers, just enough for 8 bits.
  'sft() of an adapter with optim "adamw8bit"': async (options, model) => {
    const adapter = await createLora(model, new Random(1), { r: 128, targetModules: ["q_proj", "down_proj"] });
    const common = { ...COMMON, optim: "adamw8bit", learningRate: 1e-3, perDeviceTrainBatchSize: 4 } as const;
    return { run: sft({ ...common, model, adapter, trainDataset: examples, ...options }), trained: adapter.factors };
  },
  "pretrain()": (options, model) =>
    Promise.resolve({
      run: pretrain({
        ...COMMON,
        model,
        documents: randomExamples(400, "documents"),
        maxLength: 32,
        perDeviceTrainBatchSize: 2,
        ...options,
        maxSteps: 7,
      }),
      trained: model.weights,
    }),
  "grpo() of all weights with a reference and two updates a round": (options, model) =>
    grpoRun(model, { ...options, beta: 0.1, numIterations: 2 }),
  "grpo() of an adapter with three steps a round": (options, model) =>
    grpoRun(model, { ...options, stepsPerGeneration: 3, perDeviceTrainBatchSize: 4, numGenerations: 4 }, true),
};

async function grpoRun(model: CausalLM, options: Partial<GrpoOptions<object>>, withAdapter = false) {
  const adapter = withAdapter ? await createLora(model, new Random(1), { r: 2 }) : undefined;
  const sampler = localSampler({ model, adapter, maxCompletionLength: 6, seed: 3 });
  const run = grpo({
    ...COMMON,
    model,
    adapter,
    tokenizer: idTokenizer,
    trainDataset: examples.map(({ ids }) => ({ prompt: ids.slice(0, 4).join(" ") })),
    rewards: { low: ({ completionIds }) => completionIds.map((ids) => ids.filter((id) => id < 48).length / 6) },
    sampler: sampler.sample,
    numGenerations: 4,
    maxCompletionLength: 6,
    ...options,
  });
  return { run, trained: adapter ? adapter.factors : model.weights, end: () => sampler.dispose() };
}

function assertSame(actual: Trained, expected: Trained, what: string) {
  assert.deepEqual(actual.curve, expected.curve, what);
  assertSameNumbers(actual.weights, expected.weights, what);
}

for (const [name, train] of Object.entries(trainers)) {
  Deno.test(`${name} resumed after any step gives the uninterrupted run's curve and weights bit for bit`, () =>
    inFolder(async (folder) => {
      const whole = await uninterrupted(train);
      assert.deepEqual(Object.keys(whole.curve).length, 7);
      for (const stopAfter of [1, 2, 3, 4, 5, 6]) {
        const curve: Curve = {};
        const options = { outputDir: `${folder}/${stopAfter}`, saveSteps: 1, resumeFromCheckpoint: true };
        // The consumer stops before the checkpoint of its last step is saved, as a crash then would.
        await attempt(train, options, curve, stopAfter);
        const checkpoints = await listCheckpoints(options.outputDir);
        assert.equal(checkpoints.length, stopAfter - 1);
        const weights = await attempt(train, options, curve);
        assertSame({ curve, weights }, whole, `stopped after step ${stopAfter}`);
      }
    }));
}

Deno.test("sft() killed at every single write goes on from the newest whole checkpoint, bit for bit, until it is done", () =>
  inFolder((folder) =>
    withTinyModel(async (model) => {
      // One model for hundreds of runs: it is frozen, and its programs are compiled once.
      const run = async (options: TrainingOptions, curve: Curve) => {
        const adapter = await createLora(model, new Random(1), { r: 2, targetModules: ["q_proj"] });
        const common = { ...COMMON, perDeviceTrainBatchSize: 4, maxSteps: 3, saveTotalLimit: 2, saveSteps: 1 };
        await follow(sft({ ...common, model, adapter, trainDataset: examples, ...options }), curve);
        return await numbersOf(model, adapter.factors);
      };
      const whole: Trained = { curve: {}, weights: new Map() };
      whole.weights = await run({}, whole.curve);
      const counter = crashingFileSystem(Infinity);
      await run({ outputDir: `${folder}/counted`, fileSystem: counter }, {});
      const operations = counter.operations();
      assert.ok(operations > 100, `${operations} operations`);
      for (let crashAt = 0; crashAt < operations; crashAt++) {
        const options = { outputDir: `${folder}/${crashAt}`, resumeFromCheckpoint: true };
        const curve: Curve = {};
        await assert.rejects(run({ ...options, fileSystem: crashingFileSystem(crashAt) }, curve), Crash);
        const from = (await findCheckpoint(options.outputDir))?.step ?? 0;
        const rest: Curve = {};
        const weights = await run(options, rest);
        const expected = Object.keys(whole.curve).map(Number).filter((step) => step > from);
        assert.deepEqual(Object.keys(rest).map(Number), expected, `killed at operation ${crashAt}`);
        // A step is done again at most once: its checkpoint is saved before the next one begins.
        assert.ok(from >= Object.keys(curve).length - 2, `killed at operation ${crashAt}, from ${from}`);
        assertSame({ curve: { ...curve, ...rest }, weights }, whole, `killed at operation ${crashAt}`);
        const left = Array.from(Deno.readDirSync(options.outputDir), ({ name }) => name).sort();
        const kept = left.filter((name) => !name.startsWith("."));
        assert.deepEqual(kept, ["checkpoint-2", "checkpoint-3"], `killed at operation ${crashAt}`);
        await Deno.remove(options.outputDir, { recursive: true });
      }
    })
  ));

Deno.test("sft() of all weights that is killed again and again, each time a few writes later, arrives all the same", () =>
  inFolder(async (folder) => {
    const train = trainers["sft() of all weights"];
    const whole = await uninterrupted(train);
    const options = { outputDir: folder, saveSteps: 1, saveTotalLimit: 1, resumeFromCheckpoint: true };
    const curve: Curve = {};
    let kills = 0;
    for (let weights: Map<string, Float32Array> | null = null; weights === null; kills++) {
      try {
        weights = await attempt(train, { ...options, fileSystem: crashingFileSystem(20 + 7 * kills) }, curve);
        assertSame({ curve, weights }, whole, `after ${kills} kills`);
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
      }
    }
    assert.ok(kills > 3, `killed ${kills} times`);
  }));
