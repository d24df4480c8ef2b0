/** Notebook 11 with a model behind an endpoint; CI runs it with the house model. */
import assert from "node:assert/strict";
import { wholeReply } from "../agent/chat/openai_endpoint.ts";
import { shippedNotebook } from "./shipped_notebook.ts";
import { tempFolder } from "./temp_notebook.ts";

const { fromNotebook, smoke } = await shippedNotebook("11");

/** Runs the notebook at smoke size; gives what it shows as text, and what its run kept. */
async function run(folder: string, parameters: Record<string, string | number | boolean> = {}) {
  const outputs = `${folder}/outputs`;
  const text = await smoke({ outputs: fromNotebook(outputs), ...parameters });
  const path = `${outputs}/11-medical-agent-001`;
  const json = async (name: string) => JSON.parse(await Deno.readTextFile(`${path}/${name}.json`));
  return { text, path, results: await json("results"), conversation: await json("conversation") };
}

Deno.test("notebook 11 measures each part, heeds memory and edits, and keeps what happened", async () => {
  await using folder = await tempFolder();
  const { text, path, results, conversation } = await run(folder.path);
  assert.match(text, /kiln-tiny; 105 articles/);
  assert.match(text, /no, message 1: "I am not pregnant"/);
  assert.match(text, /Allergies: sulfa drugs \(your edit\)\./);
  assert.match(text, /avoid ibuprofen|NSAIDs should be avoided/);
  assert.match(text, /stopped by the person/);
  assert.deepEqual(Object.keys(results.reflection), ["rules", "model", "model and rules"]);
  assert.equal(results.reflection["model and rules"].all.cases, 5);
  assert.ok(results.retrieval["rewritten, checked"].means["recall@5"].mean >= 0.5);
  const outcomes = results.safety.map(({ outcome }: { outcome: string }) => outcome);
  assert.equal(outcomes.filter((outcome: string) => outcome === "emergency").length, 4);
  assert.equal(conversation.profile.pregnant.value, true);
  assert.equal(conversation.profile.conflicts.length, 1);
  for (const name of ["retrieval.svg", "reflection.svg", "timeline.png"]) {
    assert.ok((await Deno.stat(`${path}/${name}`)).size > 0);
  }
});

Deno.test("notebook 11 asks a model behind an endpoint", async () => {
  await using folder = await tempFolder();
  const seen: string[] = [];
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const { messages } = await request.json();
    const system = String(messages[0].content);
    seen.push(system);
    const reply = /careful medical assistant/.test(system)
      ? "NSAIDs relieve joint pain [1]."
      : /^You audit/.test(system)
      ? '{"verdict": "pass", "problems": []}'
      : "{}";
    const events = wholeReply(reply).map((event) =>
      `data: ${typeof event === "string" ? event : JSON.stringify(event)}\n\n`
    );
    return new Response(events.join(""), { headers: { "content-type": "text/event-stream" } });
  });
  const { text, results } = await run(folder.path, {
    endpoint: `http://127.0.0.1:${server.addr.port}/v1`,
    model: "tiny",
  });
  assert.match(text, /\ntiny; 105 articles/);
  assert.ok(seen.some((system) => /careful medical assistant/.test(system)));
  assert.ok(results.stages.some(({ stage }: { stage: string }) => stage === "critique"));
});
