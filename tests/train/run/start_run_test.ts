import assert from "node:assert/strict";
import { readMetrics, startRun } from "../../../lib/train/mod.ts";
import { inFolder } from "../../support/in_folder.ts";

Deno.test("startRun() begins a run of its own, or with resume goes on in the newest with what it is given now", () =>
  inFolder(async (outputs) => {
    const start = async (parameters: Record<string, unknown>, resume?: boolean) => {
      const run = await startRun("sft", parameters, { outputs, resume });
      await run.logMetrics(1, { loss: Number(parameters.maxSteps) });
      await run.close();
      const read = JSON.parse(await Deno.readTextFile(`${run.path}/parameters.json`));
      assert.deepEqual(read, parameters);
      return { path: run.path, metrics: await readMetrics(run.path) };
    };
    assert.equal((await start({ maxSteps: 10 }, true)).path, `${outputs}/sft-001`, "there is none to go on with");
    assert.equal((await start({ maxSteps: 20 })).path, `${outputs}/sft-002`);
    // Without a checkpoint the run begins again at its first step.
    const resumed = await start({ maxSteps: 30 }, true);
    assert.deepEqual(resumed, { path: `${outputs}/sft-002`, metrics: [{ step: 1, loss: 30 }] });
    const notes = await Deno.readTextFile(`${outputs}/sft-002/notes.jsonl`);
    assert.deepEqual(notes, '{"step":0,"note":"parameter maxSteps was 20 and is 30"}\n');
  }));
