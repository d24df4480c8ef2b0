import type { Random } from "../../random/mod.ts";
import { capitalised } from "../medical/mod.ts";
import { inventedMedicine } from "../patient_memory/mod.ts";
import {
  ALL_COMPLAINTS,
  ALL_ILLNESSES,
  ANYBODYS_COMPLAINTS,
  type Complaint,
  COMPLAINTS_IN_PREGNANCY,
} from "./lay_words.ts";
import type { SearchQuery } from "./query.ts";
import { type Aspect, GENERIC_NAMES, MEDICINE_NAMES, MOMENTS, POPULATIONS } from "./terms.ts";

/** What a patient asks, and the query that finds an answer. */
export interface AskedQuestion {
  text: string;
  query: SearchQuery;
}

/** A medicine as it is said and as it is searched for: brands, everyday names, generic names, names nobody knows. */
export function drawMedicine(random: Random): { lay: string; term: string } {
  const source = random.weightedIndex([0.6, 0.15, 0.25]);
  if (source === 0) return random.pick(MEDICINE_NAMES);
  const name = source === 1 ? random.pick(GENERIC_NAMES) : inventedMedicine(random);
  return { lay: name, term: name };
}

/** A question that can be understood alone. */
export function openQuestion(random: Random): AskedQuestion {
  return OPEN[random.weightedIndex(OPEN_WEIGHTS)](random);
}

const OPEN: readonly ((random: Random) => AskedQuestion)[] = [
  aboutComplaint,
  aboutMedicine,
  aboutTwoMedicines,
  aboutIllness,
];
const OPEN_WEIGHTS = [0.55, 0.2, 0.1, 0.15];

/** Who has the complaint. */
interface Person {
  /** Before the complaint's clause or noun; "" where nothing special is said of the patient. */
  sentence: string;
  /** "my son": undefined where the patient speaks of themselves. */
  other?: string;
  populations: string[];
}

function drawPerson(random: Random): Person {
  const who = random.weightedIndex([0.35, 0.4, 0.15, 0.1]);
  if (who === 0) return { sentence: "", populations: [] };
  if (who === 1) {
    const { self, term } = random.pick(POPULATIONS);
    return { sentence: self, populations: [term] };
  }
  if (who === 2) {
    const age = random.integer(2, 12);
    return {
      sentence: "",
      other: `my ${age}-year-old ${random.pick(["son", "daughter"])}`,
      populations: [`child ${age} years`],
    };
  }
  const age = random.integer(65, 94);
  return {
    sentence: "",
    other: `my ${age}-year-old ${random.pick(["mother", "father"])}`,
    populations: [`older adult ${age} years`],
  };
}

const COMPLAINT_ASKS: readonly { aspect?: Aspect; asks: readonly string[] }[] = [
  { aspect: "treatment", asks: ["what helps", "what can I do about it", "how do I get rid of it"] },
  { aspect: "causes", asks: ["where does it come from", "what could be behind it", "why is that"] },
  { aspect: "warning signs", asks: ["when is it serious", "when should I worry", "when do I need a doctor"] },
];

function aboutComplaint(random: Random): AskedQuestion {
  const person = drawPerson(random);
  const complaint = random.pick(complaintsOf(person));
  const told = tellComplaint(complaint, person, random);
  const time = random.chance(0.35) ? drawTime(random) : undefined;
  const medicine = random.chance(0.5) ? drawMedicine(random) : undefined;
  const { aspect, asks } = medicine
    ? { aspect: undefined, asks: mayTake(medicine.lay, person) }
    : random.pick(COMPLAINT_ASKS);
  const ask = random.pick(asks);
  const lasts = time === undefined
    ? ""
    : ` ${random.pick([`It started ${time} ago`, `It has been like that for ${time}`])}.`;
  // "..., can I take it?" as people type, or two sentences.
  const text = time === undefined && random.chance(0.4)
    ? `${capitalised(told.text)}, ${ask}?`
    : `${capitalised(told.text)}.${lasts} ${capitalised(ask)}?`;
  return {
    text,
    query: {
      complaint: told.term,
      time,
      medicines: medicine ? [medicine.term] : [],
      aspect,
      populations: person.populations,
    },
  };
}

function complaintsOf({ other, populations }: Person): readonly Complaint[] {
  if (other !== undefined) return ANYBODYS_COMPLAINTS;
  return populations.includes("pregnancy") ? COMPLAINTS_IN_PREGNANCY : ALL_COMPLAINTS;
}

