/** The agent over a model behind an endpoint that speaks OpenAI's language, on loopback. */
import assert from "node:assert/strict";
import { memorySessionStore, newSession } from "../../../lib/agent/mod.ts";
import { endpointModelFromEnvironment, houseMedicalAgent, MedicalAgent } from "../../../lib/agent/medical/mod.ts";
import { wholeReply } from "../chat/openai_endpoint.ts";
import { asked, withKnowledge } from "./parts.ts";

const REPLIES: readonly (readonly [RegExp, string])[] = [
  [/^Rewrite/, "gout; prevention"],
  [/^You audit/, '{"verdict": "pass", "problems": []}'],
  [/careful medical assistant/, 'Allopurinol prevents later attacks [1].\n[1] "prevents later attacks"'],
  [/medical notes/, '{"age": 52}'],
];

interface Endpoint extends AsyncDisposable {
  url: string;
  models: string[];
}

/** Answers as a served model does, by what it is asked for. */
function endpoint(listed: unknown = { data: [{ id: "some/model" }] }): Endpoint {
  const models: string[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    if (request.method === "GET") return Response.json(listed);
    const { model, messages } = await request.json();
    models.push(model);
    const reply = REPLIES.find(([pattern]) => pattern.test(messages[0].content))?.[1] ?? "{}";
    const events = wholeReply(reply).map((event) =>
      `data: ${typeof event === "string" ? event : JSON.stringify(event)}\n\n`
    );
    return new Response(events.join(""), { headers: { "content-type": "text/event-stream" } });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/v1`,
    models,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

const environment = (values: Record<string, string>) => ({ get: (name: string) => values[name] });

Deno.test("one variable is enough for the same agent over a served model", () =>
  withKnowledge(async (knowledge) => {
    await using served = endpoint();
    const model = await endpointModelFromEnvironment(environment({ KILN_ENDPOINT: `${served.url}/` }));
    const agent = new MedicalAgent({ model: model!, knowledge, store: memorySessionStore() });
    const { answer } = await asked(agent, "I am 52. How is gout prevented?", { session: newSession() });
    assert.equal(answer.outcome, "answered");
    assert.match(answer.message.content, /^Allopurinol prevents later attacks \[1\]\./);
    assert.equal(answer.message.citations?.[0].found, true);
    assert.equal(answer.message.critique?.verdict, "pass");
    assert.equal(answer.session.profile.age?.value, 52);
    assert.deepEqual([...new Set(served.models)], ["some/model"]);
    // Facts, query, draft, critique.
    assert.equal(served.models.length, 4);
  }));

Deno.test("endpointModelFromEnvironment() is null without KILN_ENDPOINT, and says what is wrong with one", async () => {
  assert.equal(await endpointModelFromEnvironment(environment({})), null);
  await using empty = endpoint({ data: [] });
  await assert.rejects(
    () => endpointModelFromEnvironment(environment({ KILN_ENDPOINT: empty.url })),
    /127\.0\.0\.1.*it lists no models.*KILN_MODEL/,
  );
  const named = await endpointModelFromEnvironment(environment({ KILN_ENDPOINT: empty.url, KILN_MODEL: "mine" }));
  assert.equal(named?.name, "mine");
});

Deno.test("houseMedicalAgent() answers from the library that ships, with the model that ships", async () => {
  const store = memorySessionStore();
  await using opened = await houseMedicalAgent({ store });
  const { agent, model } = opened;
  assert.equal(model.name, "kiln-tiny");
  const told = await asked(agent, "I am allergic to penicillin.", { session: newSession() });
  assert.equal(told.answer.outcome, "remembered");
  const { answer } = await asked(agent, "May I take amoxicillin for strep throat?", { session: told.answer.session });
  assert.equal(answer.outcome, "answered");
  assert.match(answer.message.content, /Because you are allergic to penicillin, avoid .*amoxicillin/);
  assert.ok(answer.message.citations!.length > 0);
  for (const { number, quote } of answer.message.citations!) {
    assert.ok(answer.message.evidence![number - 1].text.includes(quote!));
  }
  const unknown = await asked(agent, "Which germ causes whooping cough?", { session: newSession() });
  assert.equal(unknown.answer.outcome, "notKnown");
  assert.equal(store.count(), 2);
});
