import assert from "node:assert/strict";
import { DiskFullError } from "../../../lib/files/mod.ts";
import { createRun, readMetrics } from "../../../lib/train/mod.ts";
import { failingFileSystem } from "../../files/failing_file_system.ts";
import { recordingFileSystem } from "../../files/recording_file_system.ts";
import { inFolder } from "../../support/in_folder.ts";
import { shownScalars } from "../../tensorboard/read_events.ts";

Deno.test("run.logMetrics() logs again when there is room, whichever operation found the disk full", () =>
  inFolder(async (folder) => {
    let failures = 0;
    for (let failAt = 0;; failAt++) {
      const fileSystem = failingFileSystem(failAt);
      let run;
      try {
        run = await createRun("sft", {}, { outputs: `${folder}/${failAt}`, fileSystem });
      } catch (error) {
        assert.ok(error instanceof DiskFullError, String(error));
        continue;
      }
      const failed = await run.logMetrics(1, { loss: 3 }).then(() => false, (error) => {
        assert.ok(error instanceof DiskFullError && error.message.includes(run.path), String(error));
        return true;
      });
      if (!failed) {
        // What is left to fail is closing.
        await run.close().catch(() => {});
        break;
      }
      failures++;
      await run.logMetrics(2, { loss: 2 });
      await run.close();
      assert.deepEqual((await readMetrics(run.path)).at(-1), { step: 2, loss: 2 }, `full at operation ${failAt}`);
      assert.deepEqual((await shownScalars(`${run.path}/runs`))["train/loss"].at(-1), [2, 2]);
    }
    // Opening and writing metrics.jsonl, and making the folder, the file and the first records for TensorBoard.
    assert.ok(failures >= 5, `${failures} failures`);
  }));

Deno.test("run.close() flushes every file of the run's logs", () =>
  inFolder(async (outputs) => {
    const fileSystem = recordingFileSystem();
    const run = await createRun("sft", {}, { outputs, fileSystem });
    await run.log({ step: 1, totalSteps: 1, metrics: { loss: 3 }, notes: ["a note"] });
    fileSystem.log.length = 0;
    await run.close();
    const [events] = Deno.readDirSync(`${run.path}/runs`);
    const flushed = fileSystem.log.filter((line) => line.startsWith("sync ") && !line.endsWith("/runs"));
    for (const name of ["metrics.jsonl", "notes.jsonl", `runs/${events.name}`]) {
      assert.ok(flushed.includes(`sync ${run.path}/${name}`), `${name} is not among ${flushed}`);
    }
  }));
