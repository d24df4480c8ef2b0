import assert from "node:assert/strict";
import { Random } from "../../../lib/random/mod.ts";
import { newestRun } from "../../../lib/train/run/mod.ts";
import { inFolder } from "../../support/in_folder.ts";
import { shownScalars } from "../../tensorboard/read_events.ts";
import { killableRun, STEPS } from "./killable_run.ts";

const PROGRAM = new URL("./killable_run.ts", import.meta.url).pathname;

/** Runs the program in a process of its own and kills it after some checkpoints and milliseconds, unless it ends before. */
async function runAndKill(outputs: string, checkpoints: number, milliseconds: number): Promise<boolean> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", PROGRAM, outputs],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let lines = 0;
  for await (const chunk of child.stdout) {
    lines += chunk.filter((byte) => byte === 10).length;
    if (lines >= checkpoints) break;
  }
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended.
  }
  return (await child.status).success;
}

Deno.test("a run whose process is killed again and again has the logs of one that was not", () =>
  inFolder(async (folder) => {
    const log = console.log;
    console.log = () => {};
    try {
      await killableRun(`${folder}/whole`);
    } finally {
      console.log = log;
    }
    const random = new Random("kills");
    let kills = 0;
    while (!await runAndKill(`${folder}/killed`, random.integer(1, 15), random.integer(0, 9))) kills++;
    assert.ok(kills >= 3, `killed ${kills} times`);
    const [whole, killed] = [`${folder}/whole/killed-001`, await newestRun("killed", { outputs: `${folder}/killed` })];
    for (const file of ["metrics.jsonl", "notes.jsonl", "completions.jsonl", "parameters.json"]) {
      assert.equal(await Deno.readTextFile(`${killed}/${file}`), await Deno.readTextFile(`${whole}/${file}`), file);
    }
    const shown = await shownScalars(`${killed}/runs`);
    assert.equal(shown["train/loss"].length, STEPS);
    assert.deepEqual(shown, await shownScalars(`${whole}/runs`));
    assert.deepEqual([...Deno.readDirSync(`${killed}`)].filter(({ name }) => name.startsWith(".")), []);
  }));
