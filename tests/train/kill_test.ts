import assert from "node:assert/strict";
import { Random } from "../../lib/random/mod.ts";
import { readMetrics } from "../../lib/train/mod.ts";
import { inFolder } from "../support/tiny_model.ts";

const SCRIPT = new URL("./killed_run.ts", import.meta.url).pathname;

/** Starts the run and says whether it ended by itself; with a time it is killed after so many milliseconds. */
async function start(outputs: string, killAfter?: number): Promise<boolean> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", SCRIPT, outputs],
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let timer: ReturnType<typeof setTimeout> | undefined;
  if (killAfter !== undefined) timer = setTimeout(() => child.kill("SIGKILL"), killAfter);
  const { code, signal, stderr } = await child.output();
  clearTimeout(timer);
  if (signal === "SIGKILL") return false;
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return true;
}

async function resultOf(outputs: string) {
  const path = `${outputs}/killed-001`;
  const metrics = (await readMetrics(path)).map(({ step_time: _, ...rest }) => rest);
  const weights = await Deno.readFile(`${path}/checkpoint-60/adapter_model.safetensors`);
  const names = Array.from(Deno.readDirSync(path), ({ name }) => name).sort();
  return { metrics, weights, names: names.filter((name) => name.includes("checkpoint")) };
}

Deno.test("a run killed with SIGKILL at random moments and started again logs and learns what it would have uninterrupted", () =>
  inFolder(async (folder) => {
    const began = performance.now();
    assert.ok(await start(`${folder}/whole`));
    const milliseconds = performance.now() - began;
    const whole = await resultOf(`${folder}/whole`);
    assert.equal(whole.metrics.length, 60);

    const random = new Random("kill");
    let kills = 0;
    // Each life is longer than the last, so that in the end one reaches the end.
    while (!await start(`${folder}/killed`, milliseconds * random.uniform(0.3, 0.9 + 0.1 * kills))) kills++;
    assert.deepEqual(await resultOf(`${folder}/killed`), whole, `killed ${kills} times`);
    assert.ok(kills > 0);
  }));
