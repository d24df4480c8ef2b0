import assert from "node:assert/strict";
import { createParser } from "eventsource-parser";
import * as fc from "fast-check";
import {
  memorySessionStore,
  newSession,
  type Session,
  type SessionStore,
  withMessage,
} from "../../../lib/agent/memory/mod.ts";
import { ApiError, type ChatAgent, type ChatBackend } from "../../../lib/serve/http/mod.ts";
import { errorOf, type TestService, until, withService } from "./running.ts";

/** An agent that says the question again, after as many steps as it is told, and keeps both. */
function echoing(store: SessionStore, { steps = 2, pause = 0 } = {}): ChatBackend & { asked: (Session | string)[] } {
  const asked: (Session | string)[] = [];
  const agent = (model = "base"): ChatAgent => ({
    async *ask(message, { session, mode = "audited", signal }) {
      asked.push(session, message, mode, model);
      yield { type: "stage", stage: "draft", state: "begun" } as const;
      for (let i = 0; i < steps; i++) {
        await new Promise((resolve) => setTimeout(resolve, pause));
        signal?.throwIfAborted();
        yield { type: "text", text: `${i} ` } as const;
      }
      if (message === "fail") throw new Error("secret");
      const longer = (old: Session) =>
        withMessage(withMessage(old, { role: "user", content: message }), {
          role: "assistant",
          content: `You said: ${message}`,
        });
      const saved = store.update(session.id, longer) ?? longer(session);
      store.save(saved);
      yield { type: "answer" as const, message: saved.messages.at(-1)!, outcome: "answered", session: saved };
    },
  });
  return {
    store,
    asked,
    agent(model) {
      if (model === "unknown") throw new ApiError(404, "no such model", { param: "model" });
      return agent(model);
    },
  };
}

async function eventsOf(response: Response): Promise<[string | undefined, Record<string, unknown>][]> {
  assert.match(response.headers.get("content-type") ?? "", /^text\/event-stream/);
  const events: [string | undefined, Record<string, unknown>][] = [];
  createParser({ onEvent: ({ event, data }) => void events.push([event, JSON.parse(data)]) }).feed(
    await response.text(),
  );
  return events;
}

async function said(
  service: TestService,
  body: object,
): Promise<{ session_id: string; message: { content: string; id: string } }> {
  const response = await service.post("/chat", body);
  assert.equal(response.status, 200);
  return await response.json();
}

Deno.test("POST /chat answers as JSON, and goes on with the conversation that is named", async () => {
  const chat = echoing(memorySessionStore());
  await withService({ chat }, async (service) => {
    const first = await said(service, { message: "My head aches." });
    assert.equal(first.message.content, "You said: My head aches.");
    const second = await said(service, {
      message: "Since noon.",
      session_id: first.session_id,
      mode: "direct",
      model: "doctor",
    });
    assert.equal(second.session_id, first.session_id);
    assert.deepEqual(chat.asked.slice(5), ["Since noon.", "direct", "doctor"]);
    assert.deepEqual((chat.asked[4] as Session).messages.map(({ content }) => content), [
      "My head aches.",
      first.message.content,
    ]);
  });
});

Deno.test("POST /chat streams the session first, the agent's events by name, and done last", async () => {
  const chat = echoing(memorySessionStore());
  await withService({ chat }, async (service) => {
    const events = await eventsOf(await service.post("/chat", { message: "Hello", stream: true }));
    assert.deepEqual(events.map(([name]) => name), ["session", "stage", "text", "text", "answer", "done"]);
    assert.ok(events.every(([name, data]) => data.type === name));
    assert.deepEqual(Object.keys(events[4][1]), ["type", "message", "outcome"]);
    assert.equal(chat.store.load(String(events[0][1].session_id))?.messages.length, 2);
    const failing = await eventsOf(await service.post("/chat", { message: "fail", stream: true }));
    assert.deepEqual(failing.slice(-2).map(([name]) => name), ["error", "done"]);
    assert.equal(JSON.stringify(failing).includes("secret"), false);
    assert.match(service.logged[0], /secret/);
  });
});

