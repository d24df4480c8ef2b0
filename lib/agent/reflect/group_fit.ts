/** Whether a warning's group has this patient in it. */
import { bare, mentions, type PatientFacts } from "../../data/mod.ts";
import { familyOf } from "./medicine_families.ts";

/**
 * Why a group such as "people with asthma or heart disease" has the patient in it, as said to them: "you have asthma". Null where
 * the profile holds nothing that puts them there.
 */
export function whyInGroup(group: string, profile: PatientFacts): string | null {
  let kind: PartKind = "condition";
  for (
    const part of group.split(/\s*,\s*|\s+(?:or|and)\s+/).map((piece) => piece.trim()).filter((piece) => piece !== "")
  ) {
    kind = kindOf(part) ?? kind;
    const reason = whyInPart(part, kind, profile);
    if (reason !== null) return reason;
  }
  return null;
}

type PartKind = "condition" | "medicine" | "allergy";

function kindOf(part: string): PartKind | null {
  if (/\ballerg/i.test(part)) return "allergy";
  if (/\b(?:take|takes|taking|use|uses|using|on|treated with)\b/i.test(part)) return "medicine";
  return /\b(?:with|have|has|having|suffer)\b/i.test(part) ? "condition" : null;
}

function whyInPart(part: string, kind: PartKind, profile: PatientFacts): string | null {
  if (/\bpregnan|\bexpecting\b|\bmothers-to-be\b/i.test(part) && !/\bnot pregnant\b/i.test(part)) {
    return profile.pregnant === true ? "you are pregnant" : null;
  }
  const age = whyByAge(part, profile.age);
  if (age !== undefined) return age;
  if (kind === "allergy") {
    const allergy = profile.allergies?.find((name) =>
      mentions(part, name) || familyOf(name).some((other) => mentions(part, other))
    );
    return allergy === undefined ? null : `you are allergic to ${bare(allergy)}`;
  }
  // "together with warfarin" has the form of a condition.
  const medicine = profile.medicines?.find((name) =>
    mentions(part, name) || familyOf(name, "groups").some((other) => mentions(part, other))
  );
  if (medicine !== undefined) return `you take ${medicine}`;
  if (kind === "medicine") return null;
  const condition = [...profile.conditions ?? [], ...profile.symptoms ?? []].find((name) => sameCondition(part, name));
  if (condition === undefined) return null;
  const said = /\bwith\s+(.+)$/i.exec(part)?.[1];
  return `you have ${said !== undefined && mentions(said, condition) ? said : condition}`;
}

/** Undefined where the part speaks of no age. */
function whyByAge(part: string, age: number | undefined): string | null | undefined {
  const over = OVER.exec(part);
  const under = UNDER.exec(part);
  const tells = (isIn: boolean) => age !== undefined && isIn ? `you are ${age}` : null;
  if (over) return tells(age! > numberOf(over[1]));
  // Ages in months and weeks are below a year.
  if (under) return tells(age! < (/^(?:months?|weeks?|days?)$/i.test(under[2] ?? "") ? 1 : numberOf(under[1])));
  if (/\bwith\b/i.test(part)) return undefined;
  if (/\b(?:babies|baby|infants?|newborns?)\b/i.test(part)) return tells(age! < 1);
  if (/\b(?:children|child|teenagers|minors|adolescents)\b/i.test(part)) return tells(age! < 18);
  if (/\b(?:older|elderly) (?:adults|people|patients)\b|\bthe elderly\b/i.test(part)) return tells(age! >= 65);
  return undefined;
}

const WORDS = [
  "zero",
  "one",
  "two",
  "three",
  "four",
  "five",
  "six",
  "seven",
  "eight",
  "nine",
  "ten",
  "eleven",
  "twelve",
];
const AGE = String.raw`(\d{1,3}|${WORDS.join("|")})(?:\s+(months?|weeks?|days?|years?))?`;
const OVER = new RegExp(String.raw`\b(?:over|older than|above)\s+(?:the age of\s+)?${AGE}\b`, "i");
const UNDER = new RegExp(String.raw`\b(?:under|younger than|below|up to)\s+(?:the age of\s+)?${AGE}\b`, "i");

function numberOf(text: string): number {
  const word = WORDS.indexOf(text.toLowerCase());
  return word >= 0 ? word : Number(text);
}

/** Words that make a group narrower than the condition's name: somebody with asthma need not have severe asthma. */
const NARROWS = /\b(?:severe|uncontrolled|untreated|advanced|acute|active|unstable|poorly|end-stage)\b/i;

/** A profile's "type 2 diabetes" is among "people with diabetes", and its "kidney disease" among those with chronic kidney disease. */
function sameCondition(part: string, name: string): boolean {
  const narrow = (text: string) => NARROWS.exec(text)?.[0].toLowerCase();
  if (mentions(part, name)) return narrow(part) === undefined || narrow(part) === narrow(name);
  const group = /\b(?:with|have|has)\s+(.+)$/i.exec(part)?.[1] ?? part;
  return /^\p{L}.{3,}/u.test(group) && mentions(name, group);
}
