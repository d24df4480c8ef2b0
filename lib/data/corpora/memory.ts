/**
 * What an assistant remembers of a patient. Two kinds of chats: facts out of messages, as JSON, and questions that a
 * profile answers. Synthetic, not medical advice.
 */
import { Random } from "../../random/mod.ts";
import type { ChatMessage } from "../../tokenizer/mod.ts";
import {
  factPairs,
  factsJson,
  mergeFacts,
  parsePatientFacts,
  type PatientFacts,
  patientMessage,
  profileLine,
  randomProfile,
  recalled,
  recallQuestion,
} from "../patient_memory/mod.ts";
import { type Corpus, type GeneratedExample, type GradedCase, type Split, splitOf } from "./corpus.ts";

export { type PatientFacts, patientFacts } from "../patient_memory/mod.ts";

/** Asks for the facts of each message. */
export const MEMORY_PROMPT = "Write as JSON what the patient's last message says about the patient: " +
  "age, sex, pregnant, allergies, conditions, medicines, symptoms. Leave out what it does not say.";

/** Asks for answers from a profile, which follows on a line of its own. */
export const RECALL_PROMPT = "Answer from the patient's profile. Say so when it does not say.";

/** The system prompt of questions about a profile. */
export function recallPrompt(profile: PatientFacts): string {
  return `${RECALL_PROMPT}\n${profileLine(profile)}`;
}

/** Metrics: "valid_json", "exact", "fields" (F1 of field and value), and "recalled" for questions about a profile. */
export const memoryCorpus: Corpus = {
  name: "memory",
  exampleAt(index, options = {}) {
    const { seed = 0, split = "train" } = options;
    const random = new Random(seed).fork("memory").fork(split).fork(index);
    return random.chance(0.75) ? factsChat(random, split) : recallChat(random, split);
  },
};

/** Draws until a text belongs to the split: no message of a held-out chat stands in any chat to learn from. */
function inSplit<Value extends { text: string }>(split: Split, draw: () => Value): Value {
  for (;;) {
    const value = draw();
    if (splitOf(`memory:${value.text.toLowerCase()}`) === split) return value;
  }
}

function factsChat(random: Random, split: Split): GeneratedExample {
  const messages: ChatMessage[] = [{ role: "system", content: MEMORY_PROMPT }];
  const cases: GradedCase[] = [];
  const kinds: string[] = [];
  let known: PatientFacts = {};
  const turns = random.integer(2, 4);
  for (let turn = 0; turn < turns; turn++) {
    const { kind, text, facts } = inSplit(split, () => patientMessage(known, random));
    messages.push({ role: "user", content: text });
    const reference = factsJson(facts);
    cases.push({ messages: [...messages], reference, grade: (reply) => gradeFacts(facts, reply) });
    messages.push({ role: "assistant", content: reference });
    kinds.push(kind);
    // A correction takes the place of what it corrects; else what is new is added.
    known = kind === "correction" ? { ...known, ...facts } : mergeFacts(known, facts);
  }
  return { kind: kinds.includes("correction") ? "facts with a correction" : "facts", messages, cases };
}

function gradeFacts(facts: PatientFacts, reply: string): Record<string, number> {
  const read = parsePatientFacts(reply);
  if (read === null) return { valid_json: 0, exact: 0, fields: 0 };
  const [expected, found] = [factPairs(facts), factPairs(read)];
  const hits = [...found].filter((pair) => expected.has(pair)).length;
  const repeats = Object.values(read).some((value) => Array.isArray(value) && new Set(value).size < value.length);
  const all = expected.size + found.size;
  return {
    valid_json: 1,
    exact: !repeats && hits === expected.size && hits === found.size ? 1 : 0,
    fields: all === 0 ? 1 : 2 * hits / all,
  };
}

function recallChat(random: Random, split: Split): GeneratedExample {
  // The profile decides the split: its questions are few.
  const { profile } = inSplit(split, () => {
    const profile = randomProfile(random);
    return { profile, text: profileLine(profile) };
  });
  const messages: ChatMessage[] = [{ role: "system", content: recallPrompt(profile) }];
  const cases: GradedCase[] = [];
  const asked = new Set<string>();
  const turns = random.integer(3, 5);
  while (cases.length < turns) {
    const question = recallQuestion(profile, random);
    if (asked.has(question.answer)) continue;
    asked.add(question.answer);
    messages.push({ role: "user", content: question.question });
    cases.push({
      messages: [...messages],
      reference: question.answer,
      grade: (reply) => ({ recalled: recalled(question, profile, reply) ? 1 : 0 }),
    });
    messages.push({ role: "assistant", content: question.answer });
  }
  return { kind: "recall", messages, cases };
}
