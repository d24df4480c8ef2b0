import type { Random } from "../../random/mod.ts";
import { capitalised } from "../medical/mod.ts";
import type { SearchQuery } from "./query.ts";
import { ALL_COMPLAINTS, ANYBODYS_COMPLAINTS, type Complaint, COMPLAINTS_IN_PREGNANCY } from "./lay_words.ts";
import { type AskedQuestion, drawMedicine, drawTime, hasDose, medicineAsks } from "./questions.ts";
import { POPULATIONS } from "./terms.ts";

/** A question that only the one before makes clear, with its full query; null where none of the drawn sort fits. */
export function followUp(before: SearchQuery, random: Random): AskedQuestion | null {
  return random.pick(FOLLOW_UPS)(before, random);
}

const FOLLOW_UPS: readonly ((before: SearchQuery, random: Random) => AskedQuestion | null)[] = [
  otherGroup,
  otherGroup,
  oneMoreFact,
  otherMedicine,
  otherMedicine,
  togetherWith,
  aboutIt,
  otherAspect,
  otherTime,
];

const WOMENS_TERMS = termsMissingFrom(ANYBODYS_COMPLAINTS);
const PERIOD_TERMS = termsMissingFrom(COMPLAINTS_IN_PREGNANCY);

function termsMissingFrom(complaints: readonly Complaint[]): Set<string> {
  const there = new Set(complaints.map(({ term }) => term));
  return new Set(ALL_COMPLAINTS.map(({ term }) => term).filter((term) => !there.has(term)));
}

/** Whether the group can have the complaint: children have no periods, nor has somebody pregnant. */
function mayHave(group: string, complaint = ""): boolean {
  if (group === "pregnancy") return !PERIOD_TERMS.has(complaint);
  return !/^(child|older adult)/.test(group) || !WOMENS_TERMS.has(complaint);
}

/** Another group takes the place of those before. */
function otherGroup(before: SearchQuery, random: Random): AskedQuestion | null {
  const age = random.integer(2, 12);
  const { group, term } = random.pick([
    ...POPULATIONS,
    { group: "children", term: "children" },
    { group: "children", term: "children" },
    { group: "old people", term: "older adults" },
    { group: `a child of ${age}`, term: `child ${age} years` },
    { group: `my ${age}-year-old son`, term: `child ${age} years` },
  ]);
  if (before.populations.includes(term) || !mayHave(term, before.complaint)) return null;
  const text = random.pick([
    `And what about ${group}?`,
    `What about ${group}?`,
    `And for ${group}?`,
    `Is it the same for ${group}?`,
  ]);
  return { text, query: { ...before, populations: [term] } };
}

/** A fact of the patient comes on top of the group named before. */
function oneMoreFact(before: SearchQuery, random: Random): AskedQuestion | null {
  if (before.populations.length > 1) return null;
  const { self, term } = random.pick(POPULATIONS);
  const told = before.populations[0] ?? "";
  // What is said of a child or of somebody's mother is not said of the patient.
  if (told === term || !mayHave(term, before.complaint) || /child|adult/.test(told)) return null;
  const text = random.pick([
    `I forgot to say that ${self}.`,
    `Does it matter that ${self}?`,
    `By the way, ${self}.`,
  ]);
  return { text, query: { ...before, populations: [...before.populations, term] } };
}

function otherMedicine(before: SearchQuery, random: Random): AskedQuestion | null {
  if (before.medicines.length !== 1) return null;
  const { lay, term } = drawMedicine(random);
  if (before.medicines.includes(term) || (before.aspect === "dose" && !hasDose(term))) return null;
  const texts = [`And ${lay}?`, `What about ${lay}?`, `And if it is ${lay}?`];
  const text = random.pick(before.aspect ? texts : [...texts, `Would ${lay} be better?`]);
  return { text, query: { ...before, medicines: [term] } };
}

function togetherWith(before: SearchQuery, random: Random): AskedQuestion | null {
  if (before.medicines.length !== 1) return null;
  const { lay, term } = drawMedicine(random);
  if (before.medicines.includes(term)) return null;
  const text = random.pick([
    `Can I take it together with ${lay}?`,
    `Does it go with ${lay}?`,
    `I also take ${lay}, is that safe?`,
  ]);
  const { populations } = before;
  return { text, query: { medicines: [...before.medicines, term], aspect: "interaction", populations } };
}

/** About the medicine before: the complaint is not asked about any more. */
function aboutIt({ medicines, aspect: was, populations }: SearchQuery, random: Random): AskedQuestion | null {
  if (medicines.length !== 1) return null;
  const { aspect, asks } = random.pick(medicineAsks(medicines[0]));
  if (aspect === was) return null;
  const it = aspect === "dose" ? "of it" : "it";
  return { text: `${capitalised(random.pick(asks)(it))}?`, query: { medicines, aspect, populations } };
}

/** About the complaint or illness before: the medicine is not asked about any more. */
function otherAspect({ complaint, aspect: was, time, populations }: SearchQuery, random: Random): AskedQuestion | null {
  if (complaint === undefined) return null;
  const { aspect, texts } = random.pick([
    { aspect: "causes" as const, texts: ["Where does it come from?", "What is behind it?"] },
    { aspect: "treatment" as const, texts: ["What else helps?", "How is it treated?"] },
    { aspect: "prevention" as const, texts: ["How can I keep it from coming back?", "What protects me from it?"] },
    { aspect: "warning signs" as const, texts: ["When is it serious?", "When do I need a doctor for it?"] },
  ]);
  if (aspect === was) return null;
  return { text: random.pick(texts), query: { complaint, time, medicines: [], aspect, populations } };
}

function otherTime(before: SearchQuery, random: Random): AskedQuestion | null {
  if (before.complaint === undefined) return null;
  const time = drawTime(random);
  if (time === before.time) return null;
  const text = random.pick([
    `And if it lasts for ${time}?`,
    `What if I have had it for ${time}?`,
    `And after ${time}?`,
  ]);
  return { text, query: { ...before, time } };
}
