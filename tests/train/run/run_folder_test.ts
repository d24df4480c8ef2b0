import assert from "node:assert/strict";
import fc from "fast-check";
import { DiskFullError, type FileSystem } from "../../../lib/files/mod.ts";
import type { Rollout } from "../../../lib/train/rollout/mod.ts";
import { continueRun, createRun, newestRun, readMetrics, type RunFolder } from "../../../lib/train/run/mod.ts";
import type { TrainingStep } from "../../../lib/train/step.ts";
import { Crash, crashingFileSystem } from "../../files/crashing_file_system.ts";
import { failingFileSystem } from "../../files/failing_file_system.ts";
import { inFolder } from "../../support/in_folder.ts";
import { eventFilesIn, readEvents, shownScalars } from "../../tensorboard/read_events.ts";

type Step = TrainingStep & { rollouts?: readonly Rollout[] };

const TOTAL = 6;

/** Steps of a run that evaluates, takes notes, and learns twice from each batch of rollouts. */
function runSteps(): Step[] {
  let rollouts: Rollout[] = [];
  return Array.from({ length: TOTAL }, (_, index) => {
    const step = index + 1;
    if (step % 2 === 1) rollouts = [rollout(`${step} a`), rollout(`${step} b`)];
    return {
      step,
      totalSteps: TOTAL,
      metrics: { loss: 1 / step, "completions/mean_length": step, ...(step % 3 === 0 ? { eval_loss: step } : {}) },
      ...(step % 3 === 0 ? { notes: [`evaluated at ${step}`, "ünïcode"] } : {}),
      rollouts,
    };
  });
}

function rollout(completion: string): Rollout {
  return {
    promptIds: [1],
    completionIds: [2, 3],
    terminated: true,
    prompt: "p",
    completion,
    rewards: { correctness: 1, format: null },
    reward: 1,
    advantage: 0.25,
  };
}

/** The texts of a run's logs, and what TensorBoard shows. */
async function logsOf(path: string) {
  const texts: Record<string, string> = {};
  for (const file of ["metrics.jsonl", "notes.jsonl", "completions.jsonl"]) {
    texts[file] = await Deno.readTextFile(`${path}/${file}`);
  }
  return { ...texts, shown: await shownScalars(`${path}/runs`) };
}

Deno.test("createRun() numbers runs, writes parameters and a card, and logs a step in every form", () =>
  inFolder(async (outputs) => {
    const first = await createRun("grpo", { steps: 3 }, { outputs });
    const second = await createRun("grpo", {}, { outputs });
    assert.equal(first.path, `${outputs}/grpo-001`);
    assert.equal(second.path, `${outputs}/grpo-002`);
    assert.deepEqual(JSON.parse(await Deno.readTextFile(`${first.path}/parameters.json`)), { steps: 3 });
    const [step1, step2, step3] = runSteps();
    for (const step of [step1, step2, step3]) await first.log(step);
    assert.equal(
      await Deno.readTextFile(`${first.path}/metrics.jsonl`),
      '{"step":1,"loss":1,"completions/mean_length":1}\n{"step":2,"loss":0.5,"completions/mean_length":2}\n' +
        '{"step":3,"loss":0.3333333333333333,"completions/mean_length":3,"eval_loss":3}\n',
    );
    assert.equal(
      await Deno.readTextFile(`${first.path}/notes.jsonl`),
      '{"step":3,"note":"evaluated at 3"}\n{"step":3,"note":"ünïcode"}\n',
    );
    const completions = (await Deno.readTextFile(`${first.path}/completions.jsonl`)).trim().split("\n");
    assert.deepEqual(completions.map((row) => [JSON.parse(row).step, JSON.parse(row).completion]), [
      [1, "1 a"],
      [1, "1 b"],
      [3, "3 a"],
      [3, "3 b"],
    ]);
    assert.equal(
      completions[0],
      '{"step":1,"prompt":"p","completion":"1 a","rewards":{"correctness":1,"format":null},"reward":1,' +
        '"advantage":0.25,"terminated":true,"tokens":2}',
    );
    await first.writeCard({
      title: "A run",
      baseModel: "some/model",
      summary: "It ran.",
      results: [{ measure: "accuracy | greedy", before: "1%", after: "2%" }],
    });
    const card = await Deno.readTextFile(`${first.path}/README.md`);
    assert.match(card, /base_model: some\/model\n/);
    assert.match(card, /\| accuracy \\\| greedy \| 1% \| 2% \|/);
    await first.close();
    await first.close();
    await second.close();
    await assert.rejects(first.log(step1), /the run .*grpo-001 is closed/);
  }));

