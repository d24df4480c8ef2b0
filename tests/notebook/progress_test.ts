import assert from "node:assert/strict";
import { join } from "node:path";
import { formatBytes, peakMemory } from "../../lib/notebook/peak_memory.ts";
import { formatSeconds, progressBar } from "../../lib/notebook/progress.ts";
import { runNotebook } from "../../lib/notebook/run.ts";
import { type ProgressStep, withProgress } from "../../lib/notebook/training_progress.ts";
import { NOTEBOOK_LIB, outputsOf, tempFolder, writeTestNotebook } from "./temp_notebook.ts";

Deno.test("progressBar() draws over one line on a terminal, with rate and time left", async () => {
  let clock = 0;
  let written = "";
  const progress = progressBar(10, {
    label: "scoring",
    unit: "rows",
    style: "line",
    write: (text) => written += text,
    now: () => clock,
  });
  for (let done = 1; done <= 10; done++) {
    clock += 500;
    progress.update(done, `loss ${done}`);
  }
  await progress.finish();
  const lines = written.split("\r\x1b[2K").slice(1);
  assert.equal(lines.length, 11);
  assert.match(lines[4], /^scoring {2}█{12}░{12} {2}50% {2}5\/10 {2}2\.00 rows\/s {2}2\.5 s, 2\.5 s left {2}loss 5$/);
  assert.match(lines[10], /100% {2}10\/10 {2}2\.00 rows\/s {2}5\.0 s {2}loss 10\n$/);
});

Deno.test("progressBar() writes a plain line now and then where nothing can be drawn over", async () => {
  let clock = 0;
  const written: string[] = [];
  const progress = progressBar(1000, { style: "plain", write: (text) => written.push(text), now: () => clock });
  for (let done = 0; done <= 1000; done++, clock += 40) progress.update(done);
  await progress.finish("done");
  await progress.finish();
  assert.equal(written.length, 6);
  assert(written.every((line) => line.endsWith("\n") && !line.includes("\x1b")));
  assert.match(written[1], /25% {2}250\/1000 {2}25\.0 it\/s {2}10 s, 30 s left\n/);
});

Deno.test("formatSeconds() changes its form with the length", () => {
  assert.deepEqual([0.04, 9.94, 59.4, 59.6, 3600, 3723].map(formatSeconds), [
    "0.0 s",
    "9.9 s",
    "59 s",
    "1:00",
    "1:00:00",
    "1:02:03",
  ]);
});

Deno.test("progressBar() prints lines above the bar and counts a resumed run's rate from where it goes on", async () => {
  let clock = 10_000;
  let written = "";
  const progress = progressBar(10, {
    style: "line",
    write: (text) => written += text,
    now: () => clock,
    initial: 6,
    startedAt: 9_000,
  });
  clock = 11_000;
  progress.update(8);
  progress.print("checkpoint saved");
  await progress.finish();
  const lines = written.split("\r\x1b[2K").slice(1);
  assert.match(lines[0], /80% {2}8\/10 {2}1\.00 it\/s {2}2\.0 s, 2\.0 s left$/);
  assert.equal(lines[1], "checkpoint saved\n");
  assert.equal(lines[2], lines[0]);
  assert.equal(lines[3], `${lines[0]}\n`);

  const plain: string[] = [];
  const other = progressBar(10, { style: "plain", write: (text) => plain.push(text), now: () => clock });
  other.print("checkpoint saved");
  assert.deepEqual(plain, ["checkpoint saved\n"]);
});

Deno.test("progressBar() keeps the error of a display that fails until finish()", async () => {
  for (const style of ["line", "plain"] as const) {
    let calls = 0;
    const progress = progressBar(3, {
      style,
      now: () => calls * 1e6,
      write: () => {
        calls++;
        throw new Error("broken pipe");
      },
    });
    progress.update(1);
    progress.update(2);
    progress.print("a note");
    assert.equal(calls, 1);
    await assert.rejects(progress.finish(), /broken pipe/);
  }
});

