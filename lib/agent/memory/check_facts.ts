/** What a model took for facts, held against the message: what it does not say is dropped. */
import { LIST_FIELDS, type ListField, type PatientFacts } from "../../data/mod.ts";
import { type Clause, clausesOf } from "./clauses.ts";
import { nearCopy } from "./near_copy.ts";
import { writtenForms } from "./number_words.ts";
import type { FactField, FactValue } from "./profile.ts";
import { isDeniedAt, type NotSaid, notSaidAt, type Place, placesOf, saidOf } from "./said_of.ts";

/** A fact that the message says. */
export interface SaidFact {
  field: FactField;
  /** Null: "I have none", of a list. */
  value: FactValue | null;
  /** The words that say it. */
  quote: string;
  /** The clause that they are. */
  clause: Clause;
}

/** A fact that the model wrote and the message does not say. */
export interface DroppedFact {
  field: FactField;
  value: FactValue | null;
  reason: NotSaid;
}

/** Facts that are said, and those that are not. */
export interface CheckedFacts {
  said: SaidFact[];
  dropped: DroppedFact[];
}

/**
 * Looks for each fact in the message. A name has to stand in it; a symptom may be told in other words; an age has to stand in it as
 * a number (in digits or words) that is no dose and no time; sex, pregnancy and "I have none" have to be said by words for
 * them. A name that was copied with a slip or two is the message's. What is denied, only asked or feared, or said of somebody else does not count.
 */
export function checkFacts(facts: PatientFacts, message: string): CheckedFacts {
  const clauses = clausesOf(message);
  const said: SaidFact[] = [];
  const dropped: DroppedFact[] = [];
  const add = (field: FactField, value: FactValue | null, found: Found) => {
    if ("problem" in found) dropped.push({ field, value, reason: found.problem });
    else said.push({ field, value, quote: found.place.clause.text, clause: found.place.clause });
  };
  if (facts.age !== undefined) add("age", facts.age, ageSaid(facts.age, clauses));
  if (facts.sex !== undefined) add("sex", facts.sex, wordsSaid(SEX_WORDS[facts.sex], "sex", clauses));
  if (facts.pregnant !== undefined) add("pregnant", facts.pregnant, pregnancySaid(facts.pregnant, clauses));
  for (const field of LIST_FIELDS) {
    if (facts[field]?.length === 0) add(field, null, noneSaid(field, clauses));
    const seen = new Set<string>();
    for (const written of facts[field] ?? []) {
      const name = written.trim();
      const value = placesOf(name, clauses, field).length > 0 ? name : nearCopy(name, clauses) ?? name;
      if (seen.has(value.toLowerCase())) continue;
      seen.add(value.toLowerCase());
      add(field, value, saidOf(value, field, clauses));
    }
  }
  return { said, dropped };
}

type Found = { place: Place } | { problem: NotSaid };

/** After a number that is no age. */
const MEASURE =
  /^[\s-]*(?:mg|mcg|µg|g|kg|ml|l|%|percent|cm|m|mm|km|miles?|lbs?|pounds?|stone|feet|ft|inch\w*|tablets?|pills?|puffs?|units?|drops?|times?|hours?|hrs?|minutes?|mins?|days?|weeks?|months?|(?:years?|yrs?)(?![\s-]*(?:old|of age)|s|[.,!]?$)|degrees|°|children|kids|cups?|glasses|cigarettes?|units|\/|[:.]\d|(?:st|nd|rd|th)(?!\s+birthday))(?![\p{L}\p{N}])/iu;
