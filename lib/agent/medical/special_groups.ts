/** What a question must not lose on its way to the search: medicines, numbers, and who it is about. */
import type { PatientFacts } from "../../data/mod.ts";
import { medicinesIn } from "../safety/mod.ts";

/** Groups of patients for whom other rules hold, by how they are spoken of, with the term that a library has for them. */
const GROUPS: readonly (readonly [string, RegExp])[] = [
  ["pregnancy", /\b(?:pregnan\w*|expecting (?:a baby|a child|twins)|unborn|trimester)\b/i],
  ["breastfeeding", /\b(?:breast-?feed\w*|nursing (?:mothers?|my)|i nurse|lactat\w+)\b/i],
  ["infant", /\b(?:bab(?:y|ies)|infants?|newborns?|toddlers?|months?[- ]old)\b/i],
  ["child", /\b(?:child|children|kids?|my (?:son|daughter)|(?:[1-9]|1[0-7])[- ]years?[- ]old)\b/i],
  [
    "older adult",
    /\b(?:elderly|old(?:er)? (?:people|adults?|age)|seniors?|grand(?:ma|pa|mother|father)|(?:[7-9]\d|1[01]\d)[- ]years?[- ]old)\b/i,
  ],
  [
    "kidney disease",
    /\b(?:kidney (?:disease|failure|trouble)|(?:bad|weak) kidneys?|kidneys? (?:is|are) (?:bad|weak)|dialysis)\b/i,
  ],
  ["liver disease", /\b(?:liver (?:disease|failure|trouble)|(?:bad|weak) liver|liver is (?:bad|weak)|cirrhosis)\b/i],
  ["allergy", /\b(?:allerg\w+)\b/i],
  ["organ transplant", /\b(?:transplant\w*|new (?:kidney|liver|heart))\b/i],
  ["smoking", /\b(?:i smoke|smokers?|smoking)\b/i],
];

/** The special groups that a text speaks of, as a library calls them. "Baby" says nothing of its own beside "expecting a baby". */
export function groupsIn(text: string): string[] {
  const said = text.replace(/\bexpecting (?:a baby|a child|twins)\b/gi, "pregnant").replace(
    /\bunborn (?:baby|child)\b/gi,
    "unborn",
  );
  return GROUPS.filter(([, pattern]) => pattern.test(said)).map(([term]) => term);
}

/** Numbers with the unit that follows them, such as `3 days` or `38.5 C`. */
export function numbersIn(text: string): string[] {
  return [...new Set(Array.from(text.matchAll(/(?<![\p{L}\p{N}.])\d+(?:[.,/]\d+)*/gu), ([number]) => number))];
}

/** What must not get lost. */
export interface KeptEntities {
  medicines: string[];
  numbers: string[];
  groups: string[];
}

/**
 * Medicines, numbers and special groups of a text.
 *
 * @param names Medicines to be known besides, such as the patient's.
 */
export function entitiesIn(text: string, names: readonly string[] = []): KeptEntities {
  return { medicines: medicinesIn(text, names), numbers: numbersIn(text), groups: groupsIn(text) };
}

/** What of a profile makes a question another one: who the patient is, what they take and have, and what they must not get. */
export function entitiesOfProfile(facts: PatientFacts): string[] {
  const { age, pregnant, allergies = [], conditions = [], medicines = [] } = facts;
  return [
    ...(pregnant ? ["pregnancy"] : []),
    ...(age !== undefined && age < 2 ? ["infant"] : age !== undefined && age < 16 ? ["child"] : []),
    ...(age !== undefined && age >= 75 ? ["older adult"] : []),
    ...medicines,
    ...allergies.map((name) => `${name} allergy`),
    ...conditions,
  ];
}
