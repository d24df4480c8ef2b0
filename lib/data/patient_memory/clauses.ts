import type { Random } from "../../random/mod.ts";
import { articleOf, bare, joinWords } from "../medical/mod.ts";
import { inventedIllness, inventedMedicine } from "./invented_names.ts";
import type { ListField, PatientFacts } from "./patient_facts.ts";
import { ALLERGENS, ILLNESSES, MEDICINES, STARTED, SYMPTOMS } from "./vocabulary.ts";

/** A piece of a message that starts a sentence or follows "and", with what it says of the patient. */
export interface Clause {
  text: string;
  facts: PatientFacts;
}

/** What a patient has said of themselves so far; a clause never says it again. */
export type Known = Readonly<PatientFacts>;

/** A subject to speak of. */
export type Subject = "age" | "sex" | "pregnant" | ListField;

/** Subjects of which this patient can still tell something new. A list that was said to be empty stays empty. */
export function openSubjects(known: Known): Subject[] {
  const open: Subject[] = [];
  if (known.age === undefined) open.push("age");
  if (known.sex === undefined && known.pregnant === undefined) open.push("sex");
  if (known.pregnant === undefined && known.sex !== "male" && (known.age ?? 0) < 45) open.push("pregnant");
  for (const field of ["allergies", "conditions", "medicines", "symptoms"] as const) {
    const said = known[field];
    if (said === undefined || (said.length > 0 && said.length < 3)) open.push(field);
  }
  return open;
}

/** A clause about a subject that `openSubjects` gave. */
export function clauseAbout(subject: Subject, known: Known, random: Random): Clause {
  switch (subject) {
    case "age":
      return ageClause(known, random);
    case "sex":
      return sexClause(random);
    case "pregnant":
      return pregnancyClause(random);
    case "symptoms":
      return symptomClause(known, random);
    default:
      return listClause(subject, known, random);
  }
}

function ageClause(known: Known, random: Random): Clause {
  const age = known.pregnant === undefined ? random.integer(16, 94) : random.integer(18, 44);
  if (known.sex === undefined && known.pregnant === undefined && random.chance(0.4)) {
    const sex = random.chance(0.5) ? "female" : "male";
    const person = sex === "female" ? "woman" : "man";
    const text = random.pick([
      `I am ${articleOf(String(age))} ${age}-year-old ${person}`,
      `I am a ${person} of ${age}`,
      `I am a ${person}, ${age} years old`,
      `I am ${age} and ${sex}`,
    ]);
    return { text, facts: { age, sex } };
  }
  const text = random.pick([
    `I am ${age} years old`,
    `I am ${age}`,
    `my age is ${age}`,
    `I turned ${age} last month`,
    `I was ${age} on my last birthday`,
  ]);
  return { text, facts: { age } };
}

function sexClause(random: Random): Clause {
  return random.chance(0.5)
    ? { text: random.pick(["I am a woman", "I am female", "I am a mother of two"]), facts: { sex: "female" } }
    : { text: random.pick(["I am a man", "I am male", "I am a father of two"]), facts: { sex: "male" } };
}

function pregnancyClause(random: Random): Clause {
  if (random.chance(0.25)) {
    return { text: random.pick(["I am not pregnant", "I am not expecting"]), facts: { pregnant: false } };
  }
  const text = random.pick([
    "I am pregnant",
    "I am expecting a baby",
    "I have just found out that I am pregnant",
    `I am ${random.integer(2, 8)} months pregnant`,
    `I am in week ${random.integer(6, 38)} of my pregnancy`,
  ]);
  return { text, facts: { pregnant: true } };
}

function symptomClause(known: Known, random: Random): Clause {
  if (known.symptoms === undefined && random.chance(0.04)) return { text: "I feel fine", facts: { symptoms: [] } };
  const fresh = SYMPTOMS.filter(({ name }) => !known.symptoms?.includes(name));
  if (random.chance(0.3)) {
    const names = random.sample(fresh.filter(({ says }) => says[0].startsWith("I have ")), 2);
    const text = `${names[0].says[0]} and ${names[1].says[0].slice("I have ".length)}`;
    return { text: started(text, random), facts: { symptoms: names.map(({ name }) => name) } };
  }
  const { name, says } = random.pick(fresh);
  return { text: started(random.pick(says), random), facts: { symptoms: [name] } };
}

function started(text: string, random: Random): string {
  return random.chance(0.3) ? `${text}, which started ${random.pick(STARTED)}` : text;
}

const NONE: Record<Exclude<ListField, "symptoms">, readonly string[]> = {
  allergies: ["I have no allergies", "I am not allergic to anything", "I do not have any allergies"],
  conditions: ["I have no other illnesses", "I have never been ill before", "I have no known illnesses"],
  medicines: ["I take no medicines", "I do not take any medicines", "I am not on any medicine"],
};

function listClause(field: Exclude<ListField, "symptoms">, known: Known, random: Random): Clause {
  if (known[field] === undefined && random.chance(0.15)) {
    return { text: random.pick(NONE[field]), facts: { [field]: [] } };
  }
  const count = field === "conditions" || random.chance(0.6) ? 1 : random.chance(0.75) ? 2 : 3;
  const names: string[] = [];
  while (names.length < count) {
    const name = drawName(field, random);
    if (!names.includes(name) && !isKnown(bare(name), known)) names.push(name);
  }
  return { text: SAYS[field](names, random), facts: { [field]: names.map(bare) } };
}

/** Nobody takes what they are allergic to. */
function isKnown(name: string, known: Known): boolean {
  return [known.allergies, known.conditions, known.medicines].some((names) => names?.includes(name));
}

/** A name with its article; half of medicines and a third of illnesses are invented. */
export function drawName(field: Exclude<ListField, "symptoms">, random: Random): string {
  if (field === "conditions") return random.chance(0.35) ? inventedIllness(random) : random.pick(ILLNESSES);
  if (field === "medicines") return random.chance(0.5) ? inventedMedicine(random) : random.pick(MEDICINES).name;
  return random.chance(0.3) ? inventedMedicine(random) : random.pick(ALLERGENS);
}

const HOW_OFTEN = ["every morning", "every evening", "twice a day", "once a day", "before bed"];

const SAYS: Record<Exclude<ListField, "symptoms">, (names: string[], random: Random) => string> = {
  allergies: (names, random) =>
    random.pick([
      `I am allergic to ${joinWords(names)}`,
      `I have an allergy to ${joinWords(names)}`,
      `I cannot have ${joinWords(names)} because of an allergy`,
      `my ${names.length > 1 ? "allergies are" : "allergy is"} ${joinWords(names)}`,
      `I get hives from ${joinWords(names)}`,
    ]),
  conditions: ([name], random) =>
    random.pick([
      `I have ${name}`,
      `I have had ${name} for ${random.integer(2, 20)} years`,
      `my doctor says that I have ${name}`,
      `I was told last year that I have ${name}`,
      `I live with ${name}`,
    ]),
  medicines: (names, random) => {
    const dose = `${random.pick([5, 10, 20, 25, 50, 100, 200, 250, 400, 500])} mg of `;
    return random.pick([
      `I take ${joinWords(names)}`,
      `I am on ${joinWords(names)}`,
      `my doctor gave me ${joinWords(names)}`,
      `I take ${names.length === 1 && !names[0].endsWith("tablets") ? dose : ""}${joinWords(names)} ${
        random.pick(HOW_OFTEN)
      }`,
      `I have been taking ${joinWords(names)} for ${random.integer(2, 11)} months`,
      `my ${names.length > 1 ? "medicines are" : "medicine is"} ${joinWords(names)}`,
    ]);
  },
};
