/** Emergencies in a person's words: looked for before anything else, and answered without a model. */
import type { PatientFacts } from "../../data/mod.ts";
import { EMERGENCY_RULES, type EmergencyKind, type EmergencyRule } from "./emergency_rules.ts";
import { type SignName, SIGNS } from "./emergency_signs.ts";
import { isDenied, toldSentences } from "./told_now.ts";

/** An emergency that a message tells of. */
export interface Emergency {
  kind: EmergencyKind;
  /** The words that say so, in small letters. */
  words: string[];
}

/** What is known besides the message. */
export interface EmergencyOptions {
  /** A pregnancy counts that was told of before. */
  profile?: Pick<PatientFacts, "pregnant">;
}

/** Signs in so many sentences after each other belong together. */
const NEAR = 3;

/**
 * Emergencies that a message tells of, the most urgent first. Of the writer or of somebody else, as long as it is now: what is denied, past,
 * imagined or asked about in general is none. Rules cannot know every wording: what they do not find is no "all is well".
 *
 * Takes time in proportion to the message; of more than 20,000 characters the beginning and the end are read.
 */
export function findEmergencies(message: string, { profile }: EmergencyOptions = {}): Emergency[] {
  const told = toldSentences(message).filter(({ isNow }) => isNow).map(({ text }) => signsIn(text));
  if (profile?.pregnant === true) { for (const signs of told) if (!signs.has("pregnant")) signs.set("pregnant", ""); }
  return EMERGENCY_RULES.flatMap((rule) => {
    const words = wordsFor(rule, told);
    return words === null ? [] : [{ kind: rule.kind, words }];
  });
}

/** Each sign that a sentence tells of and does not deny, with its words. */
function signsIn(sentence: string): Map<SignName, string> {
  const found = new Map<SignName, string>();
  for (const name of Object.keys(SIGNS) as SignName[]) {
    for (const match of sentence.matchAll(SIGNS[name])) {
      if (isDenied(sentence, match.index)) continue;
      found.set(name, match[0]);
      break;
    }
  }
  return found;
}

function wordsFor({ when, unless = [] }: EmergencyRule, told: readonly Map<SignName, string>[]): string[] | null {
  for (let from = 0; from < told.length; from++) {
    const near = told.slice(from, from + NEAR);
    const wordsOf = (name: SignName) => near.find((signs) => signs.has(name))?.get(name);
    if (unless.some((name) => wordsOf(name) !== undefined)) continue;
    const signs = when.find((names) => names.every((name) => wordsOf(name) !== undefined));
    if (signs !== undefined) return signs.map((name) => wordsOf(name)!).filter((words) => words !== "");
  }
  return null;
}

/** Whom to call. */
export interface EmergencyNumbers {
  /** Default: "your local emergency number (112 in Europe, 911 in North America)". */
  emergencyNumber?: string;
  /** Default: "a crisis line (988 in the United States)". */
  crisisLine?: string;
  /** Default: "your local poison center". */
  poisonCenter?: string;
}

/**
 * What to tell somebody with these emergencies: whom to call first, then what to do until help comes.
 *
 * @throws {RangeError} Without an emergency.
 */
export function emergencyAnswer(
  emergencies: readonly Pick<Emergency, "kind">[],
  numbers: EmergencyNumbers = {},
): string {
  if (emergencies.length === 0) throw new RangeError("emergencies: expected at least one");
  const {
    emergencyNumber = "your local emergency number (112 in Europe, 911 in North America)",
    crisisLine = "a crisis line (988 in the United States)",
    poisonCenter = "your local poison center",
  } = numbers;
  const rules = EMERGENCY_RULES.filter(({ kind }) => emergencies.some((emergency) => emergency.kind === kind));
  const lines = rules.map(({ kind, name, advice }) => {
    const also = kind === "suicide"
      ? ` You can also call or text ${crisisLine}. What you feel now can change, and people are there to help.`
      : kind === "poisoning"
      ? ` Also ask ${poisonCenter}.`
      : "";
    return `This may be ${name}. ${advice}${also}`;
  });
  return [
    `Call ${emergencyNumber} now.`,
    ...lines,
    "I cannot help with this in a chat: please do not wait for more answers here.",
  ]
    .join("\n\n");
}
