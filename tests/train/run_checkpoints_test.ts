import assert from "node:assert/strict";
import { createLora } from "../../lib/adapters/mod.ts";
import { denoFileSystem, type FileSystem } from "../../lib/files/mod.ts";
import type { CausalLM } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import {
  DivergenceError,
  findCheckpoint,
  listCheckpoints,
  sft,
  type SftOptions,
  type TrainingStep,
} from "../../lib/train/mod.ts";
import { failingFileSystem } from "../files/failing_file_system.ts";
import { recordingFileSystem } from "../files/recording_file_system.ts";
import { collect, inFolder, randomExamples, withTinyModel } from "../support/tiny_model.ts";

const examples = randomExamples(24, "checkpoints");

/** A run of an adapter, so that one model serves them all. */
async function train(model: CausalLM, change: Partial<SftOptions>): Promise<TrainingStep[]> {
  const adapter = await createLora(model, new Random(1), { r: 2, targetModules: ["q_proj"] });
  return await collect(sft({
    ...{ model, adapter, trainDataset: examples, perDeviceTrainBatchSize: 4, learningRate: 1e-2 },
    ...{ maxSteps: 6, saveSteps: 2, ...change },
  }));
}

const stepsIn = async (folder: string) => (await listCheckpoints(folder)).map(({ step }) => step);
const notesOf = (steps: readonly TrainingStep[]) => steps.flatMap(({ notes = [] }) => notes).join("\n");
const damage = (checkpoint: string) => Deno.truncate(`${checkpoint}/optimizer.safetensors`, 10);

Deno.test("a resumed run never removes the checkpoint it goes on from before it has a newer one", () =>
  withTinyModel((model) =>
    inFolder(async (outputDir) => {
      await train(model, { outputDir });
      await damage(`${outputDir}/checkpoint-6`);
      const options = { outputDir, resumeFromCheckpoint: true, saveTotalLimit: 1, maxSteps: 7, saveSteps: 5 };
      const adapter = await createLora(model, new Random(1), { r: 2, targetModules: ["q_proj"] });
      const common = { model, adapter, trainDataset: examples, perDeviceTrainBatchSize: 4, learningRate: 1e-2 };
      for await (const { step } of sft({ ...common, ...options })) {
        const found = await findCheckpoint(outputDir);
        assert.equal(found?.step, step === 5 ? 4 : step === 6 ? 5 : 5, `at step ${step}`);
      }
      assert.deepEqual(await stepsIn(outputDir), [7]);
    })
  ));

Deno.test("a resumed run keeps the checkpoint it goes on from longer than a newer one that is damaged", () =>
  withTinyModel((model) =>
    inFolder(async (outputDir) => {
      await train(model, { outputDir });
      await damage(`${outputDir}/checkpoint-6`);
      const adapter = await createLora(model, new Random(1), { r: 2, targetModules: ["q_proj"] });
      const options = { outputDir, resumeFromCheckpoint: true, saveTotalLimit: 1, maxSteps: 9, saveSteps: 100 };
      const common = { model, adapter, trainDataset: examples, perDeviceTrainBatchSize: 4, learningRate: 1e-2 };
      for await (const { step } of sft({ ...common, ...options })) {
        assert.equal((await findCheckpoint(outputDir))?.step, 4, `at step ${step}`);
      }
      assert.deepEqual(await stepsIn(outputDir), [9]);
    })
  ));

Deno.test("a run that diverges names the newest checkpoint to go back to that is whole", () =>
  withTinyModel((model) =>
    inFolder(async (outputDir) => {
      const adapter = await createLora(model, new Random(1), { r: 2, targetModules: ["q_proj"] });
      const common = { model, adapter, trainDataset: examples, perDeviceTrainBatchSize: 4, learningRate: 1e-2 };
      await assert.rejects(async () => {
        for await (const { step } of sft({ ...common, outputDir, saveSteps: 1, maxSteps: 6 })) {
          if (step !== 4) continue;
          await damage(`${outputDir}/checkpoint-3`);
          (model.weight("model.norm.weight").data as Float32Array)[0] = NaN;
        }
      }, (error: Error) => {
        assert.ok(error instanceof DivergenceError, String(error));
        assert.deepEqual([error.step, error.lastCheckpoint], [5, `${outputDir}/checkpoint-2`]);
        return true;
      });
    })
  ));

