import type { Random } from "../../random/mod.ts";
import { bare, joinWords } from "../medical/mod.ts";
import { drawName } from "./clauses.ts";
import { looksInvented } from "./invented_names.ts";
import { LIST_FIELDS, type ListField, type PatientFacts } from "./patient_facts.ts";
import { ALLERGENS, ILLNESSES, MEDICINES, SYMPTOMS } from "./vocabulary.ts";

/** A question that only a profile answers. */
export interface RecallQuestion {
  question: string;
  answer: string;
  /** Names and numbers that an answer has to give. */
  names: string[];
  /** Names that it may also give, such as the one that was asked about. */
  mayName: string[];
  says: "yes" | "no" | "not known" | "facts";
  /** The subject, which an answer without names has to speak of. */
  about: keyof PatientFacts;
}

const SUBJECT_WORDS: Record<keyof PatientFacts, RegExp> = {
  age: /\b(old|age)\b/,
  sex: /\b(sex|man|woman|male|female)\b/,
  pregnant: /\bpregnan/,
  allergies: /\ballerg/,
  conditions: /\b(ill|illness|illnesses|condition|conditions)\b/,
  medicines: /\b(medicines?|take)\b/,
  symptoms: /\b(symptoms?|complain)/,
};

/** A patient with about two thirds of all fields. */
export function randomProfile(random: Random): PatientFacts {
  const facts: PatientFacts = {};
  if (random.chance(0.75)) facts.age = random.integer(16, 94);
  if (random.chance(0.6)) facts.sex = random.pick(["female", "male"] as const);
  if (facts.sex !== "male" && (facts.age ?? 0) < 45 && random.chance(0.5)) facts.pregnant = random.chance(0.7);
  for (const field of LIST_FIELDS) {
    if (!random.chance(0.7)) continue;
    const count = field === "symptoms" ? random.integer(1, 2) : random.weightedIndex([0.15, 0.35, 0.35, 0.15]);
    const names: string[] = [];
    while (names.length < count) {
      const name = field === "symptoms" ? random.pick(SYMPTOMS).name : bare(drawName(field, random));
      // Nobody takes what they are allergic to.
      if (!names.includes(name) && !facts.allergies?.includes(name)) names.push(name);
    }
    facts[field] = names;
  }
  return facts;
}

/** A question about one field, answered from the profile, or by saying that the profile does not tell. */
export function recallQuestion(facts: PatientFacts, random: Random): RecallQuestion {
  const ask = random.pick(QUESTIONS);
  return ask(facts, random) ?? recallQuestion(facts, random);
}

type Ask = (facts: PatientFacts, random: Random) => RecallQuestion | null;

const QUESTIONS: readonly Ask[] = [
  askAge,
  askSex,
  askPregnant,
  (facts, random) => askList("allergies", facts, random),
  (facts, random) => askList("conditions", facts, random),
  (facts, random) => askList("medicines", facts, random),
  (facts, random) => askList("symptoms", facts, random),
  (facts, random) => askOne("allergies", facts, random),
  (facts, random) => askOne("medicines", facts, random),
  (facts, random) => askOne("conditions", facts, random),
  askUse,
];

function unknown(about: keyof PatientFacts, question: string, what: string, mayName: string[] = []): RecallQuestion {
  return { question, answer: `Your profile does not say ${what}.`, names: [], mayName, says: "not known", about };
}

function askAge({ age }: PatientFacts, random: Random): RecallQuestion {
  const question = random.pick(["How old am I?", "What is my age?", "Do you know my age?"]);
  if (age === undefined) return unknown("age", question, "how old you are");
  return {
    question,
    answer: `You are ${age} years old.`,
    names: [String(age)],
    mayName: [],
    says: "facts",
    about: "age",
  };
}

function askSex({ sex }: PatientFacts, random: Random): RecallQuestion {
  const question = random.pick(["Am I a man or a woman?", "What is my sex?", "Which sex do you have for me?"]);
  if (sex === undefined) return unknown("sex", question, "what your sex is");
  return { question, answer: `You are ${sex}.`, names: [sex], mayName: [], says: "facts", about: "sex" };
}

function askPregnant({ pregnant }: PatientFacts, random: Random): RecallQuestion | null {
  const question = random.pick([
    "Am I pregnant?",
    "Did I say that I am pregnant?",
    "Does my profile say that I am pregnant?",
  ]);
  if (pregnant === undefined) return unknown("pregnant", question, "whether you are pregnant");
  return pregnant
    ? { question, answer: "Yes, you are pregnant.", names: [], mayName: [], says: "yes", about: "pregnant" }
    : { question, answer: "No, you are not pregnant.", names: [], mayName: [], says: "no", about: "pregnant" };
}