const IS_AGE =
  /\b(?:I am|I'm|im|I was|turn(?:ed|ing)?|aged?|age is|age:|woman of|man of|male|female|m|f)\s+(?:a |an |now |just |almost |only |already )*$/iu;
const BEFORE_MEASURE = /\b(?:for|after|every|since|in|about|week|weighs?|weigh|bp|pressure|sugar)\s+(?:week\s+)?$/iu;

function ageSaid(age: number, clauses: readonly Clause[]): Found {
  let problem: NotSaid = "absent";
  for (const clause of clauses) {
    for (const form of writtenForms(age)) {
      const pattern = new RegExp(`(?<![\\p{L}\\p{N}.,]|\\d[-/])${form}(?![\\p{N}]|[.,:/]\\d)`, "giu");
      for (const { index, 0: match } of clause.text.matchAll(pattern)) {
        const place = { clause, start: index, end: index + match.length };
        const after = clause.text.slice(place.end);
        const before = clause.text.slice(0, index);
        if (MEASURE.test(after) || (BEFORE_MEASURE.test(before) && !IS_AGE.test(before))) continue;
        const found = notSaidAt(place, "age");
        if (found === null) return { place };
        problem = found;
      }
    }
  }
  return { problem };
}

const SEX_WORDS = {
  female:
    /\b(?:woman|female|girl|lady|mother of|mum of|mom of|grandmother|housewife|pregnan\w+|expecting a|menopaus\w*|my periods?|breast-?feed\w*|widow)\b|\d\s*f\b/iu,
  male: /\b(?:man|male|boy|guy|gentleman|father of|dad of|grandfather|prostate|testic\w*|widower)\b|\d\s*m\b/iu,
} as const;

/** Where words stand that are said of the person. */
function wordsSaid(words: RegExp, field: FactField, clauses: readonly Clause[]): Found {
  let problem: NotSaid = "absent";
  for (const clause of clauses) {
    const match = words.exec(clause.text);
    if (match === null) continue;
    const place = { clause, start: match.index, end: match.index + match[0].length };
    const found = notSaidAt(place, field);
    if (found === null) return { place };
    problem = found;
  }
  return { problem };
}

const PREGNANT = /\b(?:pregnan\w+|expecting|weeks along|trimester|due date|with child|having a baby)\b/iu;
const NO_MORE =
  /\b(?:gave birth|had (?:a|the|my) baby|miscarr\w+|had an abortion|test (?:was|came back|is) negative)\b/iu;

function pregnancySaid(pregnant: boolean, clauses: readonly Clause[]): Found {
  let problem: NotSaid = "absent";
  for (const clause of clauses) {
    const match = PREGNANT.exec(clause.text) ?? (pregnant ? null : NO_MORE.exec(clause.text));
    if (match === null) continue;
    const place = { clause, start: match.index, end: match.index + match[0].length };
    if (clause.isOfOthers) problem = "others";
    else if (clause.isAsked && !/\bmy pregnancy\b/iu.test(clause.text)) problem = "asked";
    else if ((isDeniedAt(place) || NO_MORE.test(clause.text)) === pregnant) problem = "denied";
    else return { place };
  }
  return { problem };
}

const NOTHING = /\b(?:no|not|never|none|nothing|without|\w+n['’]t|dont|cannot|free of)\b/iu;
const NONE_WORDS: Record<ListField, RegExp> = {
  allergies: /\ballerg\w*|\bintoleran\w*/iu,
  conditions:
    /\b(?:ill|illness\w*|sick|disease\w*|conditions?|diagnos\w+|health problems?|medical (?:history|problems?)|otherwise (?:healthy|well))\b/iu,
  medicines:
    /\b(?:medicines?|medications?|meds|drugs?|pills?|tablets?|prescriptions?|take (?:nothing|anything)|on (?:nothing|anything))\b/iu,
  symptoms:
    /\b(?:symptoms?|complain\w*|feel (?:fine|well|good|ok|okay|great|healthy|better)|am (?:fine|well|ok|okay)|all well|problems?)\b/iu,
};
const WELL = /\b(?:fine|well|good|ok|okay|great|healthy)\b/iu;
/** "I am not allergic to penicillin" leaves other allergies open. */
const NAMED = /\b(?:allergic to|allergy to)\s+(?!any|a\b|nothing)\p{L}/iu;

function noneSaid(field: ListField, clauses: readonly Clause[]): Found {
  for (const clause of clauses) {
    const words = NONE_WORDS[field].exec(clause.text);
    if (words === null || clause.isAsked || clause.isOfOthers || NAMED.test(clause.text)) continue;
    const isNone = NOTHING.test(clause.text) ||
      ((field === "symptoms" || field === "conditions") && WELL.test(words[0]));
    if (isNone) return { place: { clause, start: words.index, end: words.index + words[0].length } };
  }
  return { problem: "absent" };
}

/** Whether the words that a list is empty leave what was told before as it is: "no other illnesses". */
export function leavesOthers({ quote }: Pick<SaidFact, "quote">): boolean {
  return /\b(?:other|others|else|further|more|new|besides|otherwise|apart)\b/iu.test(quote);
}
