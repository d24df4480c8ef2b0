import assert from "node:assert/strict";
import { editMemory, MEDICAL_STAGES, newSession, NOT_KNOWN, WITHHELD } from "../../../lib/agent/mod.ts";
import { agentOf, asked, script, withKnowledge } from "./parts.ts";

const GOUT = 'Allopurinol lowers uric acid [1]. Gold cures gout [9].\n[1] "Allopurinol lowers uric acid"';

Deno.test("ask() answers from numbered evidence, checks citations, and keeps the turn in the store", () =>
  withKnowledge(async (knowledge) => {
    const { agent, store } = agentOf(knowledge, script({ draft: GOUT, rewrite: "gout; prevention" }));
    const { events, answer } = await asked(agent, "How is gout prevented?", {
      session: newSession(),
      mode: "evidence",
    });
    const { message, outcome, session } = answer;
    assert.equal(outcome, "answered");
    assert.match(message.content, /^Allopurinol lowers uric acid \[1\]\.\n\n.*no substitute/);
    assert.deepEqual(message.citations?.map(({ number, quote, found }) => [number, quote, found]), [
      [1, "Allopurinol lowers uric acid", true],
    ]);
    const [first, ...others] = message.evidence!;
    assert.equal(first.title, "Gout");
    assert.equal(others.length, 4);
    const [{ start, end }] = first.quotes!;
    assert.equal(first.text.slice(start, end), "Allopurinol lowers uric acid");
    assert.ok(["low", "medium", "high"].includes(String(first.riskLevel)));
    const problems = message.extra!.problems as { kind: string }[];
    assert.deepEqual(problems.map(({ kind }) => kind), ["unknown passage"]);
    assert.deepEqual(store.load(session.id), session);
    assert.deepEqual(session.messages.map(({ role }) => role), ["user", "assistant"]);
    // Every stage that began is done, in the order of the stages.
    const stages = events.flatMap((event) => event.type === "stage" ? [event] : []);
    const done = stages.filter(({ state }) => state === "done").map(({ stage }) => stage);
    assert.deepEqual(stages.filter(({ state }) => state === "begun").map(({ stage }) => stage), done);
    assert.deepEqual(done, ["safety", "memory", "rewrite", "search", "draft"]);
    assert.deepEqual(done, MEDICAL_STAGES.filter((stage) => done.includes(stage)));
  }));

Deno.test("ask() does not know what the library does not say, and asks for no draft then", () =>
  withKnowledge(async (knowledge) => {
    const { agent, model } = agentOf(knowledge, script({ draft: "It is treated with air [1]." }));
    const { answer } = await asked(agent, "Which fingers go numb in carpal tunnel syndrome?", {
      session: newSession(),
    });
    assert.equal(answer.outcome, "notKnown");
    assert.equal(answer.message.content, NOT_KNOWN);
    assert.equal(model.requests.length, 2);
  }));

Deno.test("ask() does not know where the model says that the evidence does not answer", () =>
  withKnowledge(async (knowledge) => {
    const { agent } = agentOf(knowledge, script({ draft: "The documents do not answer this question." }));
    const { answer } = await asked(agent, "How is gout prevented?", { session: newSession() });
    assert.equal(answer.outcome, "notKnown");
  }));

Deno.test("ask() heeds in the same turn what the message tells of the patient", () =>
  withKnowledge(async (knowledge) => {
    const says = script({
      facts: '{"pregnant": true, "medicines": ["warfarin"]}',
      draft: "Ibuprofen relieves joint pain [1].",
    });
    const { agent } = agentOf(knowledge, says);
    const { answer, events } = await asked(
      agent,
      "I am pregnant and I take warfarin. Can I take ibuprofen for joint pain?",
      { session: newSession(), mode: "evidence" },
    );
    assert.match(answer.message.content, /Because you are pregnant, avoid ibuprofen \[\d\]\./);
    assert.equal(answer.session.profile.pregnant?.value, true);
    // What concerns the patient has its places in the evidence.
    const texts = answer.message.evidence!.map(({ text }) => text).join(" ");
    assert.match(texts, /week 20 of\s+pregnancy/);
    assert.match(texts, /ask before adding ibuprofen/);
    assert.ok(events.some((event) => event.type === "memory" && event.changes.length === 2));
  }));

