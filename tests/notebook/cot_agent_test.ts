/** Notebook 07 without adapters, and with a model behind an endpoint; CI runs it with the house model. */
import assert from "node:assert/strict";
import { dirname, relative } from "node:path";
import { findNotebook } from "../../lib/notebook/find_notebook.ts";
import type { Output } from "../../lib/notebook/nbformat.ts";
import { runNotebook } from "../../lib/notebook/run.ts";
import { tempFolder } from "./temp_notebook.ts";

const NOTEBOOK = await findNotebook("07");

/** Runs the notebook at smoke size; gives what it shows as text, and what its run kept. */
async function run(folder: string, parameters: Record<string, string | number | boolean> = {}) {
  const outputs = `${folder}/outputs`;
  const { cells } = await runNotebook({
    path: NOTEBOOK,
    size: "smoke",
    parameters: { outputs: relative(dirname(NOTEBOOK), outputs), ...parameters },
  });
  const text = cells.flatMap((cell) => cell.cell_type === "code" ? cell.outputs.map(textOf) : []).join("\n");
  const path = `${outputs}/07-cot-agent-001`;
  const json = async (name: string) => JSON.parse(await Deno.readTextFile(`${path}/${name}.json`));
  return { text, path, results: await json("results"), conversation: await json("conversation") };
}

function textOf(output: Output): string {
  if (output.output_type === "stream") return output.text;
  return "data" in output ? String(output.data["text/plain"] ?? "") : "";
}

Deno.test("notebook 07 goes on with the base model where no earlier run left an adapter, and keeps what happened", async () => {
  await using folder = await tempFolder();
  const { text, path, results, conversation } = await run(folder.path);
  assert.match(text, /math: the base model goes on without one \(since there is no run called 01-grpo-gsm8k/);
  assert.match(text, /medical: the base model goes on without one \(since there is no run called 02-medical-cot-sft/);
  assert.match(text, /every call with its result/);
  assert.match(text, /add_note +\{"text":"owned"\} +side effects +false/);
  const reasons = new Set(results.failures.map(({ reason }: { reason: string }) => reason));
  for (
    const reason of ["answered", "repeating", "step limit", "invalid calls", "time limit", "aborted", "model failed"]
  ) {
    assert.ok(reasons.has(reason), reason);
  }
  assert.deepEqual(Object.keys(results.measured), [
    "base model",
    "adapters for reasoning",
    "adapters for everything",
    "no tool router",
  ]);
  for (const { events } of conversation) assert.equal(events.at(-1).type, "answer");
  for (const name of ["timeline.svg", "timeline.png", "accuracy.svg"]) {
    assert.ok((await Deno.stat(`${path}/${name}`)).size > 0);
  }
});

Deno.test("notebook 07 asks a model behind an endpoint, which decides by itself", async () => {
  await using folder = await tempFolder();
  const asked: { messages: { role: string }[]; tools?: unknown[] }[] = [];
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    asked.push(await request.json());
    const part = (delta: object, finish_reason: string | null) =>
      `data: ${
        JSON.stringify({
          id: "1",
          object: "chat.completion.chunk",
          created: 1,
          model: "tiny",
          choices: [{ index: 0, delta, finish_reason }],
        })
      }\n\n`;
    const whole = [
      part({ role: "assistant", content: "Let me " }, null),
      part({ content: "see." }, null),
      part({}, "stop"),
    ];
    return new Response([...whole, "data: [DONE]\n\n"].join(""), { headers: { "content-type": "text/event-stream" } });
  });
  const { text, results } = await run(folder.path, {
    endpoint: `http://127.0.0.1:${server.addr.port}/v1`,
    model: "tiny",
  });
  assert.match(text, /\ntiny; /);
  assert.deepEqual(Object.keys(results.measured), ["base model", "adapters for reasoning"]);
  assert.ok(asked.some(({ tools }) => tools !== undefined && tools.length === 7));
  assert.ok(asked.some(({ messages }) => String(JSON.stringify(messages)).includes("Think between")));
});
