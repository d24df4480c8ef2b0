/** Notebook 06 as a whole: with the house model, and with a model behind an endpoint. */
import assert from "node:assert/strict";
import { CellError } from "../../lib/notebook/run.ts";
import { type Asked, chatServer, eventStream } from "../agent/chat/chat_server.ts";
import { delta, part, USAGE } from "../agent/chat/openai_endpoint.ts";
import { shippedNotebook } from "./shipped_notebook.ts";
import { tempFolder } from "./temp_notebook.ts";

const { fromNotebook, smoke } = await shippedNotebook("06");

/** Runs the notebook at smoke size; gives what it shows as text, and the folder of its run. */
async function run(folder: string, parameters: Record<string, string | number | boolean>) {
  const outputs = `${folder}/outputs`;
  const text = await smoke({ outputs: fromNotebook(outputs), cases: 8, ...parameters });
  return { text, path: `${outputs}/06-basic-agent-001` };
}

async function readLines(path: string): Promise<Record<string, unknown>[]> {
  return (await Deno.readTextFile(path)).trimEnd().split("\n").map((line) => JSON.parse(line));
}

Deno.test("notebook 06 goes through a request by hand and by the agent, and keeps what it measured", async () => {
  await using folder = await tempFolder();
  const { text, path } = await run(folder.path, {});
  assert.match(text, /turn 1: the model writes\n<tool_call>\n\{"name": "weather", "arguments": \{"city": "Cairo"\}\}/);
  assert.match(text, /read as: call of weather, call of weather/);
  assert.match(text, /answer: In Cairo it is warmer by 22 degrees\./);
  assert.match(text, /\d+ +3 +stop +answered after 3 steps, 59 tokens/);
  assert.match(text, /open_page\(\{"address":"https:[^\n]*refused \(address after untrusted text\)/);
  assert.match(text, /the right tools with the right arguments +8 +\d/);
  const results = JSON.parse(await Deno.readTextFile(`${path}/results.json`));
  assert.equal(results.byKind.tool.calls.count, 8);
  assert.equal(results.endings.length, 11);
  assert.equal((await readLines(`${path}/cases.jsonl`)).length, 8);
  const events = await readLines(`${path}/events.jsonl`);
  assert.deepEqual(events.flatMap(({ type, call }) => type === "call" ? (call as { name: string }).name : []), [
    "weather",
    "weather",
    "calculator",
  ]);
  for (const ending of ["svg", "png"]) assert.ok((await Deno.stat(`${path}/tool-use.${ending}`)).size > 0);
});

/** A model that asks for the weather in Oslo whenever the weather is asked for, and reads out what comes of it. */
function replyOf({ body }: Asked): Response {
  const { messages, tools = [] } = body as {
    messages: { role: string; content: string }[];
    tools?: { function: { name: string } }[];
  };
  const { role, content } = messages.at(-1)!;
  const hasWeather = tools.some(({ function: { name } }) => name === "weather");
  if (role === "user" && hasWeather && /warm|weather/.test(content)) {
    const call = part(0, "call_of_the_endpoint", "weather", '{"city":"Oslo"}');
    return eventStream([call, delta({}, "tool_calls"), USAGE, "[DONE]"])();
  }
  const text = role === "tool" ? `It says: ${content}` : "I cannot help with that.";
  return eventStream([delta({ content: text }), delta({}, "stop"), USAGE, "[DONE]"])();
}

Deno.test("notebook 06 asks a model behind an endpoint", async () => {
  await using folder = await tempFolder();
  await using server = chatServer(() => replyOf(server.asked.at(-1)!));
  const { text, path } = await run(folder.path, {
    provider: "openai",
    model: "somebody/some-model",
    baseURL: `${server.origin}/v1`,
    question: "How warm is it?",
  });
  assert.ok(text.includes(`somebody/some-model at ${server.origin}/v1`));
  assert.match(text, /the request, about \d+ tokens/);
  assert.doesNotMatch(text, /the model writes/);
  assert.match(text, /answer: It says: \{"city":"Oslo","temperature":7/);
  assert.match(text, /\d+ +2 +stop +answered after 2 steps, 14 tokens/);
  assert.ok(server.asked.every(({ body }) => body.model === "somebody/some-model"));
  const [first] = await readLines(`${path}/events.jsonl`);
  assert.deepEqual(first.call, { id: "call_of_the_endpoint", name: "weather", arguments: { city: "Oslo" } });
});

Deno.test("notebook 06 says which endpoint does not answer", async () => {
  await using folder = await tempFolder();
  await using server = chatServer(() => Response.json({ error: { message: "no such model" } }, { status: 404 }));
  await assert.rejects(
    run(folder.path, { provider: "openai", model: "none", baseURL: `${server.origin}/v1` }),
    (error) => error instanceof CellError && /model "none": [^]*no such model/.test(error.message),
  );
});
