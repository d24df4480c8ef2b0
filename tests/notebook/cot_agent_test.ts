/** Notebook 07 without adapters, and with a model behind an endpoint; CI runs it with the house model. */
import assert from "node:assert/strict";
import { chatServer, eventStream } from "../agent/chat/chat_server.ts";
import { delta } from "../agent/chat/openai_endpoint.ts";
import { shippedNotebook } from "./shipped_notebook.ts";
import { tempFolder } from "./temp_notebook.ts";

const { fromNotebook, smoke } = await shippedNotebook("07");

/** Runs the notebook at smoke size; gives what it shows as text, and what its run kept. */
async function run(folder: string, parameters: Record<string, string | number | boolean> = {}) {
  const outputs = `${folder}/outputs`;
  const text = await smoke({ outputs: fromNotebook(outputs), ...parameters });
  const path = `${outputs}/07-cot-agent-001`;
  const json = async (name: string) => JSON.parse(await Deno.readTextFile(`${path}/${name}.json`));
  return { text, path, results: await json("results"), conversation: await json("conversation") };
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
  const said = [
    delta({ role: "assistant", content: "Let me " }),
    delta({ content: "see." }),
    delta({}, "stop"),
    "[DONE]",
  ];
  await using server = chatServer(eventStream(said));
  const { text, results } = await run(folder.path, {
    endpoint: `${server.origin}/v1`,
    model: "tiny",
  });
  assert.match(text, /\ntiny; /);
  assert.deepEqual(Object.keys(results.measured), ["base model", "adapters for reasoning"]);
  const asked = server.asked.map(({ body }) => body);
  assert.ok(asked.some(({ tools }) => Array.isArray(tools) && tools.length === 7));
  assert.ok(asked.some(({ messages }) => String(JSON.stringify(messages)).includes("Think between")));
});