Deno.test("sft() does not resume by path into a folder with checkpoints of another way, and leaves them alone", () =>
  withTinyModel((model) =>
    inFolder(async (folder) => {
      const [a, b] = [`${folder}/a`, `${folder}/b`];
      await train(model, { outputDir: a });
      await train(model, { outputDir: b });
      const cases: [Partial<SftOptions>, RegExp][] = [
        [
          { outputDir: a, resumeFromCheckpoint: `${a}/checkpoint-2` },
          /but outputDir holds .*a\/checkpoint-6 of another way/,
        ],
        [
          { outputDir: b, resumeFromCheckpoint: `${a}/checkpoint-4` },
          /but outputDir holds .*b\/checkpoint-6 of another way/,
        ],
        [
          { outputDir: b, resumeFromCheckpoint: `${a}/checkpoint-6` },
          /but outputDir holds .*b\/checkpoint-6 of another way/,
        ],
        [
          { outputDir: b, resumeFromCheckpoint: a },
          /a is not a whole checkpoint: it has no manifest.json; did you mean .*checkpoint-6/,
        ],
        [{ resumeFromCheckpoint: `${folder}/c` }, /c is not a whole checkpoint: there is no such folder/],
        [{ resumeFromCheckpoint: `${a}/checkpoint-2/manifest.json` }, /is not a whole checkpoint: it is a file/],
        [
          { outputDir: `${a}/checkpoint-2/manifest.json` },
          /manifest.json is a file: expected a folder for checkpoints/,
        ],
        [{ outputDir: "" }, /outputDir: expected the path of a folder/],
      ];
      for (const [change, message] of cases) {
        await assert.rejects(train(model, { ...change, saveTotalLimit: 1 }), message);
      }
      assert.deepEqual([await stepsIn(a), await stepsIn(b)], [[2, 4, 6], [2, 4, 6]]);

      const roundabout = { outputDir: `${a}/.`, resumeFromCheckpoint: `${b}/../a/checkpoint-6` };
      assert.deepEqual(await train(model, roundabout), [], "the same folder by another path");
      const elsewhere = await train(model, { outputDir: `${folder}/c`, resumeFromCheckpoint: `${a}/checkpoint-4` });
      assert.deepEqual(
        elsewhere.map(({ step }) => step),
        [5, 6],
      );
      assert.deepEqual(await stepsIn(`${folder}/c`), [6]);
    })
  ));

Deno.test("sft() resumes with other options only when it is told to, and notes them", () =>
  withTinyModel((model) =>
    inFolder(async (outputDir) => {
      await train(model, { outputDir, maxSteps: 4, lrSchedulerType: "constant" });
      const change = {
        learningRate: 1e-3,
        maxSteps: 6,
        lrSchedulerType: "constant",
        outputDir,
        resumeFromCheckpoint: true,
      };
      await assert.rejects(
        train(model, change as Partial<SftOptions>),
        /learningRate was 0.01 and is 0.001.*set resumeWithChanges/,
      );
      const steps = await train(model, { ...change, resumeWithChanges: true } as Partial<SftOptions>);
      assert.match(notesOf(steps), /learningRate was 0.01 and is 0.001/);
      assert.deepEqual(steps.map(({ metrics }) => metrics.learning_rate), [1e-3, 1e-3]);
      const other = await createLora(model, new Random(1), { r: 3, targetModules: ["q_proj"] });
      await assert.rejects(
        train(model, { ...change, adapter: other, resumeWithChanges: true } as Partial<SftOptions>),
        /trained.r was 2 and is 3.*Resume with what it was made with/,
      );
    })
  ));