function mayTake(medicine: string, { other }: Person): string[] {
  if (other === undefined) {
    return [`can I take ${medicine}`, `would ${medicine} be safe for me`, `may I use ${medicine}`];
  }
  const they = /son$|father$/.test(other) ? "he" : "she";
  return [`can ${they} take ${medicine}`, `would ${medicine} be safe then`, `may ${they} have ${medicine}`];
}

function tellComplaint(complaint: Complaint, person: Person, random: Random): { text: string; term: string } {
  const { noun, clause, takesMoment } = complaint;
  const moments = MOMENTS.filter(({ lay, by }) =>
    (by === undefined || by === complaint.by) && !(person.other && lay.includes(" I "))
  );
  const moment = takesMoment && random.chance(0.3) ? random.pick(moments) : undefined;
  const when = moment ? ` ${moment.lay}` : "";
  const term = moment ? `${complaint.term} ${moment.term}` : complaint.term;
  if (person.other) return { text: `${person.other} has ${noun}${when}`, term };
  const told = clause !== undefined && random.chance(0.65) ? clause : `I have ${noun}`;
  return { text: `${person.sentence}${person.sentence ? " and " : ""}${told}${when}`, term };
}

/** Such as "3 days". */
export function drawTime(random: Random): string {
  return `${random.integer(2, 14)} ${random.pick(["days", "days", "weeks", "months"])}`;
}

/** Asks about a medicine alone; `it` stands where a name or a pronoun goes. */
const MEDICINE_ASKS: readonly { aspect: Aspect; asks: readonly ((it: string) => string)[] }[] = [
  {
    aspect: "side effects",
    asks: [(it) => `what bad effects can ${it} have`, (it) => `what harm can ${it} do`],
  },
  {
    aspect: "dose",
    asks: [(it) => `how much ${it} may one take`, (it) => `how much ${it} is too much`],
  },
];

/** Kinds of medicines have no dose: nobody asks "how much water pills". */
const KINDS = new Set(MEDICINE_NAMES.filter(({ lay }) => lay.includes(" ")).map(({ term }) => term));

/** Whether one can ask how much of a medicine may be taken. */
export function hasDose(term: string): boolean {
  return !KINDS.has(term);
}

/** What can be asked about a medicine alone. */
export function medicineAsks(term: string): typeof MEDICINE_ASKS {
  return hasDose(term) ? MEDICINE_ASKS : MEDICINE_ASKS.filter(({ aspect }) => aspect !== "dose");
}

function aboutMedicine(random: Random): AskedQuestion {
  const medicine = drawMedicine(random);
  const population = random.chance(0.5) ? random.pick(POPULATIONS) : undefined;
  const { aspect, asks } = random.pick(medicineAsks(medicine.term));
  const ask = random.pick(asks)(medicine.lay);
  return {
    text: population ? `${capitalised(population.self)}. ${capitalised(ask)}?` : `${capitalised(ask)}?`,
    query: { medicines: [medicine.term], aspect, populations: population ? [population.term] : [] },
  };
}

function aboutTwoMedicines(random: Random): AskedQuestion {
  const one = drawMedicine(random);
  let other = drawMedicine(random);
  while (other.term === one.term) other = drawMedicine(random);
  const text = random.pick([
    `Can I take ${one.lay} together with ${other.lay}?`,
    `I take ${one.lay}. Is it safe to add ${other.lay}?`,
    `Do ${one.lay} and ${other.lay} go together?`,
  ]);
  return { text, query: { medicines: [one.term, other.term], aspect: "interaction", populations: [] } };
}

function aboutIllness(random: Random): AskedQuestion {
  const { lay, term } = random.pick(ALL_ILLNESSES);
  const { aspect, texts } = random.pick([
    { aspect: "treatment" as const, texts: [`What is the treatment of ${lay}?`, `What helps against ${lay}?`] },
    { aspect: "causes" as const, texts: [`What brings on ${lay}?`, `Why do people get ${lay}?`] },
    { aspect: "prevention" as const, texts: [`How do I keep from getting ${lay}?`, `What protects me from ${lay}?`] },
  ]);
  const population = random.chance(0.4) ? random.pick(POPULATIONS) : undefined;
  const text = random.pick(texts);
  return {
    text: population ? `${capitalised(population.self)}. ${text}` : text,
    query: { complaint: term, medicines: [], aspect, populations: population ? [population.term] : [] },
  };
}
