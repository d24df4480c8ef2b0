/** What the scripted server answers. */
import type {
  ChatEvent,
  ChatRequest,
  NumberedEvidence,
  Profile,
  Session,
  SessionMessage,
} from "../../../lib/serve/page/contract.ts";

/** The events of an answer, without `session` and `done`. */
export type Script = (request: ChatRequest, session: Session) => AsyncIterable<ChatEvent>;

const PREGNANT = "I am 31 and pregnant";
const ALLERGIC = "allergic to penicillin";

/** Passages as the library has them. */
export const EVIDENCE: NumberedEvidence[] = [
  passage(
    1,
    "NSAIDs in pregnancy",
    "high",
    "Ibuprofen and naproxen are avoided in pregnancy from week 20 on, because they can harm the kidneys of the fetus. " +
      "In the last weeks they can close a vessel that the fetus needs.",
    "avoided in pregnancy from week 20 on",
  ),
  passage(
    2,
    "Acetaminophen",
    "low",
    "Acetaminophen relieves mild to moderate pain and lowers fever. It is the usual choice for pain in pregnancy when taken " +
      "as the label says.",
    "the usual choice for pain in pregnancy",
  ),
  passage(
    3,
    "Migraine",
    "medium",
    "A migraine is a throbbing headache, often on one side, with nausea or a dislike of light.",
  ),
];

/** What a patient may have said. */
export const PROFILE: Profile = {
  age: { value: 31, source: { turn: 1, quote: PREGNANT, by: "patient" } },
  pregnant: { value: true, source: { turn: 1, quote: PREGNANT, by: "patient" } },
  allergies: [{ value: "penicillin", source: { turn: 1, quote: ALLERGIC, by: "patient" } }],
  medicines: [],
  conditions: [],
  symptoms: [{ value: "headache", source: { turn: 1, quote: "my head aches", by: "patient" } }],
  none: {},
  conflicts: [{
    field: "age",
    kept: { value: 31, isDenied: false, source: { turn: 1, quote: PREGNANT, by: "patient" } },
    other: { value: 36, isDenied: false, source: { turn: 2, quote: "I turned 36 in May", by: "patient" } },
  }],
};

/** An answer with two citations. */
export const ANSWER = "Ibuprofen is best avoided: it is not used in pregnancy from week 20 on [1].\n\n" +
  "Acetaminophen is the usual choice for a headache [2]. Ask your doctor or midwife if the pain goes on.";

/** What a draft said before the auditor mended it. */
export const DRAFT = "You can take ibuprofen 400 mg three times a day [1].";

/** A message of the assistant. */
export function answerMessage(content: string, more: Partial<SessionMessage> = {}): SessionMessage {
  return { id: crypto.randomUUID(), role: "assistant", content, ...more };
}

/** A text in pieces, as a model writes it. */
export function* pieces(text: string): Generator<ChatEvent> {
  for (const piece of text.match(/\s*\S+/g) ?? []) yield { type: "text", text: piece };
}

/** An agent that does everything an agent does. "chest" is an emergency to it. */
export const sensibleScript: Script = async function* ({ message, mode = "audited" }) {
  await Promise.resolve();
  yield* stage("safety", 3);
  if (/chest/i.test(message)) {
    const content =
      "Chest pain that spreads to the arm or jaw can be a heart attack. Sit down, and do not drive yourself.";
    yield { type: "answer", outcome: "emergency", message: answerMessage(content, { mode, outcome: "emergency" }) };
    return;
  }
  yield* stage("memory", 412, 118);
  yield { type: "memory", profile: PROFILE };
  if (mode !== "direct") {
    yield* stage("rewrite", 186, 64);
    yield { type: "query", text: "ibuprofen headache pregnancy" };
    yield* stage("search", 41);
    yield { type: "evidence", evidence: EVIDENCE };
  }
  yield { type: "stage", stage: "draft", state: "begun" };
  yield { type: "reasoning", text: "The patient is pregnant, " };
  yield { type: "reasoning", text: "so passage 1 matters most." };
  yield* pieces(mode === "audited" ? DRAFT : ANSWER);
  yield { type: "stage", stage: "draft", state: "done", milliseconds: 1480, promptTokens: 341, completionTokens: 57 };
  const evidence = mode === "direct" ? undefined : EVIDENCE;
  if (mode !== "audited") {
    yield { type: "answer", outcome: "answered", message: answerMessage(ANSWER, { mode, evidence }) };
    return;
  }
  yield* stage("critique", 730, 402);
  const critique = {
    verdict: "revise",
    problems: [{
      kind: "contraindication",
      quote: "You can take ibuprofen 400 mg three times a day",
      reason: "Ibuprofen is avoided in pregnancy.",
    }],
  };
  yield { type: "critique", ...critique };
  yield* stage("refine", 940, 380);
  yield* stage("recheck", 610, 377);
  yield { type: "answer", outcome: "answered", message: answerMessage(ANSWER, { mode, evidence, critique }) };
};

function* stage(
  name: "safety" | "memory" | "rewrite" | "search" | "critique" | "refine" | "recheck",
  milliseconds: number,
  tokens = 0,
) {
  yield { type: "stage", stage: name, state: "begun" } satisfies ChatEvent;
  yield {
    type: "stage",
    stage: name,
    state: "done",
    milliseconds,
    promptTokens: tokens,
    completionTokens: tokens > 0 ? 23 : 0,
  } satisfies ChatEvent;
}

function passage(number: number, title: string, riskLevel: string, text: string, quoted?: string): NumberedEvidence {
  const start = quoted === undefined ? -1 : text.indexOf(quoted);
  const quotes = quoted === undefined ? [] : [{ start, end: start + quoted.length }];
  return {
    number,
    title,
    riskLevel,
    text,
    quotes,
    source: `medicine/${title.toLowerCase().replaceAll(" ", "_")}.md`,
    score: 0.9 / number,
  };
}
