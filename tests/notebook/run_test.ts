import assert from "node:assert/strict";
import { join } from "node:path";
import { KernelDiedError } from "../../lib/notebook/kernel.ts";
import { CellError, CellTimeoutError, type RunEvent, runNotebook } from "../../lib/notebook/run.ts";
import { isRunning, NOTEBOOK_LIB, outputsOf, streamText, tempFolder, writeTestNotebook } from "./temp_notebook.ts";

const PARAMETERS_CELL = {
  tags: ["parameters"],
  source: `import { z } from "zod";
import { parameters } from "${NOTEBOOK_LIB}";
const options = parameters(
  z.object({ model: z.string(), steps: z.number().int().positive(), rate: z.number() }),
  { full: { model: "tiny", steps: 100, rate: 0.5 }, smoke: { steps: 2 } },
);`,
};

Deno.test("runNotebook() runs every cell in order and writes the executed notebook", async () => {
  await using folder = await tempFolder();
  const path = await writeTestNotebook(folder.path, [
    `const greeting: string = "grüße 🌍"; console.log(greeting);`,
    "",
    `console.error(greeting.length); ({ answer: 42 })`,
  ]);
  const output = join(folder.path, "out", "01_test.ipynb");
  const events: RunEvent[] = [];
  const before = await Deno.readTextFile(path);
  await runNotebook({ path, output, onEvent: (event) => events.push(event) });

  const [first, empty, last] = await outputsOf(output);
  assert.deepEqual(first, [{ output_type: "stream", name: "stdout", text: "grüße 🌍\n" }]);
  assert.deepEqual(empty, []);
  assert.deepEqual(last, [
    { output_type: "stream", name: "stderr", text: "8\n" },
    { output_type: "execute_result", execution_count: 2, data: { "text/plain": "{ answer: 42 }" }, metadata: {} },
  ]);
  assert.equal(await Deno.readTextFile(path), before);
  assert.deepEqual(
    events.flatMap((event) =>
      event.type.startsWith("cell") && "cell" in event ? [`${event.type} ${event.cell.number}`] : []
    ),
    ["cellStarted 1", "cellFinished 1", "cellStarted 2", "cellFinished 2"],
  );
  const started = events.find((event) => event.type === "cellStarted" && event.cell.number === 2);
  assert(
    started?.type === "cellStarted" && started.cell.index === 2 && started.cell.firstLine.startsWith("console.error"),
  );
  assert(events.some((event) => event.type === "stream" && event.text === "grüße 🌍\n"));
});

Deno.test("runNotebook() gives the same bytes when run again", async () => {
  await using folder = await tempFolder();
  const path = await writeTestNotebook(folder.path, ["console.log(1);", "2"]);
  const outputs = [join(folder.path, "a.ipynb"), join(folder.path, "b.ipynb")];
  for (const output of outputs) await runNotebook({ path, output });
  await runNotebook({ path: outputs[1], output: outputs[1] });
  const [a, b] = await Promise.all(outputs.map((output) => Deno.readTextFile(output)));
  assert.equal(a, b);
});

Deno.test("runNotebook() stops at a failing cell with its place and keeps the outputs until then", async () => {
  await using folder = await tempFolder();
  const path = await writeTestNotebook(folder.path, [
    "console.log('before', Deno.pid);",
    `function f(): never {\n  throw new TypeError("boo");\n}\nf();`,
    "console.log('never');",
  ]);
  const output = join(folder.path, "out.ipynb");
  const error = await runNotebook({ path, output }).then(() => undefined, (error) => error);
  assert(error instanceof CellError);
  assert.equal(error.message, "code cell 2 of 3 (function f(): never {) failed: TypeError: boo");
  assert.deepEqual([error.cell.index, error.ename, error.evalue], [1, "TypeError", "boo"]);
  assert.match(error.traceback.join("\n"), /at f /);
  const [before, failed, never] = await outputsOf(output);
  assert(failed.length === 1 && failed[0].output_type === "error" && failed[0].evalue === "boo");
  assert.deepEqual(never, []);
  assert(!await isRunning(Number(streamText(before).split(" ")[1])));
});

Deno.test("runNotebook() leaves a notebook that it runs in place alone when a cell fails", async () => {
  await using folder = await tempFolder();
  const path = await writeTestNotebook(folder.path, ["1", "throw 5"]);
  const before = await Deno.readTextFile(path);
  await assert.rejects(runNotebook({ path, output: path }), /failed: Error: 5/);
  assert.equal(await Deno.readTextFile(path), before);
});

Deno.test("runNotebook() says where a cell does not parse", async () => {
  await using folder = await tempFolder();
  const path = await writeTestNotebook(folder.path, ["const a = 1;\nconst b = ;"]);
  const output = join(folder.path, "out.ipynb");
  await assert.rejects(
    runNotebook({ path, output }),
    /SyntaxError: Expression expected[\s\S]*line 2, column 11 of the cell/,
  );
  const [[shown]] = await outputsOf(output);
  assert(shown.output_type === "error" && shown.ename === "SyntaxError");
});