Deno.test("run.log() shows metrics under transformers' tags, and histograms of lengths and advantages, in TensorBoard", () =>
  inFolder(async (outputs) => {
    const run = await createRun("grpo", {}, { outputs });
    for (const step of runSteps()) await run.log(step);
    await run.logMetrics(7, { loss: NaN, test_loss: Infinity, evaluation: 1 });
    await assert.rejects(run.logMetrics(8, { step: 1 }), /step 8: a metric is called "step"/);
    await run.close();
    assert.deepEqual(await shownScalars(`${run.path}/runs`), {
      "train/loss": [...[1, 2, 3, 4, 5, 6].map((step) => [step, Math.fround(1 / step)]), [7, NaN]],
      "train/completions/mean_length": [1, 2, 3, 4, 5, 6].map((step) => [step, step]),
      "eval/loss": [[3, 3], [6, 6]],
      "test/loss": [[7, Infinity]],
      "train/evaluation": [[7, 1]],
    });
    const [path] = eventFilesIn(`${run.path}/runs`);
    const histograms = (await readEvents(path)).flatMap(({ step, summary }) =>
      (summary?.value ?? []).flatMap(({ tag, histo }) => histo ? [[step, tag, histo.min, histo.num]] : [])
    );
    assert.deepEqual(histograms.slice(0, 3), [
      [1, "train/completions/length", 2, 2],
      [1, "train/advantages", 0.25, 2],
      [3, "train/completions/length", 2, 2],
    ]);
    assert.equal(histograms.length, 6);
  }));

Deno.test("createRun() refuses a name that could leave the folder", async () => {
  await assert.rejects(createRun("../x", {}), /run name/);
  await assert.rejects(newestRun("../x"), /run name/);
});

Deno.test("createRun() says so when a file stands where runs should be", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "");
    for (const outputs of [`${folder}/file`, `${folder}/file/runs`]) {
      await assert.rejects(createRun("sft", {}, { outputs }), /^Error: outputs: .* expected a folder for runs/);
    }
  }));

Deno.test("createRun() gives runs that start together folders of their own, and newestRun() finds the last one", () =>
  inFolder(async (outputs) => {
    assert.equal(await newestRun("sft", { outputs: `${outputs}/none` }), null);
    const runs = await Promise.all(Array.from({ length: 12 }, () => createRun("sft", {}, { outputs })));
    assert.equal(new Set(runs.map(({ path }) => path)).size, 12);
    for (const run of runs) await run.close();
    await createRun("sft-long", {}, { outputs });
    for (const name of ["sft-013", "sft-020x", "sft-", "sft-1000"]) await Deno.mkdir(`${outputs}/${name}`);
    assert.equal(await newestRun("sft", { outputs }), `${outputs}/sft-012`);
    await Deno.writeTextFile(`${outputs}/sft-1000/parameters.json`, "{}");
    assert.equal(await newestRun("sft", { outputs }), `${outputs}/sft-1000`);
    assert.equal((await createRun("sft", {}, { outputs })).path, `${outputs}/sft-1001`);
    assert.equal(await newestRun("grpo", { outputs }), null);
  }));

Deno.test("createRun() leaves no folder behind when the disk is full at any operation, and names the file", () =>
  inFolder(async (outputs) => {
    for (let failAt = 2;; failAt++) {
      const fileSystem = failingFileSystem(failAt);
      try {
        await createRun("sft", { steps: 1 }, { outputs, fileSystem });
        assert.ok(failAt >= 7, `only ${failAt} operations`);
        break;
      } catch (error) {
        assert.ok(error instanceof DiskFullError && error.path.endsWith("/parameters.json"), String(error));
        assert.deepEqual([...Deno.readDirSync(outputs)], []);
      }
    }
  }));

