import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "../../lib/notebook/find_notebook.ts";
import {
  isGoneSoon,
  isRunning,
  NOTEBOOK_LIB,
  outputsOf,
  streamText,
  tempFolder,
  writeTestNotebook,
} from "./temp_notebook.ts";

const PARAMETERS_CELL = {
  tags: ["parameters"],
  source: `import { z } from "zod";
import { parameters } from "${NOTEBOOK_LIB}";
const options = parameters(z.object({ steps: z.number(), file: z.string() }), {
  full: { steps: 100, file: "" },
  smoke: { steps: 2 },
});`,
};

function command(args: readonly string[]): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", join(ROOT, "lib/notebook/run_cli.ts"), ...args],
    cwd: ROOT,
    env: { INIT_CWD: ROOT, NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  });
}

async function run(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  const { code, stdout, stderr } = await command(args).output();
  return { code, out: new TextDecoder().decode(stdout), error: new TextDecoder().decode(stderr) };
}

Deno.test("run_cli runs a notebook with parameters, shows what it prints and writes it", async () => {
  await using folder = await tempFolder();
  const path = await writeTestNotebook(folder.path, [
    PARAMETERS_CELL,
    `console.log("steps", options.steps, await Deno.readTextFile(options.file));`,
  ]);
  await Deno.writeTextFile(join(folder.path, "data.txt"), "from a file");
  const output = join(folder.path, "out.ipynb");
  const file = join(folder.path, "data.txt").slice(ROOT.length);
  const { code, out, error } = await run(path, "--size", "smoke", "--file", file, "--output", output);
  assert.equal(error, "");
  assert.equal(code, 0);
  assert.match(out, /▶ 1\/2 {2}import [\s\S]*file {7}data\.txt {2}command line\n✓ 1\/2 /);
  assert.match(out, /▶ 2\/2 {2}console\.log[^\n]*\nsteps 2 from a file\n✓ 2\/2 {2}\d+\.\d s\ndone in .*out\.ipynb\n$/);
  assert.equal(streamText((await outputsOf(output))[1]), "steps 2 from a file\n");
});

Deno.test("run_cli exits with 1, the cell and the error when a cell fails, and 2 when the command line is wrong", async () => {
  await using folder = await tempFolder();
  const path = await writeTestNotebook(folder.path, [PARAMETERS_CELL, `throw new TypeError("boo");`]);
  const output = join(folder.path, "out.ipynb");
  const [failed, unknownKey, usage, missing, help] = await Promise.all([
    run(path, "--output", output),
    run(path, "--stepz", "3", "--output", join(folder.path, "other.ipynb")),
    run(path, "--steps"),
    run("99"),
    run("--help"),
  ]);
  assert.equal(failed.code, 1);
  assert.match(failed.out, /✗ 2\/2 .*\nTypeError: boo\n {4}at /);
  assert.match(
    failed.error,
    /^code cell 2 of 2 \(throw new TypeError\("boo"\);\) failed: TypeError: boo\n.*out\.ipynb\n$/,
  );
  assert.equal((await outputsOf(output))[1][0].output_type, "error");
  assert.equal(unknownKey.code, 1);
  assert.match(unknownKey.out, /stepz: there is no such parameter; did you mean steps/);
  assert.deepEqual([usage.code, usage.error], [2, "--steps needs a value\n"]);
  assert.equal(missing.code, 2);
  assert.match(missing.error, /no notebook "99"/);
  assert.equal(help.code, 0);
  assert.match(help.out, /deno task notebook 01 --size smoke/);
});

/** Starts a notebook that computes forever and waits until it has printed the kernel's process id. */
async function startEndless(folder: string): Promise<{ child: Deno.ChildProcess; kernel: number; output: string }> {
  const path = await writeTestNotebook(folder, [
    `console.log("pid", Deno.pid);`,
    "await new Promise((resolve) => setTimeout(resolve, 1e6));",
  ]);
  const output = join(folder, "out.ipynb");
  const child = command([path, "--output", output]).spawn();
  let text = "";
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  while (!text.includes("▶ 2/2")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`the run ended early: ${text}`);
    text += value;
  }
  await reader.cancel();
  return { child, kernel: Number(/pid (\d+)/.exec(text)?.[1]), output };
}

Deno.test("run_cli stops cleanly at Ctrl-C: code 130, the kernel gone, the outputs until then written", async () => {
  await using folder = await tempFolder();
  const { child, kernel, output } = await startEndless(folder.path);
  assert(await isRunning(kernel));
  child.kill("SIGINT");
  const error = await new Response(child.stderr).text();
  assert.equal((await child.status).code, 130);
  assert.match(error, /^stopped: Ctrl-C\n/);
  assert(!await isRunning(kernel));
  assert.equal(streamText((await outputsOf(output))[0]), `pid ${kernel}\n`);
});

Deno.test("run_cli leaves no kernel behind when it is killed and can do nothing", async () => {
  await using folder = await tempFolder();
  const { child, kernel } = await startEndless(folder.path);
  child.kill("SIGKILL");
  await child.stderr.cancel();
  await child.status;
  assert(await isGoneSoon(kernel));
});