Deno.test("POST /chat refuses what it cannot answer", async () => {
  await withService({ chat: echoing(memorySessionStore()) }, async (service) => {
    const wrong: [object, number, string | null][] = [
      [{}, 400, "message"],
      [{ message: " " }, 400, "message"],
      [{ message: "x".repeat(8001) }, 400, "message"],
      [{ message: "x", mode: "loud" }, 400, "mode"],
      [{ message: "x", session_id: "nobody" }, 404, null],
      [{ message: "x", session_id: "../../etc" }, 404, null],
      [{ message: "x", model: "unknown" }, 404, "model"],
      [{ message: "x", replace: "some" }, 400, "replace"],
    ];
    for (const [body, status, param] of wrong) {
      for (const stream of [false, true]) {
        const error = await errorOf(await service.post("/chat", { ...body, stream }));
        assert.deepEqual([error.status, error.param], [status, param], JSON.stringify(body).slice(0, 80));
      }
    }
    assert.equal(service.service.inService, 0);
  });
});

Deno.test("a question that replaces an earlier one takes back all that followed", async () => {
  const chat = echoing(memorySessionStore());
  await withService({ chat }, async (service) => {
    const { session_id } = await said(service, { message: "one" });
    await said(service, { message: "two", session_id });
    const { id } = chat.store.load(session_id)!.messages[2];
    const turns = { from: 1, to: 2 };
    chat.store.update(session_id, (old) => ({ ...old, summary: { text: "One and two.", turns, kind: "model" } }));
    await said(service, { message: "three", session_id, replace: id });
    assert.deepEqual(chat.store.load(session_id)?.messages.map(({ content }) => content), [
      "one",
      "You said: one",
      "three",
      "You said: three",
    ]);
    assert.equal(chat.store.load(session_id)?.summary, null);
    const error = await errorOf(await service.post("/chat", { message: "four", session_id, replace: id }));
    assert.deepEqual([error.status, error.param], [404, "replace"]);
  });
});

Deno.test("questions to one conversation wait for each other, and a third is refused", async () => {
  const chat = echoing(memorySessionStore(), { steps: 20, pause: 5 });
  chat.store.save(newSession({ id: "s" }));
  await withService({ chat }, async (service) => {
    const one = said(service, { message: "one", session_id: "s" });
    await until(() => chat.asked.length === 4, "the first to be asked");
    const two = said(service, { message: "two", session_id: "s" });
    await until(() => service.service.inService === 2, "the second to wait");
    const refused = await errorOf(await service.post("/chat", { message: "three", session_id: "s" }));
    assert.deepEqual([refused.status, refused.code], [409, "session_busy"]);
    await Promise.all([one, two]);
    assert.deepEqual(
      chat.store.load("s")?.messages.filter(({ role }) => role === "user").map(({ content }) => content),
      [
        "one",
        "two",
      ],
    );
  });
});

Deno.test("an answer ends when its client leaves, and the next question goes on at once", async () => {
  const chat = echoing(memorySessionStore(), { steps: 100_000, pause: 2 });
  chat.store.save(newSession({ id: "s" }));
  await withService({ chat }, async (service) => {
    const abort = new AbortController();
    const response = await service.post("/chat", { message: "one", session_id: "s", stream: true }, {
      signal: abort.signal,
    });
    await response.body?.getReader().read();
    abort.abort();
    const again = new AbortController();
    const next = await service.post("/chat", { message: "two", session_id: "s", stream: true }, {
      signal: again.signal,
    });
    assert.equal(next.status, 200);
    await until(() => chat.asked.includes("two"), "the next question to be asked");
    again.abort();
    await until(() => service.service.inService === 0, "nothing to be running");
    assert.deepEqual(chat.store.load("s")?.messages, []);
  });
});

Deno.test("the history lists, shows and deletes conversations; deleting one ends its answer", async () => {
  const chat = echoing(memorySessionStore(), { steps: 300, pause: 2 });
  await withService({ chat }, async (service) => {
    const begun = await service.post("/chat", { message: "My knee hurts when I run.", stream: true });
    const events = eventsOf(begun);
    const listed = async () => (await (await fetch(`${service.url}/history`)).json()).sessions;
    assert.deepEqual(await listed(), []);
    await events;
    const [{ id, title, messages, updated_at }] = await listed();
    assert.deepEqual([title, messages], ["My knee hurts when I run.", 2]);
    assert.ok(Date.parse(updated_at) > 0);
    const shown = await (await fetch(`${service.url}/history/${id}`)).json();
    assert.deepEqual(shown, chat.store.load(id));
    const next = eventsOf(await service.post("/chat", { message: "more", session_id: id, stream: true }));
    await until(() => service.service.inService === 1, "the answer to be written");
    const gone = await fetch(`${service.url}/history/${id}`, { method: "DELETE" });
    assert.deepEqual([gone.status, await gone.json()], [200, { id, deleted: true }]);
    const last = (await next).slice(-2);
    assert.deepEqual(last.map(([name]) => name), ["error", "done"]);
    assert.match(JSON.stringify(last), /deleted/);
    for (const method of ["GET", "DELETE"]) {
      assert.equal((await errorOf(await fetch(`${service.url}/history/${id}`, { method }))).status, 404);
    }
    assert.equal(chat.store.count(), 0);
  });
});