Deno.test("sft() resumed with another seed draws by that seed, as if the run had begun with it there", () =>
  withTinyModel((model) =>
    inFolder(async (folder) => {
      const change = { neftuneNoiseAlpha: 5, maxSteps: 4, resumeFromCheckpoint: true, resumeWithChanges: true };
      const curves: number[][] = [];
      for (const seed of [42, 7]) {
        const outputDir = `${folder}/${seed}`;
        await train(model, { outputDir, neftuneNoiseAlpha: 5, maxSteps: 2 });
        const steps = await train(model, { ...change, outputDir, seed });
        if (seed === 7) assert.match(notesOf(steps), /seed was 42 and is 7/);
        curves.push(steps.map(({ metrics }) => metrics.loss));
      }
      assert.notDeepEqual(curves[0], curves[1]);
    })
  ));

Deno.test("an option that came after a checkpoint was made counts as off, and the order of fields does not matter", () =>
  withTinyModel((model) =>
    inFolder(async (outputDir) => {
      await train(model, { outputDir, maxSteps: 4 });
      const path = `${outputDir}/checkpoint-4`;
      const state = JSON.parse(await Deno.readTextFile(`${path}/trainer_state.json`));
      const rewrite = async (change: Record<string, unknown>) => {
        await Deno.writeTextFile(`${path}/trainer_state.json`, JSON.stringify({ ...state, ...change }));
        const bytes = await Deno.readFile(`${path}/trainer_state.json`);
        const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
        const manifest = JSON.parse(await Deno.readTextFile(`${path}/manifest.json`));
        manifest.files["trainer_state.json"] = { bytes: bytes.length, sha256: hash };
        await Deno.writeTextFile(`${path}/manifest.json`, JSON.stringify(manifest));
      };
      const { neftuneNoiseAlpha, ...older } = state.fingerprint;
      assert.equal(neftuneNoiseAlpha, 0);
      await rewrite({ fingerprint: Object.fromEntries(Object.entries(older).reverse()) });
      const resume = { outputDir, resumeFromCheckpoint: true, maxSteps: 5 };
      assert.equal((await train(model, resume)).length, 1);
      await Deno.remove(`${outputDir}/checkpoint-5`, { recursive: true });
      await rewrite({ fingerprint: { ...state.fingerprint, onlyThen: 3 } });
      await assert.rejects(train(model, resume), /onlyThen was 3 and is off/);
      await rewrite({ format: 99 });
      await assert.rejects(train(model, resume), /trainer_state.json: format 99, but this version reads 1/);
      await rewrite({ step: "four" });
      await assert.rejects(train(model, resume), /trainer_state.json: field "step"/);
    })
  ));

Deno.test("a checkpoint that is replaced while the process dies is put back under its name", () =>
  withTinyModel((model) =>
    inFolder(async (outputDir) => {
      await train(model, { outputDir, maxSteps: 4 });
      await Deno.rename(`${outputDir}/checkpoint-4`, `${outputDir}/.checkpoint-4.previous`);
      const steps = await train(model, { outputDir, resumeFromCheckpoint: true });
      assert.deepEqual(steps.map(({ step }) => step), [5, 6]);
      await Deno.rename(`${outputDir}/checkpoint-6`, `${outputDir}/.checkpoint-6.previous`);
      assert.deepEqual(await train(model, { outputDir, resumeFromCheckpoint: `${outputDir}/checkpoint-6` }), []);
    })
  ));

Deno.test("a run clears away the checkpoints that dead ones left half-written, and nothing else", () =>
  withTinyModel((model) =>
    inFolder(async (outputDir) => {
      const dayAgo = new Date(Date.now() - 25 * 3_600_000);
      const half = ".checkpoint-9.00000000-1-00000000.partial";
      for (const name of [half, ".notes.00000000-1-00000000.partial"]) {
        await Deno.mkdir(`${outputDir}/${name}`);
        await Deno.utime(`${outputDir}/${name}`, dayAgo, dayAgo);
      }
      await train(model, { outputDir, maxSteps: 1 });
      const left = Array.from(Deno.readDirSync(outputDir), ({ name }) => name).sort();
      assert.deepEqual(left, [".notes.00000000-1-00000000.partial", "checkpoint-1"]);
    })
  ));

