import assert from "node:assert/strict";
import { createLora, loadAdapter } from "../../lib/adapters/mod.ts";
import { type CausalLM, loadModel } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import {
  DivergenceError,
  findCheckpoint,
  listCheckpoints,
  readState,
  sft,
  type SftOptions,
  type TrainingStep,
} from "../../lib/train/mod.ts";
import { startingLimit } from "../../lib/train/divergence.ts";
import { failingFileSystem } from "../files/failing_file_system.ts";
import { assertSameNumbers } from "../support/same_numbers.ts";
import { collect, inFolder, numbersOf, randomExamples, withTinyModel } from "../support/tiny_model.ts";

const examples = randomExamples(24, "session");

function options(model: CausalLM, change: Partial<SftOptions> = {}): SftOptions {
  return { model, trainDataset: examples, perDeviceTrainBatchSize: 4, learningRate: 1e-2, maxSteps: 6, ...change };
}

const notesOf = (steps: readonly TrainingStep[]) => steps.flatMap(({ notes = [] }) => notes);
const stepsIn = async (folder: string) => (await listCheckpoints(folder)).map(({ step }) => step);

Deno.test("sft() saves checkpoints every saveSteps and at the end, keeps the newest, and says so in its notes", () =>
  withTinyModel((model) =>
    inFolder(async (outputDir) => {
      const steps = await collect(sft(options(model, { outputDir, saveSteps: 2, saveTotalLimit: 2, maxSteps: 5 })));
      assert.deepEqual(await stepsIn(outputDir), [4, 5]);
      const [memory, ...notes] = notesOf(steps);
      assert.match(memory, /^residuals of 3 of 3 layers kept: about 1 MB of a budget of /);
      assert.deepEqual(notes, [2, 4].map((step) => `checkpoint saved: ${outputDir}/checkpoint-${step}`));
      const state = await readState(`${outputDir}/checkpoint-5`);
      assert.equal(state.step, 5);
      assert.equal(state.totalSteps, 5);
      assert.equal(state.numTokens, steps[4].metrics.num_tokens);
      assert.equal(state.epoch, 5 / 6);
    })
  ));

Deno.test("a checkpoint of sft() is a folder that loadModel() or loadAdapter() reads", () =>
  withTinyModel((model) =>
    inFolder(async (folder) => {
      await collect(sft(options(model, { outputDir: `${folder}/all` })));
      const loaded = await loadModel(`${folder}/all/checkpoint-6`, { engine: model.engine });
      assertSameNumbers(await numbersOf(loaded, loaded.weights), await numbersOf(model, model.weights), "loaded");
      await loaded.dispose();

      const adapter = await createLora(model, new Random(1));
      await collect(sft(options(model, { adapter, outputDir: `${folder}/lora`, baseModel: "someone/model" })));
      const read = await loadAdapter(model, `${folder}/lora/checkpoint-6`);
      assert.deepEqual(await numbersOf(model, read.factors), await numbersOf(model, adapter.factors));
      const config = JSON.parse(await Deno.readTextFile(`${folder}/lora/checkpoint-6/adapter_config.json`));
      assert.equal(config.base_model_name_or_path, "someone/model");
    })
  ));

