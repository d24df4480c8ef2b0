import assert from "node:assert/strict";
import { type CausalLM, loadModel } from "../../lib/models/mod.ts";
import {
  DivergenceError,
  findCheckpoint,
  grpo,
  type GrpoOptions,
  listCheckpoints,
  localSampler,
  pretrain,
  type PretrainOptions,
  readState,
  sft,
  type SftOptions,
  type TrainingStep,
} from "../../lib/train/mod.ts";
import { TrainingSession } from "../../lib/train/session.ts";
import { Tokenizer } from "../../lib/tokenizer/mod.ts";
import { tinyTokenizer } from "../tokenizer/tiny.ts";
import { collect, idTokenizer, inFolder, numbersOf, randomExamples, withTinyModel } from "../support/tiny_model.ts";

const examples = randomExamples(24, "edges");
const evalDataset = randomExamples(6, "held out");

function supervised(model: CausalLM, change: Partial<SftOptions> = {}): SftOptions {
  return { model, trainDataset: examples, perDeviceTrainBatchSize: 4, learningRate: 1e-2, maxSteps: 6, ...change };
}

/** A run of GRPO whose sampler is given back to be disposed. */
function policy(model: CausalLM, change: Partial<GrpoOptions<object>> = {}, seed = 3) {
  const sampler = localSampler({ model, maxCompletionLength: 6, seed });
  const options: GrpoOptions<object> = {
    model,
    tokenizer: idTokenizer,
    trainDataset: examples.map(({ ids }) => ({ prompt: ids.slice(0, 4).join(" ") })),
    rewards: { low: ({ completionIds }) => completionIds.map((ids) => ids.filter((id) => id < 48).length / 6) },
    sampler: sampler.sample,
    numGenerations: 4,
    maxCompletionLength: 6,
    learningRate: 1e-2,
    maxSteps: 4,
    ...change,
  };
  return { run: grpo(options), end: () => sampler.dispose() };
}

const notesOf = (steps: readonly TrainingStep[]) => steps.flatMap(({ notes = [] }) => notes).join("\n");
const stepsIn = async (folder: string) => (await listCheckpoints(folder)).map(({ step }) => step);

Deno.test("a run aborted while it evaluates does not save the step that was never yielded", () =>
  withTinyModel((model) =>
    inFolder(async (outputDir) => {
      const abort = new AbortController();
      const evaluate = () => {
        abort.abort(new Error("enough"));
        abort.signal.throwIfAborted();
        return Promise.resolve({});
      };
      const { run, end } = policy(model, { outputDir, evaluate, evalSteps: 2, signal: abort.signal });
      const seen: number[] = [];
      await assert.rejects(async () => {
        for await (const { step } of run) seen.push(step);
      }, /enough/);
      assert.deepEqual(seen, [1]);
      assert.deepEqual(await stepsIn(outputDir), []);
      await end();
    })
  ));

Deno.test("a run that fails for another reason than its signal saves nothing, though the signal is up", () =>
  withTinyModel((model) =>
    inFolder(async (outputDir) => {
      const abort = new AbortController();
      const documents = function* () {
        for (const [i, example] of randomExamples(200, "documents").entries()) {
          if (i === 30) {
            abort.abort(new Error("enough"));
            throw new Error("the disk of documents is gone");
          }
          yield example;
        }
      };
      const options: PretrainOptions = {
        model,
        documents: documents(),
        maxSteps: 40,
        maxLength: 32,
        perDeviceTrainBatchSize: 2,
        outputDir,
        signal: abort.signal,
      };
      await assert.rejects(collect(pretrain(options)), /disk of documents/);
      assert.deepEqual(await stepsIn(outputDir), []);
    })
  ));

