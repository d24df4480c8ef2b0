import assert from "node:assert/strict";
import { DenoKernel, KernelDiedError } from "../../lib/notebook/kernel.ts";
import type { Published } from "../../lib/notebook/messages.ts";
import { isGoneSoon, isRunning, tempFolder } from "./temp_notebook.ts";

/** The text that the messages printed. */
function printed(messages: readonly Published[]): string {
  return messages.map((message) => message.type === "stream" ? message.content.text : "").join("");
}

Deno.test("DenoKernel.execute() runs TypeScript, keeps variables and reports what is published", async () => {
  await using folder = await tempFolder();
  await using kernel = await DenoKernel.start({ cwd: folder.path, env: { KILN_TEST: "from the runner" } });
  const messages: Published[] = [];
  assert.deepEqual(await kernel.execute("const x: number = 20;", () => {}), { status: "ok", execution_count: 1 });
  const reply = await kernel.execute(
    `console.log(Deno.env.get("KILN_TEST"), "naïve 🙂"); x + 1`,
    (m) => messages.push(m),
  );
  assert.deepEqual(reply, { status: "ok", execution_count: 2 });
  assert.equal(printed(messages), "from the runner naïve 🙂\n");
  const result = messages.find((message) => message.type === "execute_result");
  assert.deepEqual(result?.content.data, { "text/plain": "21" });
  const failed = await kernel.execute(`throw new RangeError("too far")`, () => {});
  assert(failed.status === "error" && failed.ename === "RangeError" && failed.evalue === "too far");
});

// Larger ones, of several megabytes, the kernel of Deno 2.9 itself mixes with the next message when the connection is full.
Deno.test("DenoKernel loses none of several hundred outputs, large ones among them", async () => {
  await using kernel = await DenoKernel.start({ cwd: "." });
  const messages: Published[] = [];
  await kernel.execute(
    `const megabytes = "x".repeat(1_000_000);
     console.log(megabytes);
     for (let i = 0; i < 500; i++) Deno.jupyter.broadcast("display_data", { data: { "text/plain": String(i) }, metadata: {} });
     for (let i = 0; i < 500; i++) console.log(i);
     await Deno.jupyter.broadcast("display_data", { data: { "text/html": megabytes }, metadata: {} });
     void Promise.resolve().then(() => console.log("late"));`,
    (message) => messages.push(message),
  );
  const displays = messages.flatMap((message) => message.type === "display_data" ? [message.content.data] : []);
  const numbers = Array.from({ length: 500 }, (_, i) => String(i));
  assert.deepEqual(displays.slice(0, 500).map((data) => data["text/plain"]), numbers);
  assert.equal((displays[500]["text/html"] as string).length, 1_000_000);
  const lines = printed(messages).trimEnd().split("\n");
  assert.equal(lines[0].length, 1_000_000);
  assert.deepEqual(lines.slice(1), [...numbers, "late"]);
});

Deno.test("DenoKernel.stop() ends a kernel that computes forever, and what its cells started", async () => {
  const kernel = await DenoKernel.start({ cwd: "." });
  let text = "";
  const running = kernel.execute(
    `const child = new Deno.Command(Deno.execPath(), { args: ["eval", "setInterval(() => {}, 1e6)"], stdin: "null" }).spawn();
     console.log(child.pid);
     while (true);`,
    (message) => text += printed([message]),
  );
  const failure = assert.rejects(running, KernelDiedError);
  while (!text.includes("\n")) await new Promise((resolve) => setTimeout(resolve, 5));
  const child = Number(text);
  assert(await isRunning(kernel.pid) && await isRunning(child));
  await kernel.stop();
  await failure;
  assert(!await isRunning(kernel.pid));
  assert(await isGoneSoon(child));
});

Deno.test("DenoKernel.execute() rejects with the exit code when the process ends, and ever after", async () => {
  await using kernel = await DenoKernel.start({ cwd: "." });
  await assert.rejects(kernel.execute("Deno.exit(3)", () => {}), /KernelDiedError: the Deno kernel ended with code 3/);
  await assert.rejects(kernel.execute("1", () => {}), KernelDiedError);
});

Deno.test("DenoKernel.interrupt() breaks off a computing cell and the kernel goes on", async () => {
  await using kernel = await DenoKernel.start({ cwd: "." });
  let started = false;
  const running = kernel.execute(`console.log("x"); while (true);`, () => started = true);
  while (!started) await new Promise((resolve) => setTimeout(resolve, 5));
  await kernel.interrupt();
  assert.equal((await running).status, "error");
  assert.equal((await kernel.execute("1", () => {})).status, "ok");
});

Deno.test("DenoKernel.start() stops when the signal aborts, and fails when the folder is not there", async () => {
  const controller = new AbortController();
  const starting = DenoKernel.start({ cwd: ".", signal: controller.signal });
  setTimeout(() => controller.abort(new Error("enough")), 20);
  await assert.rejects(starting, /enough/);
  await assert.rejects(DenoKernel.start({ cwd: "no/such/folder" }), Deno.errors.NotFound);
});