Deno.test("sft() resumes from the newest checkpoint that is whole, and says which one it passes over and why", () =>
  withTinyModel((model) =>
    inFolder(async (outputDir) => {
      const adapter = () => createLora(model, new Random(1));
      await collect(sft(options(model, { adapter: await adapter(), outputDir, saveSteps: 2 })));
      const damage: [string, (path: string) => Promise<void>, RegExp][] = [
        ["optimizer.safetensors", (path) => Deno.truncate(path, 100), /optimizer.safetensors has 100 of \d+ bytes/],
        ["adapter_model.safetensors", flipLastByte, /adapter_model.safetensors is damaged/],
        ["manifest.json", (path) => Deno.writeTextFile(path, "{"), /manifest.json is damaged/],
        ["trainer_state.json", (path) => Deno.remove(path), /trainer_state.json is missing/],
        ["manifest.json", (path) => Deno.remove(path), /it has no manifest.json/],
      ];
      const kept = `${outputDir}/checkpoint-6`;
      for (const [name, harm, reason] of damage) {
        const bytes = await Deno.readFile(`${kept}/${name}`);
        await harm(`${kept}/${name}`);
        const problems: string[] = [];
        const found = await findCheckpoint(outputDir, {
          onBroken: ({ step }, problem) => problems.push(`${step}: ${problem}`),
        });
        assert.equal(found?.step, 4);
        assert.match(problems.join(), reason);
        await assert.rejects(
          collect(sft(options(model, { adapter: await adapter(), resumeFromCheckpoint: kept }))),
          (error: Error) => /is not a whole checkpoint/.test(error.message) && reason.test(error.message),
        );
        await Deno.writeFile(`${kept}/${name}`, bytes);
      }
      await flipLastByte(`${kept}/adapter_model.safetensors`);
      const resumed = sft(options(model, { adapter: await adapter(), outputDir, resumeFromCheckpoint: true }));
      const steps = await collect(resumed);
      assert.deepEqual(steps.map(({ step }) => step), [5, 6]);
      assert.deepEqual(notesOf(steps), [
        `${kept} is passed over: adapter_model.safetensors is damaged`,
        `resumed from ${outputDir}/checkpoint-4 after step 4`,
      ]);
      assert.equal((await findCheckpoint(outputDir))?.step, 6, "the damaged one was replaced");
    })
  ));

async function flipLastByte(path: string) {
  const bytes = await Deno.readFile(path);
  bytes[bytes.length - 1] ^= 1;
  await Deno.writeFile(path, bytes);
}