Deno.test("readMetrics() gives back what was logged, NaN for what is not finite, nothing for a torn line", () =>
  inFolder(async (outputs) => {
    const run = await createRun("sft", {}, { outputs });
    assert.deepEqual(await readMetrics(run.path), []);
    await run.logMetrics(1, { loss: 0.1, kl: Infinity, "rewards/a/mean": -0.5 });
    await run.logMetrics(2, { loss: NaN });
    await run.close();
    await Deno.writeTextFile(`${run.path}/metrics.jsonl`, '{"step":3,"lo', { append: true });
    assert.deepEqual(await readMetrics(run.path), [
      { step: 1, loss: 0.1, kl: NaN, "rewards/a/mean": -0.5 },
      { step: 2, loss: NaN },
    ]);
    await Deno.writeTextFile(`${run.path}/metrics.jsonl`, '{"step":1,"loss":"low"}\n');
    await assert.rejects(readMetrics(run.path), /metrics\.jsonl, line 1: loss: .*expected number/);
    await assert.rejects(readMetrics(`${outputs}/none`), (error: Error) => {
      assert.ok(error instanceof Deno.errors.NotFound);
      assert.match(error.message, /none: there is no such folder; expected that of a run/);
      return true;
    });
  }));

Deno.test("run.log() and readMetrics() agree on any metrics, and TensorBoard shows each", () =>
  inFolder((outputs) =>
    fc.assert(
      fc.asyncProperty(fc.array(anyMetrics, { maxLength: 4 }), async (rows) => {
        const run = await createRun("any", {}, { outputs });
        for (const [index, metrics] of rows.entries()) {
          await run.log({ step: index + 1, totalSteps: rows.length, metrics });
        }
        await run.close();
        const read = await readMetrics(run.path);
        assert.deepEqual(read, rows.map((metrics, index) => ({ step: index + 1, ...metrics })));
        const shown = rows.length === 0 ? {} : await shownScalars(`${run.path}/runs`);
        const tags = new Set(rows.flatMap((metrics) => Object.keys(metrics)));
        assert.equal(Object.keys(shown).length, tags.size);
      }),
      { numRuns: 50 },
    )
  ));

// JSON has neither NaN nor infinities nor -0.
const anyNumber = fc.oneof(fc.double({ noDefaultInfinity: true }), fc.integer()).map((value) =>
  value || Math.abs(value)
);
const anyName = fc.oneof(
  fc.string({ unit: "grapheme", minLength: 1 }),
  fc.constantFrom("eval_loss", "rewards/a/mean", "0"),
);
// zod leaves a key out that would change an object's prototype.
const anyMetricName = anyName.filter((name) => name !== "step" && name !== "__proto__");
const anyMetrics = fc.dictionary(anyMetricName, anyNumber, { noNullPrototype: true });

/** The step of the last checkpoint, as a trainer takes one when the consumer asks for the next step. */
interface Checkpoints {
  last: number;
}

/** Logs the steps after the last checkpoint. */
async function train(run: RunFolder, checkpoints: Checkpoints): Promise<void> {
  for (const step of runSteps().slice(checkpoints.last)) {
    // The resumed trainer has its rollouts from the checkpoint: equal, and not the same.
    await run.log(step);
    if (step.step % 3 === 0) checkpoints.last = step.step;
  }
  await run.close();
}

/** Starts or goes on with the run, on a disk that may fail, and trains to the end. */
async function trainSomehow(outputs: string, checkpoints: Checkpoints, fileSystem?: FileSystem): Promise<void> {
  const path = await newestRun("grpo", { outputs });
  const run = path
    ? await continueRun(path, { step: checkpoints.last, fileSystem })
    : await createRun("grpo", { steps: TOTAL }, { outputs, fileSystem });
  try {
    await train(run, checkpoints);
  } catch (error) {
    // What a killed process has open is closed by the system.
    await run.close().catch(() => {});
    throw error;
  }
}

