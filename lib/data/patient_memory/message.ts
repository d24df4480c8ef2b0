import type { Random } from "../../random/mod.ts";
import { bare, capitalised } from "../medical/mod.ts";
import { type Clause, clauseAbout, drawName, type Known, openSubjects } from "./clauses.ts";
import { closingQuestion, decoySentence } from "./decoys.ts";
import { mergeFacts, type PatientFacts } from "./patient_facts.ts";
import { GREETINGS } from "./vocabulary.ts";

/** What a patient writes, and the facts that are in it. */
export interface PatientMessage {
  kind: "facts" | "nothing" | "correction";
  text: string;
  facts: PatientFacts;
}

/** One message of 1 to 4 sentences. What is known already is not told again, but may be corrected. */
export function patientMessage(known: Known, random: Random): PatientMessage {
  const correction = random.chance(0.2) ? correctionOf(known, random) : null;
  if (correction) {
    const extra = random.chance(0.3) ? ` ${decoySentence(mergeFacts(known, correction.facts), random)}` : "";
    return written("correction", `${capitalised(correction.text)}.${extra}`, correction.facts, random);
  }
  const subjects = openSubjects(known);
  if (subjects.length === 0 || random.chance(0.12)) {
    const sentences = [decoySentence(known, random), ...(random.chance(0.5) ? [decoySentence(known, random)] : [])];
    if (random.chance(0.5)) sentences.push(closingQuestion(random));
    return written("nothing", sentences.join(" "), {}, random);
  }
  const clauses: Clause[] = [];
  let facts: PatientFacts = {};
  const count = random.integer(1, Math.min(4, subjects.length));
  for (const subject of random.sample(subjects, count)) {
    const soFar = mergeFacts(known, facts);
    if (!openSubjects(soFar).includes(subject)) continue; // an earlier clause has told it
    const clause = clauseAbout(subject, soFar, random);
    clauses.push(clause);
    facts = mergeFacts(facts, clause.facts);
  }
  const sentences = sentencesOf(clauses, random);
  if (random.chance(0.35)) {
    sentences.splice(random.integer(0, sentences.length), 0, decoySentence(mergeFacts(known, facts), random));
  }
  if (random.chance(0.2)) sentences.unshift(random.pick(GREETINGS));
  if (sentences.length < 4 && random.chance(0.4)) sentences.push(closingQuestion(random));
  return written("facts", sentences.join(" "), facts, random);
}

/** Joins neighbours by "and" where both are short. */
function sentencesOf(clauses: Clause[], random: Random): string[] {
  const sentences: string[] = [];
  for (let i = 0; i < clauses.length; i++) {
    const { text } = clauses[i];
    const next = clauses[i + 1]?.text;
    const joins = next !== undefined && !text.includes(" and ") && !next.includes(" and ");
    if (joins && random.chance(0.45)) {
      sentences.push(`${capitalised(text)}${random.chance(0.5) ? "," : ""} and ${next}.`);
      i++;
    } else {
      sentences.push(`${capitalised(text)}.`);
    }
  }
  return sentences;
}

/** One message in ten is typed without capitals; its names are then as they stand in it. */
function written(kind: PatientMessage["kind"], text: string, facts: PatientFacts, random: Random): PatientMessage {
  if (!random.chance(0.1)) return { kind, text, facts };
  const lowered: PatientFacts = { ...facts };
  for (const field of ["allergies", "conditions", "medicines"] as const) {
    if (facts[field]) lowered[field] = facts[field].map((name) => name.toLowerCase());
  }
  return { kind, text: text.toLowerCase(), facts: lowered };
}

/** Takes back something that was said, or null where nothing can be. */
function correctionOf(known: Known, random: Random): Clause | null {
  const kinds: (() => Clause)[] = [];
  const sorry = random.pick(["sorry,", "no,", "I made a mistake:", "I got that wrong:"]);
  const { age, pregnant } = known;
  if (age !== undefined) {
    kinds.push(() => {
      let right = random.integer(16, pregnant ? 44 : 94);
      if (right === age) right -= 1;
      const text = random.pick([`I am ${right}, not ${age}`, `I am not ${age} but ${right}`, `my age is ${right}`]);
      return { text: `${sorry} ${text}`, facts: { age: right } };
    });
  }
  if (pregnant !== undefined) {
    kinds.push(() => ({ text: `${sorry} I am ${pregnant ? "not " : ""}pregnant`, facts: { pregnant: !pregnant } }));
  }
  for (const field of ["allergies", "conditions", "medicines"] as const) {
    const said = known[field];
    if (!said?.length) continue;
    kinds.push(() => {
      const wrong = random.pick(said);
      let right = drawName(field, random);
      while (said.includes(bare(right))) right = drawName(field, random);
      return { text: `${sorry} ${random.pick(REPLACES[field](right, wrong))}`, facts: { [field]: [bare(right)] } };
    });
  }
  return kinds.length === 0 ? null : random.pick(kinds)();
}

const REPLACES = {
  allergies: (right: string, wrong: string) => [
    `I am allergic to ${right}, not to ${wrong}`,
    `I am not allergic to ${wrong} but to ${right}`,
    `it is ${right} that I am allergic to`,
  ],
  conditions: (right: string, wrong: string) => [
    `I have ${right}, not ${wrong}`,
    `it is not ${wrong} but ${right} that I have`,
    `the illness that I have is ${right}`,
  ],
  medicines: (right: string, wrong: string) => [
    `I take ${right}, not ${wrong}`,
    `I do not take ${wrong} but ${right}`,
    `the medicine that I take is ${right}`,
  ],
};