Deno.test("ask() in mode audited takes out of a draft what the patient has to avoid", () =>
  withKnowledge(async (knowledge) => {
    const says = script({
      facts: '{"allergies": ["penicillin"]}',
      draft: "Strep throat is a bacterial sore throat [2]. You can take amoxicillin [1].",
    });
    const { agent } = agentOf(knowledge, says);
    const { answer, events } = await asked(
      agent,
      "I am allergic to penicillin. May I take amoxicillin for strep throat?",
      { session: newSession() },
    );
    assert.equal(answer.outcome, "answered");
    assert.equal(answer.message.critique?.verdict, "revise");
    assert.doesNotMatch(answer.message.content, /You can take amoxicillin/);
    assert.match(answer.message.content, /avoid .*amoxicillin/);
    assert.ok(events.some((event) => event.type === "critique" && event.problems[0].kind === "contraindication"));
  }));

Deno.test("ask() says what the patient is allergic to in mode direct, too", () =>
  withKnowledge(async (knowledge) => {
    const { agent } = agentOf(
      knowledge,
      script({ facts: '{"allergies": ["penicillin"]}', draft: "Amoxicillin helps." }),
    );
    const message = "I am allergic to penicillin. What helps with strep throat?";
    const { answer } = await asked(agent, message, { session: newSession(), mode: "direct" });
    assert.match(
      answer.message.content,
      /^Amoxicillin helps\. Because you are allergic to penicillin, avoid .*amoxicillin\./,
    );
    assert.equal(answer.message.evidence, undefined);
  }));

Deno.test("ask() withholds a draft of which the audit leaves nothing", () =>
  withKnowledge(async (knowledge) => {
    const says = script({ draft: "In a trial of 9000 people the moon cured 77 of 100 [1]." });
    const { agent } = agentOf(knowledge, says);
    const { answer } = await asked(agent, "How is gout prevented?", { session: newSession() });
    assert.equal(answer.outcome, "withheld");
    assert.equal(answer.message.content, WITHHELD);
    assert.ok(answer.message.critique!.problems.length > 0);
  }));

Deno.test("ask() stopped in any stage throws the reason and leaves nothing in the store", () =>
  withKnowledge(async (knowledge) => {
    const reached = new Set<string>();
    for (const stage of ["safety", "memory", "rewrite", "search", "draft", "critique"]) {
      const { agent, store } = agentOf(knowledge, script({ draft: GOUT }));
      const session = newSession();
      const stop = new AbortController();
      const reason = new Error(`enough in ${stage}`);
      await assert.rejects(async () => {
        for await (const event of agent.ask("How is gout prevented?", { session, signal: stop.signal })) {
          if (event.type !== "stage" || event.stage !== stage) continue;
          reached.add(stage);
          stop.abort(reason);
        }
      }, reason);
      // Whatever still runs must not write later.
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert.equal(store.load(session.id), null, stage);
      assert.equal(store.count(), 0);
      // And the session can be asked again.
      const { answer } = await asked(agent, "How is gout prevented?", { session, mode: "evidence" });
      assert.equal(answer.outcome, "answered");
    }
    assert.equal(reached.size, 6);
  }));