for (const [what, fileSystemAt] of [["killed", crashingFileSystem], ["out of disk", failingFileSystem]] as const) {
  Deno.test(`a run that is ${what} at any operation, and again while it goes on, has the logs of an uninterrupted one`, () =>
    inFolder(async (folder) => {
      await trainSomehow(`${folder}/whole`, { last: 0 });
      const expected = await logsOf(`${folder}/whole/grpo-001`);
      let again = 0;
      for (let at = 0;; at++) {
        const outputs = `${folder}/${at}`;
        const checkpoints = { last: 0 };
        const fileSystem = fileSystemAt(at);
        const attempt = async (fileSystem: FileSystem) => {
          try {
            await trainSomehow(outputs, checkpoints, fileSystem);
          } catch (error) {
            const expected = what === "killed" ? Crash : DiskFullError;
            assert.ok(
              error instanceof expected && (what === "killed" || error.message.includes(outputs)),
              String(error),
            );
          }
        };
        await attempt(fileSystem);
        if (fileSystem.operations() <= at) {
          assert.ok(at > 40, `only ${at} operations`);
          break;
        }
        // Go on, and be interrupted again, a little later each time.
        for (let j = 0; j < 25; j += 8) {
          again++;
          await attempt(fileSystemAt(j));
        }
        await trainSomehow(outputs, checkpoints);
        const path = await newestRun("grpo", { outputs });
        const logs = await logsOf(path!);
        assert.deepEqual({ ...logs, "notes.jsonl": "" }, { ...expected, "notes.jsonl": "" }, `${what} at ${at}`);
        assert.equal(logs["notes.jsonl" as keyof typeof logs], expected["notes.jsonl" as keyof typeof expected]);
      }
      assert.ok(again > 100);
    }));
}

Deno.test("continueRun() logs rollouts again only when they are new after the checkpoint", () =>
  inFolder(async (outputs) => {
    const steps = runSteps();
    const run = await createRun("grpo", {}, { outputs });
    for (const step of steps) await run.log(step);
    await run.close();
    const whole = await Deno.readTextFile(`${run.path}/completions.jsonl`);
    for (const last of [1, 2, 3, 4, 5, 6, 0]) {
      const resumed = await continueRun(run.path, { step: last });
      for (const step of structuredClone(steps.slice(last))) await resumed.log(step);
      await resumed.close();
      const text = await Deno.readTextFile(`${run.path}/completions.jsonl`);
      // Copies of a batch are new objects at each step but the first: only that one is compared by what it says.
      const first = (rows: string) => rows.split("\n").filter((row) => row.startsWith(`{"step":${last + 1},`));
      assert.deepEqual(first(text), first(whole), `after step ${last}`);
      await Deno.writeTextFile(`${run.path}/completions.jsonl`, whole);
    }
  }));

Deno.test("continueRun() replaces changed parameters and says once what they were, and which steps are missing", () =>
  inFolder(async (outputs) => {
    const run = await createRun("sft", { learningRate: 1e-3, maxSteps: 10, seed: 1 }, { outputs });
    for (const step of runSteps().slice(0, 3)) await run.log(step);
    await run.close();
    const parameters = { learningRate: 1e-3, maxSteps: 20, warmupSteps: 5 };
    for (let time = 0; time < 2; time++) {
      await (await continueRun(run.path, { step: 3, parameters: time === 0 ? parameters : undefined })).close();
    }
    assert.deepEqual(JSON.parse(await Deno.readTextFile(`${run.path}/parameters.json`)), parameters);
    const notes = async () =>
      (await Deno.readTextFile(`${run.path}/notes.jsonl`)).trim().split("\n").map((row) => JSON.parse(row)).slice(2);
    assert.deepEqual(await notes(), [
      { step: 3, note: "parameter maxSteps was 10 and is 20" },
      { step: 3, note: "parameter seed was 1 and is nothing" },
      { step: 3, note: "parameter warmupSteps was nothing and is 5" },
    ]);
    for (let time = 0; time < 2; time++) await (await continueRun(run.path, { step: 5 })).close();
    assert.deepEqual((await notes()).slice(3), [
      { step: 5, note: "metrics.jsonl ends at step 3, the run goes on after step 5" },
    ]);
  }));

Deno.test("continueRun() refuses what is not a run, a damaged log and a step that is none", () =>
  inFolder(async (outputs) => {
    await assert.rejects(
      continueRun(`${outputs}/none`, { step: 1 }),
      /none\/parameters\.json: there is no such file; expected the folder of a run/,
    );
    const run = await createRun("sft", {}, { outputs });
    await run.logMetrics(1, { loss: 1 });
    await run.close();
    await assert.rejects(continueRun(run.path, { step: -1 }), /step: expected a whole number from 0, got -1/);
    await Deno.writeTextFile(`${run.path}/metrics.jsonl`, '{"loss":1}\n{"step":2}\n');
    await assert.rejects(continueRun(run.path, { step: 1 }), /metrics\.jsonl, line 1: .*whole number `step`/);
    await Deno.writeTextFile(`${run.path}/parameters.json`, "[]");
    await assert.rejects(continueRun(run.path, { step: 1 }), /parameters\.json: it is not a JSON object/);
  }));
