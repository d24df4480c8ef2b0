import assert from "node:assert/strict";
import { join } from "node:path";
import { createLora, saveAdapter } from "../../lib/adapters/mod.ts";
import { memorySessionStore } from "../../lib/agent/memory/mod.ts";
import { createEngine } from "../../lib/engine/mod.ts";
import { loadModel } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { type Engine, medicalBackend, openEngine } from "../../lib/serve/mod.ts";
import { HOUSE_MODEL } from "../support/house_model.ts";
import { inFolder } from "../support/in_folder.ts";
import { errorOf, type TestService, withService } from "./http/running.ts";

async function withAgent(
  run: (service: TestService, engine: Engine) => Promise<void>,
  { embedder }: { embedder?: string } = {},
): Promise<void> {
  await inFolder(async (folder) => {
    const adapter = join(folder, "doctor");
    await saveNewAdapter(adapter);
    const engine = await openEngine({ model: HOUSE_MODEL, adapters: { doctor: adapter }, embedder, threads: 1 });
    const store = memorySessionStore();
    const chat = await medicalBackend({ models: { engine }, store, form: "house" });
    try {
      await withService({ engine, chat }, (service) => run(service, engine));
    } finally {
      await chat.dispose();
      await engine.dispose();
      store.close();
    }
  });
}

/** An adapter that changes nothing, as every new one. */
async function saveNewAdapter(folder: string): Promise<void> {
  const engine = await createEngine();
  const model = await loadModel(HOUSE_MODEL, { engine });
  const adapter = await createLora(model, new Random("served"), { r: 2 });
  await saveAdapter(model, adapter, folder, { baseModel: HOUSE_MODEL });
  adapter.factors.forEach((factor) => factor.dispose());
  await model.dispose();
  await engine.dispose();
}

interface Answer {
  session_id: string;
  outcome: string;
  message: { content: string; id: string; evidence?: unknown[]; extra: { model?: string } };
}

async function asked(service: TestService, body: object): Promise<Answer> {
  const response = await service.post("/chat", body);
  assert.equal(response.status, 200);
  return await response.json();
}

const QUESTION = "What helps against a tension headache?";

Deno.test("the medical agent answers over HTTP, by the base model and by an adapter, many at a time", async () => {
  await withAgent(async (service, engine) => {
    const answers = await Promise.all([
      asked(service, { message: QUESTION }),
      asked(service, { message: QUESTION, model: "doctor" }),
      asked(service, { message: QUESTION, model: "kiln-tiny", mode: "evidence" }),
      asked(service, { message: "I am 30 and allergic to penicillin." }),
      asked(service, { message: "My chest hurts badly and my left arm is numb." }),
    ]);
    const [base, adapter, evidence, told, emergency] = answers;
    assert.equal(new Set(answers.map(({ session_id }) => session_id)).size, 5);
    assert.deepEqual([base, adapter].map(({ message }) => message.extra.model), ["kiln-tiny", "doctor"]);
    assert.equal(adapter.message.content, base.message.content, "a new adapter changes nothing");
    assert.ok((evidence.message.evidence ?? []).length > 0);
    assert.deepEqual([told.outcome, emergency.outcome], ["remembered", "emergency"]);
    const wrong = await errorOf(await service.post("/chat", { message: QUESTION, model: "nobody" }));
    assert.deepEqual([wrong.status, wrong.code], [404, "model_not_found"]);
    const stats = await engine.stats();
    assert.deepEqual([stats.activeRows, stats.waiting, service.service.inService], [0, 0, 0]);
    assert.ok(stats.embeddings.texts > 100, "what is searched is embedded in the engine's worker");
  }, { embedder: "kiln-embed" });
});

Deno.test("a client that leaves ends the agent's work, and a turn is kept whole or not at all", async () => {
  await withAgent(async (service, engine) => {
    const { session_id } = await asked(service, { message: "I am 30." });
    for (let i = 0; i < 8; i++) {
      const abort = new AbortController();
      const ask = { message: QUESTION, session_id, stream: true };
      const response = await service.post("/chat", ask, { signal: abort.signal });
      const reader = response.body!.getReader();
      // Another place to stop at each time.
      for (let events = 0; events <= i; events++) await reader.read();
      abort.abort();
      await reader.read().catch(() => {});
    }
    const { message } = await asked(service, { message: "How old am I?", session_id });
    assert.match(message.content, /30/);
    const session = await (await fetch(`${service.url}/history/${session_id}`)).json();
    const roles = session.messages.map(({ role }: { role: string }) => role);
    assert.deepEqual(roles, roles.map((_: string, i: number) => i % 2 === 0 ? "user" : "assistant"));
    // Those that were left after their first event cannot have been written.
    assert.ok(roles.length >= 4 && roles.length <= 2 * 2 + 2 * 7, `${roles.length} messages`);
    const stats = await engine.stats();
    assert.deepEqual([stats.activeRows, stats.waiting, service.service.inService], [0, 0, 0]);
  });
});
