/** Whatever a model writes, a turn ends with an answer that can be kept and shown. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { DISCLAIMER, findDosingOrders, MEDICAL_MODES, newSession, sessionSchema } from "../../../lib/agent/mod.ts";
import { anyText } from "../../support/any_text.ts";
import { agentOf, asked, withKnowledge } from "./parts.ts";

const QUESTIONS = [
  "I am 40 and allergic to penicillin. May I take amoxicillin for strep throat?",
  "How is gout prevented?",
  "And for children?",
  "My weight is 80 kg and my height is 1.75 m. What is my BMI?",
];
/** What models write that agents stumble over. */
const ODD = fc.constantFrom(
  "",
  "[1]",
  "[0] [99] [1, 2, 99].",
  '[1] ""',
  '{"verdict": "revise", "problems": [{"kind": "dosing", "quote": ""}]}',
  '{"age": -1, "allergies": "all"}',
  "<think>never closed",
  '<tool_call>{"name": "bmi", "arguments": {"weight_kg": 1e9, "height_m": 0}}</tool_call>',
  '<tool_call>{"name": "rm", "arguments": {"__proto__": 1}}',
  "Take 2 tablets of amoxicillin 3 times a day [1]. Take 2 tablets of amoxicillin 3 times a day.",
  'Penicillin is the usual antibiotic [1].\n[1] "Penicillin"\n[7] "nothing"',
  "The documents do not answer this question.",
  "\u0000\uFFFF\uD83D \u202Ereversed",
);

Deno.test("ask() comes to an answer whatever its model writes", () =>
  withKnowledge(async (knowledge) => {
    const reply = fc.oneof(ODD, anyText({ maxLength: 200 }));
    await fc.assert(
      fc.asyncProperty(
        fc.array(reply, { minLength: 1, maxLength: 6 }),
        fc.constantFrom(...MEDICAL_MODES),
        fc.constantFrom(...QUESTIONS),
        async (replies, mode, question) => {
          const { agent, store } = agentOf(knowledge, (_, index) => replies[index % replies.length], {
            auditor: undefined,
          });
          const { answer } = await asked(agent, question, { session: newSession(), mode });
          const { message, outcome, session } = answer;
          assert.deepEqual(sessionSchema.parse(session), store.load(session.id));
          assert.notEqual(message.content.trim(), "");
          assert.deepEqual(findDosingOrders(message.content), [], message.content);
          if (outcome === "answered") assert.equal(message.content.split(DISCLAIMER).length, 2);
          for (const { number } of message.citations ?? []) {
            assert.ok(number >= 1 && number <= message.evidence!.length);
            assert.ok(message.content.includes(String(number)));
          }
          for (const { text, quotes = [] } of message.evidence ?? []) {
            for (const { start, end } of quotes) assert.ok(0 <= start && start < end && end <= text.length);
          }
        },
      ),
      { numRuns: 40 },
    );
  }, ["gout.md", "strep_throat.md"]));