Deno.test("grpo() whose model has diverged says so when it samples, with step, rows and the last good checkpoint", () =>
  withTinyModel((model) =>
    inFolder(async (outputDir) => {
      const { run, end } = policy(model, { outputDir, saveSteps: 1, maxSteps: 10 });
      let last = 0;
      await assert.rejects(async () => {
        for await (const { step } of run) {
          last = step;
          if (step === 2) (model.weight("model.norm.weight").data as Float32Array)[1] = NaN;
        }
      }, (error: Error) => {
        assert.ok(error instanceof DivergenceError, String(error));
        assert.match(error.message, /^step 3: the model's logits are not finite on rows \d+/);
        assert.equal(error.lastCheckpoint, `${outputDir}/checkpoint-1`);
        assert.ok(error.cause instanceof Error);
        return true;
      });
      assert.equal(last, 2);
      await end();
    })
  ));

Deno.test("grpo() is not resumed with another reference, sampler or tokenizer", () =>
  withTinyModel((model) =>
    inFolder(async (outputDir) => {
      const first = await numbersOf(model, model.weights);
      const reset = () => first.forEach((values, name) => (model.weight(name).data as Float32Array).set(values));
      const common = { outputDir, beta: 0.1, maxSteps: 3 };
      const begun = policy(model, common);
      await collect(begun.run);
      await begun.end();
      // The weights are now those of step 3: as a reference they would be another one.
      const cases: [Partial<GrpoOptions<object>>, number, RegExp][] = [
        [{}, 3, /baseWeights was "sha256:/],
        [{}, 4, /sampler.seed was 3 and is 4/],
        [
          { tokenizer: { ...idTokenizer, encode: (text) => [5, ...idTokenizer.encode(text)] } },
          3,
          /prompts was "sha256/,
        ],
        [{ rewardWeights: { low: 2 } }, 3, /rewards.low was 1 and is 2/],
      ];
      for (const [i, [change, seed, message]] of cases.entries()) {
        if (i > 0) reset();
        const { run, end } = policy(model, { ...common, resumeFromCheckpoint: true, ...change }, seed);
        await assert.rejects(collect(run), message);
        await end();
      }
      reset();
      const same = policy(model, { ...common, maxSteps: 4, rewardWeights: { low: 1 }, resumeFromCheckpoint: true });
      assert.deepEqual((await collect(same.run)).map(({ step }) => step), [4]);
      await same.end();
    })
  ));

Deno.test("pretrain() is not resumed on other documents, or on the same ones with other masks", () =>
  withTinyModel((model) =>
    inFolder(async (outputDir) => {
      const documents = randomExamples(200, "documents");
      const options = { model, maxLength: 32, perDeviceTrainBatchSize: 2, outputDir, learningRate: 1e-2 };
      await collect(pretrain({ ...options, documents, maxSteps: 3 }));
      const others = [
        randomExamples(200, "others"),
        documents.map(({ ids, lossMask }) => ({ ids, lossMask: lossMask.map((_, token) => token >= 1) })),
      ];
      for (const changed of others) {
        const run = pretrain({ ...options, documents: changed, maxSteps: 4, resumeFromCheckpoint: true });
        await assert.rejects(collect(run), /had read other documents than those given now/);
      }
    })
  ));

Deno.test("a resumed run counts on with its best evaluation and its patience", () =>
  withTinyModel((model) =>
    inFolder(async (outputDir) => {
      const first = await numbersOf(model, model.weights);
      const change = { evalDataset, evalSteps: 1, maxSteps: 40, earlyStoppingPatience: 4 };
      const whole = await collect(sft(supervised(model, change)));
      assert.ok(whole.length < 40);
      for (const stopAfter of [whole.length - 1, whole.length - 2]) {
        first.forEach((values, name) => (model.weight(name).data as Float32Array).set(values));
        const options = { ...change, outputDir: `${outputDir}/${stopAfter}`, saveSteps: 1, resumeFromCheckpoint: true };
        for await (const { step } of sft(supervised(model, options))) if (step === stopAfter) break;
        const rest = await collect(sft(supervised(model, options)));
        assert.equal(rest.at(-1)!.step, whole.length, `stopped after ${stopAfter}`);
      }
    })
  ));

Deno.test("a best evaluation no longer counts when another metric decides, or on other data, or without its checkpoint", () =>
  withTinyModel((model) =>
    inFolder(async (folder) => {
      const outputDir = `${folder}/run`;
      const change = { evalDataset, evalSteps: 1, maxSteps: 3, loadBestModelAtEnd: true, outputDir };
      await collect(sft(supervised(model, change)));
      const { best } = await readState(`${outputDir}/checkpoint-3`);
      assert.ok(best);
      const resume = { ...change, resumeFromCheckpoint: true, maxSteps: 4 };
      const cases: [Partial<SftOptions>, RegExp][] = [
        [
          { metricForBestModel: "mean_token_accuracy" },
          /no longer counts: it is by eval_loss, and now eval_mean_token/,
        ],
        [{ evalDataset: randomExamples(6, "other") }, /no longer counts: it was on other data/],
        [
          { outputDir: `${folder}/b`, resumeFromCheckpoint: `${outputDir}/checkpoint-3` },
          /its checkpoint .* is not there/,
        ],
      ];
      for (const [other, message] of cases) {
        const steps = await collect(sft(supervised(model, { ...resume, ...other })));
        assert.match(notesOf(steps), message);
        await Deno.remove(`${other.outputDir ?? outputDir}/checkpoint-4`, { recursive: true });
      }
    })
  ));

Deno.test("a run that stopped early goes on with more patience, and says so", () =>
  withTinyModel((model) =>
    inFolder(async (outputDir) => {
      const change = { evalDataset, evalSteps: 1, maxSteps: 60, outputDir };
      const steps = await collect(sft(supervised(model, { ...change, earlyStoppingPatience: 2 })));
      const patient = { ...change, earlyStoppingPatience: 4, resumeFromCheckpoint: true };
      const more = await collect(sft(supervised(model, patient)));
      assert.equal(more[0].step, steps.length + 1);
      assert.equal(more.length, 2);
      assert.match(notesOf(more), /the run had stopped early and goes on/);
    })
  ));

Deno.test("sft() says when the best checkpoint was lost before it could be loaded, and keeps the last weights", () =>
  withTinyModel((model) =>
    inFolder(async (outputDir) => {
      const change = {
        evalDataset,
        evalSteps: 1,
        maxSteps: 60,
        earlyStoppingPatience: 2,
        loadBestModelAtEnd: true,
        outputDir,
      };
      await assert.rejects(
        async () => {
          for await (const { notes = [] } of sft(supervised(model, change))) {
            const best = /the best is .* of step (\d+)/.exec(notes.join("\n"));
            if (best) await Deno.truncate(`${outputDir}/checkpoint-${best[1]}/model.safetensors`, 100);
          }
        },
        /the best checkpoint, cannot be loaded: model.safetensors has 100 of .* The model has the last step's weights/,
      );
    })
  ));

Deno.test("onNote is told of every note at once, also of what comes after the last step", () =>
  withTinyModel((model) =>
    inFolder(async (outputDir) => {
      const heard: string[] = [];
      const steps = await collect(
        sft(supervised(model, { outputDir, maxSteps: 2, onNote: (note) => heard.push(note) })),
      );
      assert.deepEqual(heard.slice(0, -1).join("\n"), notesOf(steps));
      assert.equal(heard.at(-1), `checkpoint saved: ${outputDir}/checkpoint-2`);
    })
  ));

Deno.test("a resumed run keeps the residuals of as many layers as before, unless it is given a budget", () =>
  withTinyModel((model) =>
    inFolder(async (outputDir) => {
      await collect(sft(supervised(model, { outputDir, maxSteps: 2, gradientCheckpointing: false })));
      assert.equal((await readState(`${outputDir}/checkpoint-2`)).keptLayers, 3);
      const resume = { outputDir, resumeFromCheckpoint: true };
      await collect(sft(supervised(model, { ...resume, maxSteps: 3 })));
      assert.equal((await readState(`${outputDir}/checkpoint-3`)).keptLayers, 3);
      const steps = await collect(sft(supervised(model, { ...resume, maxSteps: 4, memoryBudget: 1 })));
      assert.equal((await readState(`${outputDir}/checkpoint-4`)).keptLayers, 0);
      assert.match(notesOf(steps), /3 layers kept theirs before: the curve may differ in its last bits/);
    })
  ));

Deno.test("checkpoints hold the tokenizer's files: sft() is given it as processingClass, grpo() takes its own", () =>
  withTinyModel((model) =>
    inFolder(async (folder) => {
      const tokenizer = tinyTokenizer();
      await collect(sft(supervised(model, { outputDir: `${folder}/sft`, maxSteps: 1, processingClass: tokenizer })));
      const { run, end } = policy(model, {
        outputDir: `${folder}/grpo`,
        maxSteps: 1,
        tokenizer: { ...idTokenizer, save: (path, options) => tokenizer.save(path, options) },
      });
      await collect(run);
      await end();
      for (const name of ["sft", "grpo"]) {
        const loaded = await Tokenizer.load(`${folder}/${name}/checkpoint-1`);
        assert.deepEqual(loaded.encode("abc"), tokenizer.encode("abc"), name);
        assert.equal((await findCheckpoint(`${folder}/${name}`))?.step, 1);
      }
    })
  ));

Deno.test("TrainingSession.update() stops before a gradient that is not finite changes a weight", () =>
  withTinyModel(async (model) => {
    const bytes = model.engine.bytesInUse;
    const session = await TrainingSession.open({
      trainer: "test",
      model,
      options: { learningRate: 1e-3 },
      fingerprint: () => ({}),
      totalSteps: 3,
      stepsPerEpoch: 3,
      lossLimit: 10,
    });
    const before = await numbersOf(model, model.weights);
    const name = "model.norm.weight";
    const gradient = model.engine.upload(new Float32Array(model.weight(name).shape[0]).fill(Infinity), [32]);
    await session.optimizer.addGradient(name, gradient);
    const step = { metrics: { loss: 1 }, rows: [4, 2], tokens: 7, started: performance.now() };
    await assert.rejects(session.update(step), (error: Error) => {
      assert.ok(error instanceof DivergenceError);
      assert.match(error.message, /^step 1: the gradient's norm is Infinity on rows 4, 2 of trainDataset/);
      return true;
    });
    assert.deepEqual(await numbersOf(model, model.weights), before);
    assert.equal(session.step, 0);
    await session.dispose();
    assert.equal(model.engine.bytesInUse, bytes);
  }));

Deno.test("sft() refuses options that count on evaluations there will not be, and frees what it took", () =>
  withTinyModel((model) =>
    inFolder(async (outputDir) => {
      await collect(sft(supervised(model, { outputDir, maxSteps: 1 })));
      const bytes = model.engine.bytesInUse;
      const cases: [Partial<SftOptions>, RegExp][] = [
        [{ outputDir, loadBestModelAtEnd: true }, /loadBestModelAtEnd needs evaluations/],
        [{ earlyStoppingPatience: 2, evalSteps: 1 }, /earlyStoppingPatience needs evaluations/],
        [{ earlyStoppingPatience: 2, evalDataset }, /earlyStoppingPatience counts evaluations: set evalSteps/],
        [{ memoryBudget: -1 }, /memoryBudget: expected a number of bytes above 0, got -1/],
        [{ outputDir, resumeFromCheckpoint: true, learningRate: 5 }, /learningRate was 0.01 and is 5/],
      ];
      for (const [change, message] of cases) {
        await assert.rejects(collect(sft(supervised(model, change))), message);
        assert.equal(model.engine.bytesInUse, bytes, String(message));
      }
    })
  ));

Deno.test("grpo() resumed from its checkpoint's folder as a model of its own trains on", () =>
  withTinyModel((model) =>
    inFolder(async (outputDir) => {
      const begun = policy(model, { outputDir, maxSteps: 2 });
      await collect(begun.run);
      await begun.end();
      const again = await loadModel(`${outputDir}/checkpoint-2`, { engine: model.engine });
      const { run, end } = policy(again, { outputDir, maxSteps: 3, resumeFromCheckpoint: true });
      assert.deepEqual((await collect(run)).map(({ step }) => step), [3]);
      await end();
      await again.dispose();
    })
  ));
