import assert from "node:assert/strict";
import fc from "fast-check";
import { estimateTokens, scriptedChatModel } from "../../../lib/agent/chat/mod.ts";
import {
  editMemory,
  editSummary,
  fitConversation,
  forgetFact,
  forgetMemory,
  mergeTurn,
  newSession,
  readableText,
  type Session,
  sessionSchema,
  type Summary,
  summaryText,
  withMessage,
} from "../../../lib/agent/memory/mod.ts";

const SENTENCES = [
  "I have had asthma for years.",
  "I am allergic to penicillin.",
  "Thank you.",
  "My knee hurts when I climb stairs!",
  "What should I do?",
  "I take metformin twice a day.",
];

/** Conversations in which the assistant may call tools before it answers. */
const session = fc.array(
  fc.tuple(fc.subarray(SENTENCES, { minLength: 1, maxLength: 3 }), fc.array(fc.nat(2), { maxLength: 3 })),
  { minLength: 1, maxLength: 7 },
).map((turns) => {
  let made = newSession({ id: "s" });
  let call = 0;
  for (const [said, calls] of turns) {
    made = withMessage(made, { role: "user", content: said.join(" ") });
    for (const count of calls) {
      const ids = Array.from({ length: count }, () => `call_${call++}`);
      const toolCalls = ids.map((id) => ({
        id,
        type: "function" as const,
        function: { name: "look", arguments: { id } },
      }));
      made = withMessage(made, { role: "assistant", content: "", ...(count > 0 ? { toolCalls } : {}) });
      for (const id of ids) {
        made = withMessage(made, { role: "tool", toolCallId: id, name: "look", content: `{"found": "${id}"}` });
      }
    }
    made = withMessage(made, { role: "assistant", content: `Answer ${call}.` });
  }
  return withMessage(made, { role: "user", content: "And now?" });
});

const model = { countTokens: estimateTokens };

/** Null where even the last message does not fit. */
async function fitted(made: Session, maxTokens: number, more: Partial<Parameters<typeof fitConversation>[0]> = {}) {
  try {
    return await fitConversation({ session: made, model, maxTokens, system: "Be kind.", ...more });
  } catch (error) {
    assert.ok(error instanceof RangeError, String(error));
    return null;
  }
}

Deno.test("fitConversation() keeps to its budget, the newest messages as they are, and no call without its result", async () => {
  await fc.assert(fc.asyncProperty(session, fc.integer({ min: 8, max: 250 }), async (made, maxTokens) => {
    const result = await fitted(made, maxTokens);
    if (result === null) return;
    const { messages, summary } = result;
    assert.ok(estimateTokens(messages) <= maxTokens);
    const calls = messages.flatMap(({ tool_calls = [] }) => tool_calls.map(({ id }) => id));
    assert.deepEqual(messages.flatMap(({ tool_call_id }) => tool_call_id ?? []), calls);
    assert.deepEqual(messages.at(-1), { role: "user", content: "And now?" });
    const kept = messages.filter(({ role }) => role === "user").map(({ content }) => content);
    const all = made.messages.filter(({ role }) => role === "user").map(({ content }) => content);
    assert.deepEqual(kept, all.slice(all.length - kept.length));
    // The summary stands for all other turns, and for no other.
    assert.deepEqual(
      summary?.turns,
      kept.length === all.length ? undefined : { from: 1, to: all.length - kept.length },
    );
    if (summary === null) return;
    assert.equal(summary.kind, "extractive");
    const said = all.slice(0, summary.turns.to).join(" ");
    for (const line of summary.text.split("\n")) assert.ok(said.includes(line));
    assert.ok(messages[0].content === ["Be kind.", summaryText(summary)].filter((part) => part !== "").join("\n\n"));
  }));
});

Deno.test("fitConversation() leaves a summary as it is while the turns after it fit, and takes in more when they do not", async () => {
  await fc.assert(fc.asyncProperty(session, fc.integer({ min: 40, max: 120 }), async (made, maxTokens) => {
    const first = await fitted(made, maxTokens);
    if (first === null) return;
    const held = { ...made, summary: first.summary };
    assert.deepEqual(await fitted(held, maxTokens), first);
    let longer: Session = held;
    for (let i = 0; i < 3; i++) {
      longer = withMessage(longer, { role: "assistant", content: "It is well." });
      longer = withMessage(longer, {
        role: "user",
        content: `I also have a rash since day ${i}. It itches a lot at night.`,
      });
      const next = await fitted(longer, maxTokens);
      if (next === null) return;
      assert.ok((next.summary?.turns.to ?? 0) >= (longer.summary?.turns.to ?? 0));
      if (next.summary?.turns.to === longer.summary?.turns.to) assert.deepEqual(next.summary, longer.summary);
      longer = { ...longer, summary: next.summary };
    }
  }));
});

/** Six turns, of which not all fit into 160 tokens. */
function longSession(): Session {
  let made = newSession({ id: "s" });
  for (const said of [...SENTENCES, "It started on day 12."]) {
    made = withMessage(made, { role: "user", content: said });
    made = withMessage(made, { role: "assistant", content: "I see. Tell me more about that, please." });
  }
  return withMessage(made, { role: "user", content: "And now?" });
}

