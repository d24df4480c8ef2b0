import { articleOf, CONDITIONS } from "../medical/mod.ts";
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

/** What lasts, or has its moment in its name. */
const NO_MOMENT = /^(sleep disturbance|constipation|cheilitis|easy bruising|alopecia|menorrhagia|dysmenorrhea)$/;

/** All complaints: the table of this folder and the symptoms of known conditions. */
export const ALL_COMPLAINTS: readonly Complaint[] = [
  ...COMPLAINTS.map((complaint) => ({
    ...complaint,
    takesMoment: !NO_MOMENT.test(complaint.term),
  })),
  ...knownSymptoms(),
];

/** What a child or somebody's father may have. */
export const ANYBODYS_COMPLAINTS = ALL_COMPLAINTS.filter(({ noun }) =>
  !/\b(periods?|pregnancy|sex|vulva|discharge|nursing)\b/.test(noun)
);

/** What a pregnant woman may have. */
export const COMPLAINTS_IN_PREGNANCY = ALL_COMPLAINTS.filter(({ noun }) => !/\bperiods?\b/.test(noun));

/** Everyday names that want an article: "a brain attack". */
const COUNTED = /(?:infection|headache|attack|thyroid|allergy)$/;

/** All illnesses with an everyday name. */
export const ALL_ILLNESSES: readonly { lay: string; term: string }[] = [
  ...LAY_ILLNESSES,
  ...KNOWN.flatMap(({ lay, name }) =>
    lay === undefined ? [] : [{ lay: COUNTED.test(lay) ? `${articleOf(lay)} ${lay}` : lay, term: name }]
  ),
];