Deno.test("what is remembered can be changed and deleted, and answers rated", async () => {
  const chat = echoing(memorySessionStore());
  await withService({ chat }, async (service) => {
    const { session_id, message } = await said(service, { message: "Hello" });
    const memory = (method: string, body?: object, id = session_id) =>
      fetch(`${service.url}/memory/${id}`, {
        method,
        headers: { "content-type": "application/json" },
        body: body && JSON.stringify(body),
      });
    const patched = await memory("PATCH", { age: 41, allergies: ["penicillin"] });
    assert.equal(patched.status, 200);
    assert.equal((await patched.json()).profile.age.value, 41);
    assert.deepEqual(chat.store.load(session_id)?.profile.allergies.map(({ value }) => value), ["penicillin"]);
    const { profile } = await (await memory("PATCH", { age: null })).json();
    assert.equal(profile.age ?? null, null);
    for (const body of [{ age: "old" }, { height: 180 }, []]) {
      assert.equal((await errorOf(await memory("PATCH", body))).status, 400);
    }
    assert.equal((await errorOf(await memory("PATCH", { age: 41 }, "nobody"))).status, 404);
    assert.equal((await errorOf(await memory("PATCH", { summary: "Nothing yet" }))).param, "summary");
    chat.store.update(session_id, (stored) => ({
      ...stored,
      summary: { text: "You said: Hello", turns: { from: 1, to: 1 }, kind: "extractive" },
    }));
    const { summary } = await (await memory("PATCH", { summary: " I said hello. ", age: 42 })).json();
    assert.deepEqual(summary, { text: "I said hello.", turns: { from: 1, to: 1 }, kind: "edited" });
    await (await memory("PATCH", { summary: null })).body?.cancel();
    assert.equal(chat.store.load(session_id)?.summary?.text, "");
    const emptied = await (await memory("DELETE")).json();
    assert.deepEqual(emptied.profile.allergies, []);
    assert.equal((await errorOf(await memory("DELETE", undefined, "nobody"))).status, 404);

    const rate = (fields: object) =>
      service.post("/feedback", { session_id, message_id: message.id, rating: "up", ...fields });
    await (await rate({})).body?.cancel();
    assert.equal((await rate({ rating: "down", comment: "too short" })).status, 200);
    const { feedback } = chat.store.load(session_id)!;
    assert.deepEqual(feedback.map(({ messageId, rating, comment }) => [messageId, rating, comment]), [
      [message.id, "down", "too short"],
    ]);
    assert.equal((await errorOf(await rate({ rating: "great" }))).param, "rating");
    assert.equal((await errorOf(await rate({ message_id: "nothing" }))).status, 404);
    assert.equal((await errorOf(await rate({ session_id: "nobody" }))).status, 404);
  });
});

Deno.test("whatever JSON is sent to the agent's routes, the answer is 200 or an error that names itself, never 500", async () => {
  const chat = echoing(memorySessionStore(), { steps: 0 });
  chat.store.save(newSession({ id: "s" }));
  await withService({ chat }, async (service) => {
    const field = fc.constantFrom(
      "message",
      "session_id",
      "mode",
      "replace",
      "age",
      "allergies",
      "rating",
      "message_id",
    );
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom("s", "direct", "up", 41, ["penicillin"], "Hello"));
    const route = fc.constantFrom(["POST", "/chat"], ["PATCH", "/memory/s"], ["POST", "/feedback"]);
    await fc.assert(
      fc.asyncProperty(route, fc.dictionary(field, value), async ([method, path], body) => {
        const response = await service.post(path, body, { method });
        const { error } = await response.json();
        assert.ok(response.status === 200 || [400, 404].includes(response.status) && typeof error.message === "string");
      }),
      { numRuns: 150, seed: 7 },
    );
    assert.deepEqual(service.logged, []);
  });
});