Deno.test("fitConversation() chooses what the patient says of themselves before thanks and questions", async () => {
  const { summary } = (await fitted(longSession(), 160, { summaryTokens: 60 }))!;
  assert.ok(summary!.text.split("\n").length >= 3, summary!.text);
  assert.ok(!/Thank you|What should/.test(summary!.text), summary!.text);
  assert.match(summaryText(summary), /^Earlier \(messages 1 to \d, the patient's sentences\):\n/);
});

Deno.test("fitConversation() takes a summariser's words, and chosen sentences when it fails", async () => {
  const summarizer = scriptedChatModel(["The patient has asthma and knee pain."]);
  const good = (await fitted(longSession(), 160, { summarizer }))!;
  assert.deepEqual(good.summary?.kind, "model");
  assert.ok(String(good.messages[0].content).includes("The patient has asthma and knee pain."));
  assert.equal(good.failure, undefined);
  const asked = String(summarizer.requests[0].messages[1].content);
  assert.ok(asked.includes("Patient: I have had asthma for years.") && asked.includes("Assistant: I see."));

  for (
    const [reply, why] of [
      ["", /empty/],
      [{ text: "The patient", finishReason: "length" as const }, /cut off/],
      ["The patient is 77 years old.", /77/],
      ["word ".repeat(300), /too long/],
      [{ failure: new Error("no route") }, /no route/],
    ] as const
  ) {
    const result = (await fitted(longSession(), 160, { summarizer: scriptedChatModel(() => reply) }))!;
    assert.equal(result.summary?.kind, "extractive");
    assert.match(result.failure!, why);
    assert.ok(estimateTokens(result.messages) <= 160);
  }
  const signal = AbortSignal.timeout(20);
  const hanging = scriptedChatModel(() => ({ hangs: true }));
  await assert.rejects(
    fitConversation({ session: longSession(), model, maxTokens: 160, summarizer: hanging, signal }),
    { name: "TimeoutError" },
  );
});

Deno.test("fitConversation() gives a summariser no more at once than it reads, and the summary so far", async () => {
  const summarizer = scriptedChatModel((_, index) => `Part ${["one", "two", "three", "four", "five", "six"][index]}.`);
  const result = (await fitted(longSession(), 160, { summarizer, summaryTokens: 40, summarizerTokens: 300 }))!;
  assert.ok(summarizer.requests.length > 1);
  for (const { messages } of summarizer.requests) assert.ok(estimateTokens(messages) <= 300);
  assert.ok(String(summarizer.requests[1].messages[1].content).startsWith("Summary of what came before:\nPart one."));
  assert.equal(result.summary?.kind, "model");
});

Deno.test("editSummary() keeps the person's words, and a deleted summary's turns are in no prompt any more", async () => {
  const made = longSession();
  const { summary } = (await fitted(made, 160))!;
  const edited = editSummary({ ...made, summary }, "I only want to talk about my knee.");
  assert.deepEqual(edited.summary, {
    text: "I only want to talk about my knee.",
    turns: summary!.turns,
    kind: "edited",
  });
  const grown = (from: Session) => {
    const answered = withMessage(from, {
      role: "assistant",
      content: "It is well. Let us see what else there is to say.",
    });
    return withMessage(answered, { role: "user", content: "I also have a rash, which itches a lot at night." });
  };
  const next = (await fitted(grown(grown(edited)), 160))!;
  assert.ok(next.summary!.turns.to > summary!.turns.to);
  assert.equal(next.summary!.kind, "edited");
  assert.ok(next.summary!.text.startsWith("I only want to talk about my knee."));

  const deleted = editSummary({ ...made, summary }, "");
  const after = (await fitted(grown(grown(grown(grown(deleted)))), 160))!;
  assert.equal(after.summary!.turns.from, summary!.turns.to + 1);
  assert.ok(!JSON.stringify(after.messages).includes("asthma"));
  assert.throws(() => editSummary(made, "text"), RangeError);
});

Deno.test("forgetFact() withholds from models what told the fact, in messages and in the summary", async () => {
  let made = newSession({ id: "s" });
  made = withMessage(made, { role: "user", content: "I am 34. I am allergic to penicillin. My knee hurts." });
  made = withMessage(made, {
    role: "assistant",
    content: "As you are allergic to penicillin, ask first. Rest the knee.",
  });
  made = withMessage(made, { role: "user", content: "Is penicillin bad?" });
  const quote = "I am allergic to penicillin";
  made.profile = mergeTurn(made.profile, {
    turn: 1,
    said: [{ field: "age", value: 34, quote: "I am 34" }, { field: "allergies", value: "penicillin", quote }],
    ended: [],
  }).profile;
  const summary: Summary = {
    text: "I am allergic to penicillin.\nMy knee hurts.",
    turns: { from: 1, to: 1 },
    kind: "extractive",
  };
  const forgotten = forgetFact({ ...made, summary }, "allergies", "penicillin");
  assert.deepEqual(sessionSchema.parse(forgotten), forgotten);
  assert.deepEqual(forgotten.messages.map(readableText), ["I am 34. … My knee hurts.", "… Rest the knee.", "…"]);
  assert.deepEqual(forgotten.messages.map(({ content }) => content), made.messages.map(({ content }) => content));
  assert.equal(forgotten.summary?.text, "My knee hurts.");
  const { messages } = await fitConversation({ session: forgotten, model, maxTokens: 200 });
  assert.ok(!JSON.stringify([messages, forgotten.profile]).includes("penicillin"));

  const edited = editMemory(made, { age: 43 });
  assert.equal(readableText(edited.messages[0]), "… I am allergic to penicillin. My knee hurts.");
  assert.deepEqual(edited.profile.age, { value: 43, source: { turn: 2, quote: "", by: "edit" } });
});

Deno.test("forgetMemory() leaves no word for models of what was said until then", async () => {
  await fc.assert(fc.asyncProperty(session, async (made) => {
    const forgotten = forgetMemory(made);
    assert.deepEqual(sessionSchema.parse(forgotten), forgotten);
    const { messages, summary } = await fitConversation({
      session: withMessage(forgotten, { role: "user", content: "Hello again." }),
      model,
      maxTokens: 60,
    });
    assert.deepEqual(messages, [{ role: "user", content: "Hello again." }]);
    assert.equal(summary?.text, "");
  }));
});