/** Steps that take two seconds each, the first ten, from `first` to `last`. */
async function* trainer(
  { first, last, total, tick, metrics }: {
    first: number;
    last: number;
    total: number;
    tick: () => void;
    metrics?: (step: number) => Record<string, number>;
  },
): AsyncGenerator<ProgressStep & { rollouts: string }> {
  for (let step = first; step <= last; step++) {
    tick();
    yield await Promise.resolve({
      step,
      totalSteps: total,
      metrics: metrics?.(step) ?? { loss: 1 / step, num_tokens: 3000 * step },
      ...(step === 2 ? { notes: ["residuals kept", "checkpoint saved"] } : {}),
      rollouts: `of step ${step}`,
    });
  }
}

/** What a terminal shows of a trainer's run, and what came through. */
async function terminalOf(
  steps: Omit<Parameters<typeof trainer>[0], "tick">,
  options: { stopAfter?: number } = {},
): Promise<{ lines: string[]; passed: unknown[] }> {
  let [clock, written] = [0, ""];
  const passed: unknown[] = [];
  const shown = withProgress(trainer({ ...steps, tick: () => clock += 2000 }), {
    label: "SFT",
    style: "line",
    write: (text) => written += text,
    now: () => clock,
    peakMemory: () => 1_234_000_000,
  });
  for await (const step of shown) {
    passed.push(step);
    if (step.step === options.stopAfter) break;
  }
  return { lines: written.split("\r\x1b[2K").slice(1), passed };
}

Deno.test("withProgress() passes steps through and shows loss, tokens a second, time left, peak memory and notes", async () => {
  const { lines, passed } = await terminalOf({ first: 1, last: 4, total: 4 });
  const steps: unknown[] = [];
  for await (const step of trainer({ first: 1, last: 4, total: 4, tick: () => {} })) steps.push(step);
  assert.deepEqual(passed, steps);
  const tail = "  1,500 tokens/s  peak 1.2 GB";
  assert.deepEqual(lines.map((line) => line.replace(/[█░]+ /, "")), [
    `SFT   25%  1/4  2.00 s/step  2.0 s, 6.0 s left  loss 1${tail}`,
    `SFT   50%  2/4  2.00 s/step  4.0 s, 4.0 s left  loss 0.5${tail}`,
    "step 2: residuals kept\n",
    `SFT   50%  2/4  2.00 s/step  4.0 s, 4.0 s left  loss 0.5${tail}`,
    "step 2: checkpoint saved\n",
    `SFT   50%  2/4  2.00 s/step  4.0 s, 4.0 s left  loss 0.5${tail}`,
    `SFT   75%  3/4  2.00 s/step  6.0 s, 2.0 s left  loss 0.3333${tail}`,
    `SFT   100%  4/4  2.00 s/step  8.0 s  loss 0.25${tail}`,
    `SFT   100%  4/4  2.00 s/step  8.0 s  loss 0.25${tail}\n`,
  ]);
});

Deno.test("withProgress() shows reward and the last evaluation, and measures a resumed run from where it goes on", async () => {
  const { lines } = await terminalOf({
    first: 51,
    last: 53,
    total: 100,
    metrics: (step) => ({
      reward: step / 100,
      loss: 0,
      num_tokens: 1e6 + 500 * step,
      ...(step === 52 ? { eval_reward: 0.75 } : {}),
    }),
  });
  assert.match(lines[0], /51% {2}51\/100 {2}2\.00 s\/step {2}2\.0 s, 1:38 left {2}reward 0\.51 {2}peak 1\.2 GB$/);
  assert.match(lines[2], /reward 0\.53 {2}eval_reward 0\.75 {2}250 tokens\/s {2}peak 1\.2 GB$/);
});