Deno.test("sft() refuses to resume as another run, naming every difference, and to begin where one was", () =>
  withTinyModel((model) =>
    inFolder(async (outputDir) => {
      const adapter = await createLora(model, new Random(1), { r: 4 });
      await collect(sft(options(model, { adapter, outputDir, saveSteps: 3 })));
      const before = await numbersOf(model, adapter.factors);
      const resume = (change: Partial<SftOptions>) =>
        collect(sft(options(model, { adapter, outputDir, resumeFromCheckpoint: true, ...change })));
      const other = await createLora(model, new Random(1), { r: 2 });
      const cases: [Partial<SftOptions>, RegExp][] = [
        [{ learningRate: 2e-2, seed: 7 }, /learningRate was 0.01 and is 0.02; seed was 42 and is 7/],
        [{ trainDataset: randomExamples(24, "others") }, /trainDataset was "sha256:/],
        [{ adapter: other }, /trained.r was 4 and is 2; trained.scaling was 2 and is 4/],
        [{ adapter: undefined }, /trained.r was 4 and is off.* trained was off and is "all weights"/],
        [{ resumeFromCheckpoint: false }, /outputDir holds .*checkpoint-6 of an earlier run: go on with it/],
        [{ outputDir: undefined }, /resumeFromCheckpoint: true needs outputDir/],
      ];
      for (const [change, message] of cases) await assert.rejects(resume(change), message);
      const weight = model.weight("model.layers.1.self_attn.q_proj.weight").data as Float32Array;
      const first = weight[0];
      weight[0] += 1;
      await assert.rejects(resume({}), /baseWeights was "sha256:/);
      weight[0] = first;
      assert.deepEqual(await numbersOf(model, adapter.factors), before);
      assert.deepEqual(await resume({}), [], "a run that is done has nothing to do");
      const longer = await resume({ maxSteps: 8, lrSchedulerType: "linear" });
      assert.deepEqual(longer.map(({ step }) => step), [7, 8]);
      assert.match(notesOf(longer).join("\n"), /meant to have 6 steps and now has 8/);
    })
  ));

Deno.test("sft() that is to resume without a checkpoint begins at its first step and says so", () =>
  withTinyModel((model) =>
    inFolder(async (folder) => {
      const outputDir = `${folder}/not/there`;
      const steps = await collect(sft(options(model, { outputDir, resumeFromCheckpoint: true, maxSteps: 2 })));
      assert.deepEqual(steps.map(({ step }) => step), [1, 2]);
      assert.match(notesOf(steps).join(), /no checkpoint in .*: the run begins at its first step/);
    })
  ));

Deno.test("sft() stopped by its signal saves a checkpoint of the last step done", () =>
  withTinyModel((model) =>
    inFolder(async (outputDir) => {
      const abort = new AbortController();
      await assert.rejects(async () => {
        for await (const { step } of sft(options(model, { outputDir, signal: abort.signal }))) {
          if (step === 3) abort.abort(new Error("enough"));
        }
      }, /enough/);
      assert.deepEqual(await stepsIn(outputDir), [3]);
    })
  ));

Deno.test("sft() stops before a loss that explodes changes a weight, naming step, rows and the last good checkpoint", () =>
  withTinyModel((model) =>
    inFolder(async (outputDir) => {
      const common = { outputDir, saveSteps: 1, shuffle: false, maxGradNorm: 0 };
      await collect(sft(options(model, { ...common, maxSteps: 2 })));
      const before = { step: 0, weights: new Map<string, Float32Array>() };
      const change = { learningRate: 30, maxSteps: 50, resumeFromCheckpoint: true, resumeWithChanges: true };
      await assert.rejects(async () => {
        for await (const { step } of sft(options(model, { ...common, ...change, saveTotalLimit: 1 }))) {
          before.step = step;
          before.weights = await numbersOf(model, model.weights);
        }
      }, (error: Error) => {
        assert.ok(error instanceof DivergenceError, String(error));
        const first = 4 * (before.step % 6);
        assert.deepEqual([...error.rows], [first, first + 1, first + 2, first + 3]);
        assert.equal(error.step, before.step + 1);
        // The checkpoint of the step before holds the weights that gave this loss.
        assert.equal(error.lastCheckpoint, `${outputDir}/checkpoint-${before.step - 1}`);
        assert.match(error.message, /the loss (is|has exploded to) .* on rows \d+, \d+, \d+, \d+ of trainDataset/);
        return true;
      });
      assert.equal(before.step, 3);
      assertSameNumbers(await numbersOf(model, model.weights), before.weights, "weights");
      assert.deepEqual(await stepsIn(outputDir), [2, 3], "the good one is kept beyond saveTotalLimit");
    })
  ));

Deno.test("sft() allows a run that begins with a high loss up to twice of it, also resumed, unless lossLimit says less", () =>
  withTinyModel((model) =>
    inFolder(async (outputDir) => {
      // Surer of wrong tokens than one that guesses, as a small model is on texts of another kind.
      const norm = model.weight("model.norm.weight").data as Float32Array;
      norm.forEach((value, i) => norm[i] = 40 * value);
      const common = { outputDir, learningRate: 1e-5 };
      const steps = await collect(sft(options(model, { ...common, maxSteps: 2 })));
      assert.ok(steps[0].metrics.loss > 3 * Math.log(model.config.vocabSize), String(steps[0].metrics.loss));
      const { firstLoss } = await readState(`${outputDir}/checkpoint-2`);
      assert.equal(firstLoss, steps[0].metrics.loss);

      const resume = { ...common, maxSteps: 5, resumeFromCheckpoint: true };
      assert.deepEqual((await collect(sft(options(model, { ...resume, maxSteps: 4 })))).map(({ step }) => step), [
        3,
        4,
      ]);
      await assert.rejects(
        collect(sft(options(model, { ...resume, lossLimit: 10 }))),
        /exploded to .* limit of 10\.00/,
      );
    })
  ));

Deno.test("startingLimit() is the limit itself, or twice the first loss where that is more", () => {
  assert.equal(startingLimit(20, 7), 20);
  assert.equal(startingLimit(20, 19), 38);
  assert.equal(startingLimit(20, null), 20);
  assert.equal(startingLimit(Infinity, -3), Infinity);
});

Deno.test("sft() says so when it resumes a run that has nothing left to train", () =>
  withTinyModel((model) =>
    inFolder(async (outputDir) => {
      await collect(sft(options(model, { outputDir, maxSteps: 2 })));
      const notes: string[] = [];
      const resume = { outputDir, maxSteps: 2, resumeFromCheckpoint: true, onNote: (note: string) => notes.push(note) };
      assert.deepEqual(await collect(sft(options(model, resume))), []);
      assert.match(notes.at(-1)!, /^all 2 steps are done: nothing is left to train; a higher maxSteps/);
    })
  ));

Deno.test("sft() stops at a loss that is not a number", () =>
  withTinyModel(async (model) => {
    (model.weight("model.norm.weight").data as Float32Array)[3] = NaN;
    await assert.rejects(collect(sft(options(model))), (error: Error) => {
      assert.ok(error instanceof DivergenceError);
      assert.match(error.message, /^step 1: the loss is NaN on rows .* There is no earlier checkpoint to go back to/);
      return true;
    });
  }));

Deno.test("sft() keeps the best checkpoint, stops when evaluations get no better, and ends with the best weights", () =>
  withTinyModel((model) =>
    inFolder(async (outputDir) => {
      const evalDataset = randomExamples(6, "held out");
      const weightsAt = new Map<number, Map<string, Float32Array>>();
      const steps: TrainingStep[] = [];
      // Random texts have nothing to learn that would help on others: evaluation soon gets worse.
      const run = sft(options(model, {
        outputDir,
        evalDataset,
        evalSteps: 1,
        maxSteps: 60,
        saveTotalLimit: 1,
        earlyStoppingPatience: 3,
        loadBestModelAtEnd: true,
      }));
      for await (const step of run) {
        steps.push(step);
        weightsAt.set(step.step, await numbersOf(model, model.weights));
      }
      const losses = steps.map(({ metrics }) => metrics.eval_loss);
      const best = losses.indexOf(Math.min(...losses)) + 1;
      assert.equal(steps.length, best + 3, `eval losses ${losses}`);
      assert.ok(steps.length < 60);
      assertSameNumbers(await numbersOf(model, model.weights), weightsAt.get(best)!, "the best weights");
      assert.deepEqual(await stepsIn(outputDir), [best, steps.length]);
      assert.match(
        notesOf(steps).join("\n"),
        new RegExp(`stopped early: eval_loss .* 3 evaluations; the best is .* step ${best}`),
      );
      assert.match(notesOf(steps).join("\n"), new RegExp(`ends with the weights of step ${best}`));
      // A run that has stopped early stays so.
      const again = { outputDir, evalDataset, evalSteps: 1, maxSteps: 60, earlyStoppingPatience: 3 };
      assert.deepEqual(await collect(sft(options(model, { ...again, resumeFromCheckpoint: true }))), []);
    })
  ));

Deno.test("sft() names the metric that an evaluation does not give, and options of best and checkpoints that make no sense", () =>
  withTinyModel(async (model) => {
    const cases: [Partial<SftOptions>, RegExp][] = [
      [
        { evalDataset: examples, evalSteps: 1, earlyStoppingPatience: 1, metricForBestModel: "accuracy" },
        /no "eval_accuracy"; expected one of eval_loss, eval_mean_token_accuracy, eval_entropy/,
      ],
      [{ earlyStoppingPatience: 0 }, /earlyStoppingPatience: expected a positive integer, got 0/],
      [{ earlyStoppingThreshold: -1 }, /earlyStoppingThreshold: expected a number from 0, got -1/],
      [{ loadBestModelAtEnd: true }, /loadBestModelAtEnd needs outputDir/],
      [{ saveSteps: 0 }, /saveSteps: expected a positive integer, got 0/],
      [{ saveTotalLimit: 1.5 }, /saveTotalLimit: expected a positive integer, got 1.5/],
    ];
    for (const [change, message] of cases) {
      await assert.rejects(collect(sft(options(model, { maxSteps: 1, ...change }))), message);
    }
  }));

Deno.test("sft() on a full disk leaves earlier checkpoints and no half-written one, and frees what it took", () =>
  withTinyModel((model) =>
    inFolder(async (outputDir) => {
      const bytes = model.engine.bytesInUse;
      await collect(sft(options(model, { maxSteps: 1 })));
      const inUse = model.engine.bytesInUse;
      assert.ok(inUse >= bytes);
      const run = (failAt: number) =>
        collect(
          sft(
            options(model, {
              outputDir,
              saveSteps: 1,
              fileSystem: failingFileSystem(failAt),
              resumeFromCheckpoint: true,
            }),
          ),
        );
      await assert.rejects(run(700), /disk is full|No space left/i);
      const whole = await listCheckpoints(outputDir);
      assert.ok(whole.length >= 1);
      assert.equal((await findCheckpoint(outputDir))?.step, whole.at(-1)!.step);
      const hidden = Array.from(Deno.readDirSync(outputDir), ({ name }) => name).filter((name) => name.startsWith("."));
      assert.deepEqual(hidden, []);
      assert.equal(model.engine.bytesInUse, inUse);
    })
  ));