Deno.test("runNotebook() ends a cell that takes too long, whether it waits or computes, and the kernel with it", async () => {
  await using folder = await tempFolder();
  const endless = ["await new Promise((resolve) => setTimeout(resolve, 1e6));", "while (true);"];
  await Promise.all(endless.map(async (statement, i) => {
    const path = await writeTestNotebook(folder.path, [`console.log(Deno.pid); ${statement}`], `0${i}_endless.ipynb`);
    const output = join(folder.path, `out${i}.ipynb`);
    await assert.rejects(
      runNotebook({ path, output, cellTimeout: 1.5 }),
      (error) =>
        error instanceof CellTimeoutError && error.cell.number === 1 && /longer than 1.5 s/.test(error.message),
    );
    const [outputs] = await outputsOf(output);
    assert.match(streamText(outputs), /^\d+\n$/);
    assert(!await isRunning(Number(streamText(outputs))));
  }));
});

Deno.test("runNotebook() stops with the signal's reason", async () => {
  await using folder = await tempFolder();
  const path = await writeTestNotebook(folder.path, ["console.log(Deno.pid); while (true);", "console.log('never');"]);
  const controller = new AbortController();
  let pid = 0;
  const run = runNotebook({
    path,
    signal: controller.signal,
    onEvent: (event) => {
      if (event.type !== "stream") return;
      pid = Number(event.text);
      controller.abort(new Error("enough of it"));
    },
  });
  await assert.rejects(run, /enough of it/);
  assert(pid > 0 && !await isRunning(pid));
  await assert.rejects(
    runNotebook({ path, signal: AbortSignal.abort(new Error("before it began")) }),
    /before it began/,
  );
});

Deno.test("runNotebook() reports a kernel that ends by itself", async () => {
  await using folder = await tempFolder();
  const path = await writeTestNotebook(folder.path, ["Deno.exit(7)"]);
  await assert.rejects(
    runNotebook({ path }),
    (error) => error instanceof KernelDiedError && /code 7/.test(error.message),
  );
});

Deno.test("runNotebook() hands size and parameters to the parameters cell", async () => {
  await using folder = await tempFolder();
  const path = await writeTestNotebook(folder.path, [PARAMETERS_CELL, "console.log(JSON.stringify(options))"]);
  const output = join(folder.path, "out.ipynb");
  const run = async (options: { size?: string; parameters?: Record<string, string | number> }) => {
    await runNotebook({ path, output, ...options });
    return JSON.parse(streamText((await outputsOf(output))[1]));
  };
  assert.deepEqual(await run({}), { model: "tiny", steps: 100, rate: 0.5 });
  assert.deepEqual(await run({ size: "smoke", parameters: { rate: "0.25", model: "7" } }), {
    model: "7",
    steps: 2,
    rate: 0.25,
  });
  await assert.rejects(
    run({ parameters: { stepz: 3 } }),
    /ParametersError: wrong parameters:\n- stepz: .*did you mean steps/,
  );
});

Deno.test("runNotebook() refuses parameters for a notebook that takes none", async () => {
  await using folder = await tempFolder();
  const path = await writeTestNotebook(folder.path, ["1"]);
  await assert.rejects(runNotebook({ path, size: "smoke" }), /no cell tagged "parameters"/);
});

Deno.test("the display helpers show HTML with plain text, escaped, and update in place", async () => {
  await using folder = await tempFolder();
  const path = await writeTestNotebook(folder.path, [
    `import { html, liveDisplay, progressBar, showHtml, showSvg, showTable } from "${NOTEBOOK_LIB}";
await showTable([{ name: "<script>", value: 1 / 3 }]);
await showHtml(html\`<b>\${"a & b"}</b>\`, "a & b");
await showSvg('<?xml version="1.0"?>\\n<svg xmlns="http://www.w3.org/2000/svg"></svg>', "a chart");`,
    `const line = liveDisplay();
for (let step = 0; step < 5; step++) await line.showText(\`step \${step}\`);
const progress = progressBar(3, { label: "training" });
progress.update(1);
await progress.finish("done");`,
    `await line.showText("from another cell");
await Deno.jupyter.broadcast("display_data", { data: { "text/plain": "gone" }, metadata: {} });
await Deno.jupyter.broadcast("clear_output", { wait: true });
await Deno.jupyter.broadcast("display_data", { data: { "text/plain": "stays" }, metadata: {} });`,
  ]);
  const output = join(folder.path, "out.ipynb");
  await runNotebook({ path, output });
  const cells = await outputsOf(output);
  const shown = cells.map((outputs) => outputs.map((output) => "data" in output ? output.data : output));
  assert.deepEqual(shown[0].slice(1), [
    { "text/html": "<b>a &amp; b</b>", "text/plain": "a & b" },
    { "text/html": '<svg xmlns="http://www.w3.org/2000/svg"></svg>', "text/plain": "a chart" },
  ]);
  const table = shown[0][0] as Record<string, string>;
  assert.deepEqual(Object.keys(table).sort(), ["text/html", "text/plain"]);
  assert(table["text/html"].includes("&lt;script&gt;") && !table["text/html"].includes("<script>"));
  assert.match(table["text/plain"], /<script> +0\.3333/);
  assert.deepEqual(shown[1][0], { "text/html": "<pre>from another cell</pre>", "text/plain": "from another cell" });
  assert.equal(shown[1].length, 2);
  assert.match((shown[1][1] as Record<string, string>)["text/plain"], /^training .* 33% +1\/3 .* done$/);
  assert.deepEqual(shown[2], [{ "text/plain": "stays" }]);
});
