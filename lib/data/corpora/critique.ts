/**
 * An auditor of medical answers that sees the question, the patient's profile and the evidence: it finds the faults of a
 * draft, mends them, and checks again. Synthetic, not medical advice.
 */
import { Random } from "../../random/mod.ts";
import type { ChatMessage } from "../../tokenizer/mod.ts";
import {
  type Draft,
  draftOf,
  drawKind,
  drawLabelled,
  gradeCritique,
  gradeRefined,
  type LabelledDraft,
  type Problem,
} from "../critique/mod.ts";
import { type PatientFacts, profileLine } from "../patient_memory/mod.ts";
import { spacedJson } from "../spaced_json.ts";
import type { Corpus, GeneratedExample, GradedCase } from "./corpus.ts";

export {
  type Critique,
  type CritiqueCase,
  critiqueCaseAt,
  type CritiqueCaseOptions,
  critiqueSchema,
  parseCritique,
  type Problem,
  PROBLEM_KINDS,
  type ProblemKind,
} from "../critique/mod.ts";

/** Asks for a verdict on a draft. */
export const CRITIQUE_PROMPT = "Check the draft of an answer against the profile and the evidence. Reply as JSON: " +
  'verdict "pass" or "revise", and problems with kind (contraindication, invented evidence, dosing, off topic) and quote. ' +
  "Mend the draft when asked to.";

/** Asks for a mended draft. */
export const REFINE_PROMPT =
  "You mend medical answers. Change what the problems name, keep the rest, and cite the evidence.";

/** What an auditor sees. */
export interface CritiqueInput {
  profile: PatientFacts;
  /** Number 1 is the first. */
  evidence: readonly string[];
  question: string;
  draft: string;
}

function inputText({ profile, evidence, question, draft }: CritiqueInput): string {
  const numbered = evidence.map((text, at) => `[${at + 1}] ${text}`).join("\n");
  return `${profileLine(profile)}\nEvidence:\n${numbered}\nQuestion: ${question}\nDraft: ${draft}`;
}

/** The chat that asks for a critique. */
export function critiquePrompt(input: CritiqueInput): ChatMessage[] {
  return [{ role: "system", content: CRITIQUE_PROMPT }, { role: "user", content: inputText(input) }];
}

/** The chat that asks for a mended draft where the critique was made elsewhere. */
export function refinePrompt(input: CritiqueInput, problems: readonly Problem[]): ChatMessage[] {
  const content = `${inputText(input)}\nProblems: ${spacedJson(problems)}`;
  return [{ role: "system", content: REFINE_PROMPT }, { role: "user", content }];
}

/** The user's turn that asks for a mended draft, after a critique in the same chat. */
export const REFINE_REQUEST = "Mend the draft.";

/** The user's turn that asks for another critique in the same chat: same patient, question and evidence. */
export function recheckRequest(draft: string): string {
  return `Check this draft.\nDraft: ${draft}`;
}

/** The reply of an auditor who found these problems. */
export function critiqueReply(problems: readonly Problem[]): string {
  return spacedJson({ verdict: problems.length > 0 ? "revise" : "pass", problems });
}

/** No chat is longer, in characters. */
const LONGEST = 1500;

/**
 * Metrics of critiques: "valid_json", "verdict", "problem_kind" (the set of kinds), "quote_found"; of mended drafts:
 * "mended", "kept".
 */
export const critiqueCorpus: Corpus = {
  name: "critique",
  exampleAt(index, options = {}) {
    const { seed = 0, split = "train" } = options;
    const random = new Random(seed).fork("critique").fork(split).fork(index);
    const drawn = drawLabelled(random, split);
    return drawn.kind !== "clean" && random.chance(0.2) ? refineChat(drawn) : critiqueChat(drawn, random);
  },
};

function refineChat({ draft, scenario }: LabelledDraft): GeneratedExample {
  const messages = refinePrompt({ ...scenario, draft: draft.text }, draft.problems);
  const reference = draft.refined;
  const cases = [{ messages, reference, grade: (reply: string) => gradeRefined(scenario, draft, reply) }];
  return { kind: "refine", messages: [...messages, { role: "assistant", content: reference }], cases };
}

/** A critique, the mended draft, and sometimes another draft for the same question. */
function critiqueChat(first: LabelledDraft, random: Random): GeneratedExample {
  const { scenario } = first;
  const messages = critiquePrompt({ ...scenario, draft: first.draft.text });
  const cases: GradedCase[] = [];
  const ask = (request: string | null, reference: string, grade: GradedCase["grade"]) => {
    if (request !== null) messages.push({ role: "user", content: request });
    cases.push({ messages: [...messages], reference, grade });
    messages.push({ role: "assistant", content: reference });
  };
  const check = (draft: Draft, request: string | null) =>
    ask(request, critiqueReply(draft.problems), (reply) => gradeCritique(draft, reply));
  const mend = (draft: Draft) => ask(REFINE_REQUEST, draft.refined, (reply) => gradeRefined(scenario, draft, reply));

  check(first.draft, null);
  const mends = first.draft.problems.length > 0 && random.chance(0.85);
  if (mends) mend(first.draft);
  const again = mends && random.chance(0.25)
    ? { text: first.draft.refined, problems: [], refined: first.draft.refined, right: [] }
    : anotherDraft(first, random);
  if (again && lengthOf(messages) + 3 * again.text.length + 200 < LONGEST) {
    check(again, recheckRequest(again.text));
    if (again.problems.length > 0 && random.chance(0.85)) mend(again);
  }
  return { kind: first.kind, messages, cases };
}

/** Another draft for the same question, or null where few tries give none. */
function anotherDraft({ scenario, draft }: LabelledDraft, random: Random): Draft | null {
  for (let attempt = 0; attempt < 4; attempt++) {
    // Fewer clean ones: mended drafts that are checked again are clean too.
    const other = draftOf(scenario, drawKind(random, 0.2), random);
    if (other && other.text !== draft.text) return other;
  }
  return null;
}

function lengthOf(messages: readonly ChatMessage[]): number {
  return messages.reduce((sum, { content }) => sum + (content?.length ?? 0), 0);
}
