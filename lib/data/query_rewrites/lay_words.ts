import { CONDITIONS } from "../medical/mod.ts";
import { COMPLAINTS, LAY_ILLNESSES } from "./terms.ts";

/** A complaint as a noun phrase, with a clause of the patient where there is one. */
export interface Complaint {
  noun: string;
  clause?: string;
  term: string;
  /** Whether a moment such as "after meals" can follow. Symptoms of conditions often have theirs. */
  takesMoment: boolean;
  by?: "meals" | "effort";
}

/** Conditions of the "new" chapter are left out: notebooks teach them, so the house model must not have read of them. */
const KNOWN = CONDITIONS.filter(({ chapter }) => chapter === "known");

function knownSymptoms(): Complaint[] {
  const nouns = new Set(COMPLAINTS.map(({ noun }) => noun));
  const found = new Map<string, Complaint>();
  for (const { lay, term } of KNOWN.flatMap(({ symptoms }) => symptoms)) {
    if (term !== undefined && !nouns.has(lay)) found.set(lay, { noun: lay, term, takesMoment: false });
  }
  return [...found.values()];
}

/** All complaints: the table of this folder and the symptoms of known conditions. */
export const ALL_COMPLAINTS: readonly Complaint[] = [
  ...COMPLAINTS.map((complaint) => ({ ...complaint, takesMoment: true })),
  ...knownSymptoms(),
];

/** All illnesses with an everyday name. */
export const ALL_ILLNESSES: readonly { lay: string; term: string }[] = [
  ...LAY_ILLNESSES,
  ...KNOWN.flatMap(({ lay, name }) => lay === undefined ? [] : [{ lay, term: name }]),
];