Deno.test("a checkpoint is flushed to disk, file by file, before it gets its name, and its manifest comes last", () =>
  withTinyModel((model) =>
    inFolder(async (outputDir) => {
      const log: string[] = [];
      const named = (path: string) => path.replace(/^.*?(?=checkpoint-|\.checkpoint-)/, "");
      const recording: FileSystem = {
        ...denoFileSystem,
        async create(path) {
          const file = await denoFileSystem.create(path);
          return { ...file, sync: async () => (await file.sync(), void log.push(`sync ${named(path)}`)) };
        },
        rename: async (from, to) => (await denoFileSystem.rename(from, to), void log.push(`rename to ${named(to)}`)),
        sync: async (path) => (await denoFileSystem.sync(path), void log.push(`sync ${named(path)}`)),
      };
      await train(model, { outputDir, maxSteps: 1, fileSystem: recording });
      const end = log.indexOf("rename to checkpoint-1");
      assert.ok(end > 0, log.join("\n"));
      const files = ["adapter_model.safetensors", "adapter_config.json", "optimizer.safetensors", "trainer_state.json"];
      const positions = [...files, "manifest.json"].map((name) => {
        const flushed = log.findLastIndex((line, i) => i < end && line.startsWith("sync ") && line.includes(name));
        assert.ok(flushed >= 0, `${name} is not flushed before the rename:\n${log.join("\n")}`);
        return log.findIndex((line) => line.startsWith("rename to ") && line.endsWith(`/${name}`));
      });
      const manifest = positions.pop()!;
      for (const position of positions) assert.ok(position < manifest, log.join("\n"));
      assert.ok(
        log.slice(end).some((line) => line.startsWith("sync ")),
        "the folder's names are flushed after the rename",
      );
    })
  ));

Deno.test("a checkpoint that is removed loses its manifest first, so that what a crash leaves of it is not whole", () =>
  withTinyModel((model) =>
    inFolder(async (outputDir) => {
      const fileSystem = recordingFileSystem();
      await train(model, { outputDir, saveTotalLimit: 1, fileSystem });
      const removed = fileSystem.log.filter((line) => line.startsWith("remove ") && !line.includes("/."));
      assert.deepEqual(
        removed,
        [2, 4].flatMap((step) => ["/manifest.json", ""].map((name) => `remove ${outputDir}/checkpoint-${step}${name}`)),
      );
    })
  ));

Deno.test("a run that cannot be resumed after all gives back the moments that it had read", () =>
  withTinyModel((model) =>
    inFolder(async (outputDir) => {
      await train(model, { outputDir, maxSteps: 2 });
      const adapter = await createLora(model, new Random(1), { r: 2, targetModules: ["q_proj"] });
      const bytes = model.engine.bytesInUse;
      const onNote = (note: string) => {
        if (note.startsWith("resumed from")) throw new Error("the log is closed");
      };
      const common = { model, adapter, trainDataset: examples, perDeviceTrainBatchSize: 4, learningRate: 1e-2 };
      const resumed = sft({ ...common, maxSteps: 6, outputDir, resumeFromCheckpoint: true, onNote });
      await assert.rejects(collect(resumed), /the log is closed/);
      assert.equal(model.engine.bytesInUse, bytes);
    })
  ));

Deno.test("a run stopped by its signal throws the signal's reason, and warns, when no checkpoint can be saved", () =>
  withTinyModel((model) =>
    inFolder(async (outputDir) => {
      const [abort, reason] = [new AbortController(), new Error("enough")];
      const adapter = await createLora(model, new Random(1), { r: 2, targetModules: ["q_proj"] });
      const common = { model, adapter, trainDataset: examples, perDeviceTrainBatchSize: 4, learningRate: 1e-2 };
      const options = { outputDir, signal: abort.signal, fileSystem: failingFileSystem(0), maxSteps: 6 };
      const { warn } = console;
      const warnings: string[] = [];
      console.warn = (...words) => warnings.push(words.join(" "));
      try {
        await assert.rejects(async () => {
          for await (const { step } of sft({ ...common, ...options })) if (step === 2) abort.abort(reason);
        }, (error) => error === reason);
      } finally {
        console.warn = warn;
      }
      assert.match(warnings.join(), /stopped after step 2, and no checkpoint could be saved: DiskFullError/);
      assert.deepEqual(await stepsIn(outputDir), []);
    })
  ));
