import type { Random } from "../../random/mod.ts";
import { bare, capitalised } from "../medical/mod.ts";
import { drawName, type Known } from "./clauses.ts";
import { LIST_FIELDS } from "./patient_facts.ts";
import { CHATTER, CLOSING_QUESTIONS, ILLNESSES, RELATIVES, SYMPTOMS } from "./vocabulary.ts";

/** A sentence that sounds like a fact of the patient and is none: other people's facts, denials, questions, chatter. */
export function decoySentence(known: Known, random: Random): string {
  const said = LIST_FIELDS.flatMap((field) => known[field] ?? []);
  for (;;) {
    const sentence = DECOYS[random.weightedIndex(WEIGHTS)](random);
    // "I do not take aspirin" from somebody who has just said the opposite would have no right answer.
    if (!said.some((name) => sentence.includes(name))) return sentence;
  }
}

/** A question that names a medicine or illness which the patient does not have. */
export function decoyQuestion(random: Random): string {
  const medicine = drawName("medicines", random);
  return random.pick([
    `Can I take ${medicine}?`,
    `Is ${medicine} safe for me?`,
    `Would ${medicine} help?`,
    `Could it be ${drawName("conditions", random)}?`,
    `How do I know whether I have ${drawName("conditions", random)}?`,
  ]);
}

const DECOYS: readonly ((random: Random) => string)[] = [
  (random) => random.pick(CHATTER),
  otherPerson,
  denial,
];
const WEIGHTS = [0.4, 0.35, 0.25];

function otherPerson(random: Random): string {
  const relative = random.pick(RELATIVES);
  const who = capitalised(relative.who);
  const subject = random.pick(["age", "allergies", "conditions", "medicines", "symptoms"] as const);
  if (subject === "age") return `${who} is ${random.integer(...relative.ages)} years old.`;
  if (subject === "symptoms") return `${who} has ${withArticle(random.pick(SYMPTOMS).name)} too.`;
  const name = drawName(subject, random);
  const says = {
    allergies: [`is allergic to ${name}`, `cannot have ${name} because of an allergy`],
    conditions: [`has ${name}`, `has had ${name} for years`, `was told that it is ${name}`],
    medicines: [`takes ${name}`, `is on ${name}`, `gave me advice about ${name}`],
  };
  return `${who} ${random.pick(says[subject])}.`;
}

function denial(random: Random): string {
  const medicine = drawName("medicines", random);
  const illness = random.pick(ILLNESSES);
  const symptom = random.pick(SYMPTOMS.filter(({ says }) => says[0].startsWith("I have "))).name;
  return random.pick([
    `I do not take ${medicine}.`,
    `I have never taken ${medicine}.`,
    `I stopped taking ${medicine} years ago.`,
    `I do not have ${illness}.`,
    `I have no ${symptom}.`,
    `I am not allergic to ${drawName("allergies", random)}.`,
    `I am afraid of ${bare(illness)}.`,
  ]);
}

const COUNTABLE = /^(headache|cough|fever|sore throat|runny nose|rash|earache|toothache)$/;

function withArticle(symptom: string): string {
  if (!COUNTABLE.test(symptom)) return symptom;
  return `${/^[aeiou]/.test(symptom) ? "an" : "a"} ${symptom}`;
}

/** The last sentence of many messages. */
export function closingQuestion(random: Random): string {
  return random.chance(0.4) ? decoyQuestion(random) : random.pick(CLOSING_QUESTIONS);
}