const LISTS: Record<ListField, { asks: readonly string[]; have: string; none: string; unknown: string }> = {
  allergies: {
    asks: ["What am I allergic to?", "Which allergies do I have?", "What are my allergies?"],
    have: "You are allergic to",
    none: "You have no allergies.",
    unknown: "what you are allergic to",
  },
  conditions: {
    asks: ["Which illnesses do I have?", "What are my illnesses?", "Which conditions are in my profile?"],
    have: "You have",
    none: "You have no illnesses.",
    unknown: "which illnesses you have",
  },
  medicines: {
    asks: ["Which medicines do I take?", "What are my medicines?", "What do I take?"],
    have: "You take",
    none: "You take no medicines.",
    unknown: "which medicines you take",
  },
  symptoms: {
    asks: ["What are my symptoms?", "Which symptoms did I tell you?", "What did I complain about?"],
    have: "Your symptoms are",
    none: "You have no symptoms.",
    unknown: "which symptoms you have",
  },
};

function askList(field: ListField, facts: PatientFacts, random: Random): RecallQuestion {
  const { asks, have, none, unknown: what } = LISTS[field];
  const question = random.pick(asks);
  const names = facts[field];
  if (names === undefined) return unknown(field, question, what);
  if (names.length === 0) return { question, answer: none, names: [], mayName: [], says: "no", about: field };
  return { question, answer: `${have} ${joinWords(names)}.`, names, mayName: [], says: "facts", about: field };
}

const ONES = {
  allergies: {
    ask: (name: string) => `Am I allergic to ${name}?`,
    yes: "you are allergic to",
    no: "you are not allergic to",
  },
  conditions: { ask: (name: string) => `Do I have ${name}?`, yes: "you have", no: "you do not have" },
  medicines: { ask: (name: string) => `Do I take ${name}?`, yes: "you take", no: "you do not take" },
} as const;

function askOne(field: keyof typeof ONES, facts: PatientFacts, random: Random): RecallQuestion {
  const { ask, yes, no } = ONES[field];
  const names = facts[field];
  const asked = names?.length && random.chance(0.5) ? random.pick(names) : bare(drawName(field, random));
  const question = ask(asked);
  if (names === undefined) return unknown(field, question, LISTS[field].unknown, [asked]);
  return names.includes(asked)
    ? { question, answer: `Yes, ${yes} ${asked}.`, names: [asked], mayName: [], says: "yes", about: field }
    : { question, answer: `No, ${no} ${asked}.`, names: [asked], mayName: [], says: "no", about: field };
}

/** "Which of my medicines is for diabetes?", where one that it knows is in the profile. */
function askUse({ medicines = [] }: PatientFacts, random: Random): RecallQuestion | null {
  const uses = MEDICINES.filter(({ name }) => medicines.includes(name));
  if (uses.length === 0) return null;
  const { use } = random.pick(uses);
  const names = uses.filter((medicine) => medicine.use === use).map(({ name }) => name);
  const question = random.pick([`Which of my medicines is for ${use}?`, `What do I take for ${use}?`]);
  return {
    question,
    answer: `You take ${joinWords(names)} for ${use}.`,
    names,
    mayName: [bare(use)],
    says: "facts",
    about: "medicines",
  };
}

const VOCABULARY = [
  ...ALLERGENS,
  ...ILLNESSES.map(bare),
  ...MEDICINES.map(({ name }) => name),
  ...SYMPTOMS.map(({ name }) => name),
].map((name) => name.toLowerCase());

/** Whether a reply gives what the question asks for from the profile, and nothing else of names and numbers. */
export function recalled(asked: RecallQuestion, facts: PatientFacts, reply: string): boolean {
  let rest = reply.toLowerCase();
  // An answer, not the whole profile read out.
  if (rest.length > 2 * asked.answer.length + 20) return false;
  if (asked.names.length === 0 && !SUBJECT_WORDS[asked.about].test(rest)) return false;
  if ((asked.says === "not known") !== /\bnot (?:say|known|in your profile|mention)/.test(rest)) return false;
  if (asked.says === "yes" && !/^\s*yes\b/.test(rest)) return false;
  if (asked.says === "no" && (!/\bno(t|ne)?\b/.test(rest) || /^\s*yes\b/.test(rest))) return false;
  if (asked.says === "no" && asked.names.length > 0 && !/^\s*no\b/.test(rest)) return false;
  if (asked.says === "facts" && /\b(no|not|none)\b/.test(rest)) return false;
  // Longer names first: "pain" must not break "back pain" apart.
  for (const name of [...asked.names].sort((one, other) => other.length - one.length)) {
    if (!hasName(rest, name)) return false;
    rest = withoutName(rest, name);
  }
  for (const name of asked.mayName) rest = withoutName(rest, name);
  if (/\d/.test(rest)) return false;
  const others = LIST_FIELDS.flatMap((field) => facts[field] ?? []).map((name) => name.toLowerCase());
  if ([...others, ...VOCABULARY].some((name) => hasName(rest, name))) return false;
  if (asked.names.includes("male") || asked.names.includes("female")) {
    if (/\b(fe)?male\b|\b(wo)?man\b/.test(rest)) return false;
  }
  return !(rest.match(/[a-z]+/g) ?? []).some(looksInvented);
}

function hasName(text: string, name: string): boolean {
  return ` ${words(text)} `.includes(` ${words(name)} `);
}

function withoutName(text: string, name: string): string {
  return ` ${words(text)} `.replaceAll(` ${words(name)} `, " | ").trim();
}

function words(text: string): string {
  return (text.toLowerCase().match(/[a-z0-9|'-]+/g) ?? []).join(" ");
}