Deno.test("withProgress() forgets slow steps of long ago in its tokens a second", async () => {
  const { lines } = await terminalOf({
    first: 1,
    last: 30,
    total: 30,
    metrics: (step) => ({ loss: 1, num_tokens: step <= 15 ? step : 15 + (step - 15) * 2000 }),
  });
  assert.match(lines[29], / 1,000 tokens\/s /);
});

Deno.test("withProgress() ends its line when the consumer stops, and when the trainer fails", async () => {
  const { lines, passed } = await terminalOf({ first: 1, last: 4, total: 4 }, { stopAfter: 1 });
  assert.equal(passed.length, 1);
  assert.match(lines.at(-1)!, /25% .*\n$/);

  let written = "";
  async function* failing(): AsyncGenerator<ProgressStep> {
    yield await Promise.resolve({ step: 1, totalSteps: 2, metrics: { loss: 1 } });
    throw new Error("the loss is NaN");
  }
  const shown = withProgress(failing(), { style: "plain", write: (text) => written += text });
  await assert.rejects(async () => {
    for await (const _ of shown);
  }, /the loss is NaN/);
  assert.match(written, /1\/2 .*loss 1 .*\n$/);
});

Deno.test("withProgress() ends with a warning, not an error, when the display fails, and draws nothing for no steps", async () => {
  const warnings: unknown[] = [];
  const warn = console.warn;
  console.warn = (...message: unknown[]) => warnings.push(message.join(" "));
  let passed = 0;
  const write = () => {
    throw new Error("broken pipe");
  };
  try {
    for await (const _ of withProgress(trainer({ first: 1, last: 3, total: 3, tick: () => {} }), { write })) passed++;
    for await (const _ of withProgress(trainer({ first: 1, last: 0, total: 0, tick: () => {} }), { write })) passed++;
  } finally {
    console.warn = warn;
  }
  assert.equal(passed, 3);
  assert.deepEqual(warnings, ["the progress bar could not be drawn: Error: broken pipe"]);
});

Deno.test("withProgress() updates one output of a notebook's cell, with the notes above the bar", async () => {
  await using folder = await tempFolder();
  const path = await writeTestNotebook(folder.path, [
    `import { withProgress } from "${NOTEBOOK_LIB}";
async function* trainer() {
  for (let step = 1; step <= 30; step++) {
    yield { step, totalSteps: 30, metrics: { loss: 1 / step, num_tokens: step }, notes: step % 10 ? [] : ["saved <" + step + ">"] };
  }
}
for await (const _ of withProgress(trainer(), { label: "SFT" }));`,
  ]);
  const output = join(folder.path, "out.ipynb");
  await runNotebook({ path, output });
  const [outputs] = await outputsOf(output);
  assert.equal(outputs.length, 1);
  const data = (outputs[0] as { data: Record<string, string> }).data;
  const lines = data["text/plain"].split("\n");
  assert.deepEqual(lines.slice(0, 3), ["step 10: saved <10>", "step 20: saved <20>", "step 30: saved <30>"]);
  assert.match(lines[3], /^SFT .* 100% {2}30\/30 .* loss 0\.03333 .* peak \d+/);
  assert.equal(lines.length, 4);
  assert.ok(data["text/html"].includes("saved &lt;10&gt;"));
});

Deno.test("peakMemory() never falls and counts memory that has been given back", () => {
  const before = peakMemory();
  assert.ok(before > 10e6, `${before} bytes`);
  let block: Uint8Array | undefined = new Uint8Array(200e6).fill(1);
  assert.equal(block[5], 1);
  block = undefined;
  const after = peakMemory();
  assert.ok(after >= before && after >= 200e6, `${after} bytes`);
  assert.equal(peakMemory() >= after, true);
});

Deno.test("formatBytes() says megabytes or gigabytes", () => {
  assert.deepEqual([0, 512e6, 999.4e6, 1.44e9, 141e9].map(formatBytes), [
    "0 MB",
    "512 MB",
    "999 MB",
    "1.4 GB",
    "141.0 GB",
  ]);
});