Deno.test("ask() of whose events nobody reads the rest writes nothing", () =>
  withKnowledge(async (knowledge) => {
    const { agent, store } = agentOf(knowledge, script({ draft: GOUT }));
    const session = newSession();
    for await (const event of agent.ask("How is gout prevented?", { session })) {
      if (event.type === "evidence") break;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(store.load(session.id), null);
  }));

Deno.test("ask() stopped while a model hangs ends at once", () =>
  withKnowledge(async (knowledge) => {
    const { agent } = agentOf(knowledge, () => ({ text: "{", hangs: true }));
    const stop = new AbortController();
    await assert.rejects(async () => {
      for await (const event of agent.ask("How is gout prevented?", { session: newSession(), signal: stop.signal })) {
        if (event.type === "stage" && event.stage === "memory") stop.abort(new Error("enough"));
      }
    }, /enough/);
  }));

Deno.test("ask() looks after an emergency before any model is asked", () =>
  withKnowledge(async (knowledge) => {
    const { agent, model, store } = agentOf(knowledge, []);
    const { answer } = await asked(agent, "My chest hurts badly and my left arm is numb.", { session: newSession() });
    assert.equal(answer.outcome, "emergency");
    assert.match(answer.message.content, /^Call /);
    assert.equal(model.requests.length, 0);
    assert.equal(store.load(answer.session.id)?.messages.length, 2);
  }));

Deno.test("ask() orders no dose, in whatever mode", () =>
  withKnowledge(async (knowledge) => {
    const { agent } = agentOf(
      knowledge,
      script({ draft: "Take 400 mg of allopurinol every 6 hours [1]. It lowers uric acid [1]." }),
    );
    for (const mode of ["direct", "evidence", "audited"] as const) {
      const { answer } = await asked(agent, "How is gout prevented?", { session: newSession(), mode });
      assert.doesNotMatch(answer.message.content, /400/, mode);
    }
  }));

Deno.test("ask() sends away what is no medical question, but not what the library answers", () =>
  withKnowledge(async (knowledge) => {
    const router = {
      routeAll: (questions: readonly string[]) => Promise.resolve(questions.map(() => ({ route: null }))),
    };
    const { agent } = agentOf(knowledge, script({ draft: GOUT }), { router });
    const away = await asked(agent, "What is the capital of France?", { session: newSession() });
    assert.equal(away.answer.outcome, "refused");
    assert.equal(away.answer.message.extra?.reason, "out of scope");
    const kept = await asked(agent, "Which crystals cause gout in a joint?", {
      session: newSession(),
      mode: "evidence",
    });
    assert.equal(kept.answer.outcome, "answered");
  }));

Deno.test("ask() remembers over turns, and says what it was told with the message that told it", () =>
  withKnowledge(async (knowledge) => {
    const { agent, store } = agentOf(knowledge, ({ messages }) => {
      const said = String(messages.at(-1)?.content);
      if (/levothyroxine/.test(said)) return '{"medicines": ["levothyroxine"]}';
      return /penicillin/.test(said) ? '{"allergies": ["penicillin"]}' : "{}";
    });
    let session = newSession();
    for (const message of ["I take levothyroxine every morning.", "I am allergic to penicillin."]) {
      const { answer } = await asked(agent, message, { session });
      assert.equal(answer.outcome, "remembered");
      session = answer.session;
    }
    const { answer } = await asked(agent, "Which medicines do I take?", { session });
    assert.equal(answer.message.content, "Medicines: levothyroxine (your message 1).");
    assert.deepEqual(answer.session.profile.allergies.map(({ value }) => value), ["penicillin"]);
    assert.equal(store.load(session.id)?.messages.length, 6);
  }));

Deno.test("ask() goes on after a message that is longer than all that a model is given", () =>
  withKnowledge(async (knowledge) => {
    const { agent, model } = agentOf(knowledge, script({ draft: GOUT }), { contextTokens: 100 });
    const first = await asked(agent, `How is gout prevented? ${"And so on. ".repeat(200)}`, {
      session: newSession(),
      mode: "direct",
    });
    const { answer } = await asked(agent, "How is gout prevented?", {
      session: first.answer.session,
      mode: "evidence",
    });
    assert.equal(answer.outcome, "answered");
    const drafted = model.requests.findLast(({ messages }) =>
      /careful medical assistant/.test(String(messages[0].content))
    );
    assert.deepEqual(drafted?.messages.map(({ role }) => role), ["system", "user"]);
  }));

Deno.test("ask() gives a model the conversation and the profile", () =>
  withKnowledge(async (knowledge) => {
    const { agent, model } = agentOf(knowledge, script({ facts: '{"age": 52}', draft: GOUT }));
    const first = await asked(agent, "I am 52. How is gout prevented?", { session: newSession(), mode: "evidence" });
    await asked(agent, "Which joint does gout attack?", { session: first.answer.session, mode: "evidence" });
    const { messages } = model.requests.at(-1)!;
    assert.deepEqual(messages.map(({ role }) => role), ["system", "user", "assistant", "user"]);
    assert.match(String(messages[0].content), /Age: 52/);
    assert.match(String(messages.at(-1)?.content), /<passage number="1" title="Gout"/);
  }));

Deno.test("ask() leaves in place what the person changed while the answer was written", () =>
  withKnowledge(async (knowledge) => {
    const session = newSession();
    const { agent, store } = agentOf(knowledge, (request) => {
      if (!/careful medical assistant/.test(String(request.messages[0].content))) return '{"age": 40}';
      store.update(session.id, (held) => editMemory(held, { age: 41 }));
      return GOUT;
    });
    store.save(session);
    const { answer } = await asked(agent, "I am 40. How is gout prevented?", { session, mode: "evidence" });
    assert.equal(answer.session.profile.age?.value, 41);
    assert.equal(answer.session.messages.length, 2);
  }));

Deno.test("ask() works out a body mass index with the tool, and keeps call and result", () =>
  withKnowledge(async (knowledge) => {
    const { agent } = agentOf(knowledge, ({ tools, messages }) => {
      if (tools === undefined || tools.length === 0) return "{}";
      if (messages.at(-1)?.role === "tool") return "That is fine.";
      return { calls: [{ name: "bmi", arguments: { weight_kg: 80, height_m: 1.75 } }] };
    });
    const { answer } = await asked(agent, "I weigh 80 kg and I am 1.75 m tall. What is my BMI?", {
      session: newSession(),
    });
    assert.match(answer.message.content, /26\.1: overweight by the Chinese standard/);
    assert.deepEqual(answer.session.messages.map(({ role }) => role), ["user", "assistant", "tool", "assistant"]);
    assert.equal(answer.session.messages[1].toolCalls?.[0].function.name, "bmi");
  }));

Deno.test("ask() answers one message of a session at a time, and none that is empty or too long", () =>
  withKnowledge(async (knowledge) => {
    const { agent } = agentOf(knowledge, script({ draft: GOUT }));
    const session = newSession();
    const first = agent.ask("How is gout prevented?", { session, mode: "evidence" });
    await first.next();
    await assert.rejects(() => asked(agent, "And in children?", { session }), /another message of this session/);
    // Another session is another matter.
    await asked(agent, "How is gout prevented?", { session: newSession(), mode: "evidence" });
    await first.return();
    await asked(agent, "How is gout prevented?", { session, mode: "evidence" });
    await assert.rejects(() => asked(agent, " \n", { session }), /it is empty/);
    await assert.rejects(() => asked(agent, "x".repeat(8001), { session }), /8001 characters/);
  }));

Deno.test("ask() throws what its model throws, and keeps nothing of the turn", () =>
  withKnowledge(async (knowledge) => {
    const { agent, store } = agentOf(
      knowledge,
      ({ messages }) =>
        /careful medical assistant/.test(String(messages[0].content)) ? { failure: new Error("out of memory") } : "{}",
    );
    await assert.rejects(() => asked(agent, "How is gout prevented?", { session: newSession() }), /out of memory/);
    assert.equal(store.count(), 0);
  }));

Deno.test("ask() resolves a follow-up from the conversation, without what the person took out of memory", () =>
  withKnowledge(async (knowledge) => {
    const { agent } = agentOf(knowledge, script({ draft: 'Statins harm [1].\n[1] "statins"' }));
    const first = await asked(agent, "How do statins work?", { session: newSession(), mode: "evidence" });
    const { answer } = await asked(agent, "May I take them in pregnancy?", {
      session: first.answer.session,
      mode: "evidence",
    });
    assert.match(String(answer.message.extra?.query), /^How do statins work\? May I take them in pregnancy\?/);
    assert.equal(answer.message.evidence?.[0].title, "Statins");
    const hidden = {
      ...first.answer.session,
      messages: first.answer.session.messages.map((message) => ({
        ...message,
        withheld: [{ start: 0, end: message.content.length }],
      })),
    };
    const alone = await asked(agent, "May I take them in pregnancy?", { session: hidden, mode: "evidence" });
    assert.match(String(alone.answer.message.extra?.query), /^May I take them/);
  }));
