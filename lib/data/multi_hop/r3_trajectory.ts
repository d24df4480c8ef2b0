/** A right way through a question, step by step, with searches that sometimes find nothing. */
import type { Random } from "../../random/mod.ts";
import { distractorsOf } from "./hotpot_row.ts";
import type { Hop, MultiHopQuestion } from "./questions.ts";
import type { Passage, R3PastStep, R3Step } from "./r3_grammar.ts";
import type { WorldDocument } from "./world.ts";

/** One step, what was known before it, and which hops a right query may now ask about. */
export interface TrajectoryStep {
  kind: "first step" | "next step" | "ask again" | "final answer";
  past: R3PastStep[];
  step: R3Step;
  /** Empty where the answer is due. */
  openHops: Hop[];
}

const FIRST = [
  "I need to find {need}.",
  "First I need to find {need}.",
  "To answer this I must know {need}.",
  "The question is about {subject}. First I must find {need}.",
  "I do not know {need}. I look it up.",
];
const FIRST_OF_TWO = [
  "I must compare two things. First I need to find {need}.",
  "This takes two facts. First I look up {need}.",
  "I need facts about {subject} and {other}. First I need to find {need}.",
];
const NEXT = [
  "{statement} Now I need to find {need}.",
  "The documents say: {statement} Next I must know {need}.",
  "{statement} The next thing to find is {need}.",
  "{statement} I still do not know {need}.",
];
const AGAIN = [
  "No document says {need}. I ask again in other words.",
  "The documents do not tell {need}. I try another query.",
  "I still do not know {need}. I ask in another way.",
];
const FINAL = [
  "{statement} So I can answer.",
  "{statement} That answers the question.",
  "The documents say: {statement} This is the answer.",
  "Now I know it. {statement}",
];
const FINAL_OF_TWO = ["{first} {statement} {conclusion}", "I know both. {first} {statement} {conclusion}"];

/** How often a search does not bring the supporting document. */
const MISSING = 1 / 6;

/** The steps to the answer, the final one last. Two passages a step; no passage is shown twice. */
export function drawTrajectory(
  random: Random,
  documents: readonly WorldDocument[],
  question: MultiHopQuestion,
): TrajectoryStep[] {
  const { hops, type } = question;
  const steps: TrajectoryStep[] = [];
  const past: R3PastStep[] = [];
  const others = random.shuffle(distractorsOf(documents, question).slice(0, 6));
  const isParallel = type !== "bridge";
  const missingAt = random.chance(1 - (1 - MISSING) ** hops.length) ? random.integer(0, hops.length - 1) : -1;
  const ask = (kind: TrajectoryStep["kind"], hop: Hop, analysis: string, query: string, found: Passage[]) => {
    const open = hops.slice(hops.indexOf(hop));
    steps.push({
      kind,
      past: [...past],
      step: { number: past.length + 1, analysis, query: sentenceCase(query) },
      openHops: isParallel ? open : open.slice(0, 1),
    });
    past.push({ analysis, query: sentenceCase(query), documents: random.shuffle(found) });
  };
  for (const [number, hop] of hops.entries()) {
    const parts = {
      need: hop.need,
      subject: hop.subject,
      other: hops.at(-1)!.subject,
      statement: hops[number - 1]?.statement ?? "",
    };
    const pattern = number > 0 ? NEXT : isParallel && random.chance(0.7) ? FIRST_OF_TWO : FIRST;
    const analysis = write(random.pick(pattern), parts);
    const kind = number === 0 ? "first step" : "next step";
    const support = documents.find((document) => document.id === hop.documentId)!;
    if (number === missingAt) {
      ask(kind, hop, analysis, hop.queries[0], [others.pop()!, others.pop()!]);
      ask("ask again", hop, write(random.pick(AGAIN), parts), hop.queries[1], [support, others.pop()!]);
    } else {
      ask(kind, hop, analysis, hop.queries[0], [support, others.pop()!]);
    }
  }
  const analysis = write(random.pick(isParallel ? FINAL_OF_TWO : FINAL), {
    first: hops[0].statement,
    statement: hops.at(-1)!.statement,
    conclusion: question.conclusion,
  });
  const step = { number: past.length + 1, analysis, answer: question.answer };
  steps.push({ kind: "final answer", past, step, openHops: [] });
  return steps;
}

function write(pattern: string, parts: Record<string, string>): string {
  return sentenceCase(pattern.replace(/\{(\w+)\}/g, (_, name: string) => parts[name]));
}

/** The text with its first letter in upper case. */
export function sentenceCase(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
