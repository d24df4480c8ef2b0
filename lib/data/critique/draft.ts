import type { Random } from "../../random/mod.ts";
import { capitalised } from "../medical/mod.ts";
import type { Scenario } from "./scenario.ts";

/** What an auditor finds in a draft. */
export const PROBLEM_KINDS = ["contraindication", "invented evidence", "dosing", "off topic"] as const;
export type ProblemKind = typeof PROBLEM_KINDS[number];

/** One fault of a draft. */
export interface Problem {
  kind: ProblemKind;
  /** The faulty words, as they stand in the draft. */
  quote: string;
}

/** A draft with its faults known and the same draft mended. */
export interface Draft {
  text: string;
  problems: Problem[];
  refined: string;
  /** Sentences that are right and stay. */
  right: string[];
}

interface Sentence {
  text: string;
  kind?: ProblemKind;
  /** What stands there after mending; nothing where the sentence has to go. */
  mended?: string;
}

/** Whether a fault of this kind can be made in this scenario. */
export function allows(scenario: Scenario, kind: ProblemKind): boolean {
  if (kind === "contraindication") return scenario.hazard !== undefined;
  return kind !== "dosing" || scenario.medicine !== undefined;
}

/** Writes a draft of 2 or 3 sentences with these faults, one of each at most. */
export function writeDraft(scenario: Scenario, kinds: readonly ProblemKind[], random: Random): Draft {
  const count = kinds.length === 0 ? random.integer(1, 2) : 1;
  const right = random.sample(scenario.right, Math.min(count, scenario.right.length));
  // What the patient has to avoid is said in every draft that does not advise it.
  if (scenario.hazard && !kinds.includes("contraindication")) right.push(scenario.hazard.sentence);
  const sentences: Sentence[] = random.shuffle([
    ...right.map((text) => ({ text })),
    ...kinds.map((kind) => faultySentence(scenario, kind, random)),
  ]);
  return {
    text: sentences.map(({ text }) => text).join(" "),
    problems: sentences.flatMap(({ kind, text }) => kind ? [{ kind, quote: text }] : []),
    refined: sentences.flatMap(({ kind, text, mended }) => kind ? mended ?? [] : text).join(" "),
    right,
  };
}

function faultySentence(scenario: Scenario, kind: ProblemKind, random: Random): Sentence {
  switch (kind) {
    case "contraindication": {
      const { advice, sentence } = scenario.hazard!;
      return { kind, text: random.pick(advice), mended: sentence };
    }
    case "dosing": {
      const medicine = scenario.medicine!;
      return {
        kind,
        text: doseOrder(medicine, random),
        mended: `Ask a doctor or pharmacist about the dose of ${medicine}.`,
      };
    }
    case "invented evidence":
      return { kind, text: inventedEvidence(scenario, random) };
    case "off topic":
      return { kind, text: random.pick(SUPERSTITIONS).replace("TOPIC", scenario.topic) };
  }
}

function doseOrder(medicine: string, random: Random): string {
  const amount = `${random.pick([5, 10, 20, 25, 40, 50, 75, 100, 150, 200, 250, 400, 500, 600, 800])} mg`;
  const times = random.integer(2, 4);
  return random.pick([
    `Take ${amount} of ${medicine} ${times} times a day.`,
    `Take ${amount} of ${medicine} every ${random.pick([4, 6, 8, 12])} hours.`,
    `Your dose of ${medicine} is ${amount} for ${random.integer(3, 14)} days.`,
    `Start with ${amount} of ${medicine} and then take twice as much.`,
    `Take ${times} tablets of ${medicine} before bed.`,
  ]);
}

function inventedEvidence({ topic, medicine, evidence }: Scenario, random: Random): string {
  const citation = `[${random.integer(evidence.length + 1, 9)}]`;
  const what = medicine ?? random.pick(["cold water", "green tea", "garlic", "ginger", "a long walk"]);
  return random.pick([
    `A large study shows that ${what} cures ${topic} ${citation}.`,
    `In a trial ${what} worked for ${random.integer(51, 99)} of 100 people ${citation}.`,
    `Experts expect the end of ${topic} in ${random.integer(2, 14)} days ${citation}.`,
    `${capitalised(what)} can ease ${topic} ${citation}.`,
    `${capitalised(what)} helps with ${topic} ${citation}.`,
    `You can try ${what} ${citation}.`,
  ]);
}

/** Claims that have nothing to do with medicine. */
const SUPERSTITIONS: readonly string[] = [
  "Your star sign is to blame for TOPIC.",
  "The stars say that TOPIC will pass soon.",
  "A copper ring draws TOPIC out of the body.",
  "The full moon makes TOPIC worse.",
  "A blue stone under the pillow takes TOPIC away.",
  "Bad luck in the family brings TOPIC.",
  "Your lucky number protects you from TOPIC.",
  "A new phone would help you more than any doctor.",
  "Gold is a good way to save money now.",
  "Paint the bedroom green against TOPIC.",
];

/** The words by which a sentence of SUPERSTITIONS is known. */
export const OFF_TOPIC_WORDS =
  /\b(star signs?|stars say|copper|full moon|blue stone|bad luck|lucky number|new phone|gold is|paint)\b/i;
