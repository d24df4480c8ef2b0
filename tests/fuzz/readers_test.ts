/**
 * 100,000 mutated files through every reader of files that come from strangers. Each must be read, and what was read
 * must be right, or be refused with an error that names the file; none may crash, hang, or take memory without bound.
 *
 * `KILN_FUZZ="count=1000000 seed=7"` changes how many and which; `KILN_FUZZ="only=tokenizer.json#1234"` shows one input
 * of a failure with the error's stack.
 */
import assert from "node:assert/strict";
import type { RunOptions, RunReport } from "./run.ts";

const words = (Deno.env.get("KILN_FUZZ") ?? "").split(" ").filter((word) => word !== "");
const asked = Object.fromEntries(words.map((word) => word.split("=") as [string, string]));
const unknown = Object.keys(asked).find((key) => !["count", "seed", "only"].includes(key));
if (unknown !== undefined) throw new Error(`KILN_FUZZ: "${unknown}" is not known; expected count, seed or only`);

/** A reader that takes longer than this over one input is stuck. */
const stuckSeconds = 60;
/** What the process may use beyond what it has after its first inputs: its heap may grow to 256 MB, and buffers beside it. */
const mostGrowth = 500e6;

Deno.test("readers of outside files read or refuse 100,000 mutated ones, and never crash, hang or take all memory", async (t) => {
  const { count = "100000", seed = "20261121", only } = asked;
  const folder = await Deno.makeTempDir({ dir: await memoryFolder() });
  try {
    const options: RunOptions = { seed: Number(seed), count: Number(count), folder, ...(only ? { only } : {}) };
    const output = await runWatched(options);
    if (only !== undefined) return console.log(output);
    const report: RunReport = JSON.parse(output);
    console.log(summary(report, options));
    const again = (failure: string) => `KILN_FUZZ="seed=${seed} only=${failure.split(/: | took/)[0]}"\n  ${failure}`;
    assert.deepEqual([...report.crashes, ...report.hangs].slice(0, 10).map(again), []);
    for (const { kind, refused, read } of report.kinds) {
      await t.step(
        `${kind}: some are read, some refused`,
        () => assert.ok(options.count < 10_000 || (refused > 0 && read > 0)),
      );
    }
    assert.ok(report.growthBytes < mostGrowth, `memory grew by ${Math.round(report.growthBytes / 1e6)} MB`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the watchdog of the fuzzer notices a reader that is stuck", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/progress`, "regex#7");
    const stuck = new Deno.Command(Deno.execPath(), { args: ["eval", "for (;;);"], stdout: "piped" }).spawn();
    await assert.rejects(watched(stuck, folder, 1), /stuck for 1 s at regex#7/);
    const dead = new Deno.Command(Deno.execPath(), { args: ["eval", "Deno.exit(3)"], stdout: "piped" }).spawn();
    await assert.rejects(watched(dead, folder, 60), /ended with code 3 at regex#7/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** A folder that is memory, where there is one: some readers need a disk, and thousands of files wear it. */
async function memoryFolder(): Promise<string | undefined> {
  const isFolder = await Deno.stat("/dev/shm").then(({ isDirectory }) => isDirectory, () => false);
  return isFolder ? "/dev/shm" : undefined;
}

/** Runs run.ts with a bounded heap, so that a reader that takes all memory ends it. */
async function runWatched(options: RunOptions): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      "--v8-flags=--max-old-space-size=256",
      new URL("run.ts", import.meta.url).pathname,
      JSON.stringify(options),
    ],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  return await watched(child, options.folder, stuckSeconds);
}

/**
 * Waits for a process and gives its output.
 *
 * @throws when it ends badly, or writes no other input to its progress file for so many seconds; it is then killed
 */
async function watched(child: Deno.ChildProcess, folder: string, seconds: number): Promise<string> {
  const at = () => Deno.readTextFile(`${folder}/progress`).then((text) => text.trim(), () => "its start");
  let last = await at();
  let since = Date.now();
  let stuck: string | undefined;
  const timer = setInterval(async () => {
    const now = await at();
    if (now !== last) [last, since] = [now, Date.now()];
    else if (Date.now() - since > seconds * 1000 && stuck === undefined) {
      stuck = `stuck for ${seconds} s at ${now}`;
      child.kill("SIGKILL");
    }
  }, 200);
  try {
    const { code, stdout } = await child.output();
    if (stuck !== undefined) throw new Error(`The fuzzer was ${stuck}`);
    if (code !== 0) throw new Error(`The fuzzer ended with code ${code} at ${await at()}`);
    return new TextDecoder().decode(stdout);
  } finally {
    clearInterval(timer);
  }
}

/** One line on all, and one on each kind. */
function summary({ kinds, crashes, hangs, growthBytes, slowest }: RunReport, { seed }: RunOptions): string {
  const number = (value: number) => value.toLocaleString("en-US");
  const sum = (of: "refused" | "read" | "seconds") => kinds.reduce((total, kind) => total + kind[of], 0);
  const all = sum("refused") + sum("read") + crashes.length;
  return [
    `${number(all)} mutated files: ${number(sum("refused"))} refused with a message, ${number(sum("read"))} read, ` +
    `${crashes.length} crashes, ${hangs.length} hangs, peak growth ${Math.round(growthBytes / 1e6)} MB ` +
    `in ${sum("seconds").toFixed(1)} s (seed ${seed}, slowest ${slowest.input} ${Math.round(slowest.milliseconds)} ms)`,
    ...kinds.map(({ kind, refused, read, seconds }) =>
      `  ${kind}: ${number(refused)} refused, ${number(read)} read, ${seconds.toFixed(1)} s`
    ),
  ].join("\n");
}
