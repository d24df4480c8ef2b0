/** Where a message says a value of the person who writes it, and why it does not. */
import { bare } from "../../data/mod.ts";
import type { Clause } from "./clauses.ts";
import type { FactField } from "./profile.ts";
import { symptomSaidAt } from "./symptom_words.ts";

/** A place in a message. */
export interface Place {
  clause: Clause;
  /** Offset in the clause's text. */
  start: number;
  end: number;
}

/**
 * Why a value is none of the person's.
 * - `absent`: the message does not have it.
 * - `denied`: it says the opposite.
 * - `asked`: it only asks, supposes or fears.
 * - `others`: it speaks of somebody else.
 * - `otherField`: what it says is another thing, as of an allergy that was taken for a medicine.
 */
export type NotSaid = "absent" | "denied" | "asked" | "others" | "otherField";

/** A list's field. */
type Named = Exclude<FactField, "age" | "sex" | "pregnant">;

const LETTER = String.raw`[\p{L}\p{N}]`;

/** Where a name stands in clauses: whole words, whatever their capitals, articles and plurals. */
export function placesOf(name: string, clauses: readonly Clause[], field?: Named): Place[] {
  const pattern = namePattern(name);
  const places: Place[] = [];
  for (const clause of clauses) {
    const text = straight(clause.text);
    const found = pattern === null ? [] : [...text.matchAll(pattern)];
    for (const { index, 0: match } of found) places.push({ clause, start: index, end: index + match.length });
    const said = field === "symptoms" && found.length === 0 ? symptomSaidAt(name, text) : null;
    if (said) places.push({ clause, ...said });
  }
  return places;
}

/** Words that name nothing by themselves. */
const EMPTY = new Set(
  ("a an the i i'm am is are was were be been have has had do does did not no my me you your it its that this and or of " +
    "to in on for with at by from as what which who how some any all none").split(" "),
);

function namePattern(name: string): RegExp | null {
  const words = straight(bare(name.trim())).match(/[\p{L}\p{N}.%+'-]+/gu);
  if (words === null || words.every((word) => EMPTY.has(word.toLowerCase()))) return null;
  const each = words.map((word) => {
    const escaped = word.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
    return /^\p{L}{4,}$/u.test(word) ? `${escaped.replace(/(?<=[^s])(?:s|es)$/iu, "")}(?:e?s)?` : escaped;
  });
  return new RegExp(`(?<!${LETTER}|${LETTER}-)${each.join("[\\s\\-]+")}(?!${LETTER}|-${LETTER})`, "giu");
}

function straight(text: string): string {
  return text.replace(/[’‘]/g, "'");
}

const NEGATION =
  /\b(?:not(?! only)|no|never|none|neither|nor|without|cannot|stopped|quit|came off|went off|gave up|free of|ruled out|used to|instead of|rather than|dont|cant|isnt|doesnt|didnt|havent|arent|[a-z]+n't)\b/giu;
/** A new thought between a negation and a value: "I do not know why I have a headache". */
const BREAK = /\b(?:I|my|but|because|since|although|except|besides|than|only|apart|until|till)\b|[;:]/iu;
/** Symptoms are told in clauses of their own: "I take no medicines, and acid comes up my throat". */
const NEW_CLAUSE = /,\s*and\b/iu;
/** A pause is no denial: "I have not taken metformin today". */
const PAUSE =
  /\b(?:today|tonight|yet|this (?:morning|evening|week)|last night|yesterday|for (?:a|one|two|three|\d+) (?:days?|hours?))\b/iu;
const ENDED_AFTER =
  /^[^,.;]{0,20}?\b(?:is|are|has|have|was|were)\b[^,.;]{0,12}\b(?:gone|over|cleared up|stopped|disappeared|vanished|healed|went away|passed|ruled out)\b/iu;
const CANNOT_HAVE =
  /\b(?:cannot|can't|cant|can not|do not|don't|must not|mustn't)\s+(?:have|eat|take|tolerate|stand|drink|use|touch|wear)\b/giu;

/** Whether a clause denies what stands at a place of it. */
export function isDeniedAt({ clause: { text }, start, end }: Place, field?: FactField): boolean {
  let before = straight(text).slice(0, start);
  const after = straight(text).slice(end);
  // What somebody cannot have is what they are allergic to.
  if (field === "allergies") before = before.replace(CANNOT_HAVE, (match) => "-".repeat(match.length));
  // Symptoms may be told by what does not work: "I cannot sleep". That is within the place.
  if (ENDED_AFTER.test(after)) return true;
  const last = [...before.matchAll(NEGATION)].at(-1);
  if (last === undefined) return false;
  const between = before.slice(last.index + last[0].length);
  if (field === "symptoms" && NEW_CLAUSE.test(between)) return false;
  return !BREAK.test(between) && !(PAUSE.test(text) && !/\b(?:stopped|quit|longer|any ?more)\b/iu.test(text));
}

const FEARED =
  /\b(?:afraid|scared|frightened|worried|fear(?:ing)?|wonder(?:ing)?|might|maybe|perhaps|could|read (?:a lot )?about|heard (?:of|about)|think (?:it|that|this)|suspect|in case of|risk of|advice about|vaccin\w+|tested for)\b/iu;
const OWN_BEFORE = /\b(?:my|I|I'm|I've)\b[^,.;?]*$/iu;
const MY_BEFORE = /\bmy\s+(?:[\w-]+\s+){0,2}$/iu;
const ALLERGY =
  /\b(?:allerg\w*|intoleran\w*|anaphyla\w*|hives|react(?:s|ion|ed)?|hypersensitiv\w*|sensitive to|cannot (?:have|eat|take|tolerate|stand)|can't (?:have|eat|take|tolerate|stand))\b/iu;
const ALLERGIC_TO =
  /\b(?:allerg(?:ic|y|ies)\s*(?:to|is|are|against|:)|hives from|intolerant (?:to|of)|react(?:ion)?s? to)\b[^.;]*$/iu;
const TAKEN =
  /\b(?:take|taking|took|am on|i'm on|prescribed|gave me|swallow|my (?:medicines?|medications?|pills?|tablets) (?:is|are))\b[^.;]*$/iu;

/** Why what stands at a place is not said of the person as a value of the field; null when it is. */
export function notSaidAt(place: Place, field: FactField): Exclude<NotSaid, "absent"> | null {
  const { clause, start } = place;
  const before = straight(clause.text).slice(0, start);
  if (clause.isOfOthers) return "others";
  // "Can I take ibuprofen with my warfarin?" supposes that I take warfarin.
  const isOwned = MY_BEFORE.test(before);
  if (clause.isAsked && !isOwned) return "asked";
  if (isDeniedAt(place, field)) return "denied";
  if (field === "allergies" || field === "conditions" || field === "medicines") {
    const feared = FEARED.exec(before);
    if (feared && !OWN_BEFORE.test(before.slice(feared.index + feared[0].length))) return "asked";
  }
  const allergic = field === "allergies" ? null : ALLERGIC_TO.exec(before);
  if (allergic && !(field === "symptoms" && NEW_CLAUSE.test(allergic[0]))) return "otherField";
  if (field === "allergies" && TAKEN.test(before) && !ALLERGY.test(clause.text)) return "otherField";
  return null;
}

/** Whether a text speaks of allergies. */
export function speaksOfAllergy(text: string): boolean {
  return ALLERGY.test(straight(text));
}

/** A value's place in a message where it is said of the person, or why there is none. */
export function saidOf(
  name: string,
  field: Named,
  clauses: readonly Clause[],
): { place: Place } | { problem: NotSaid } {
  const places = placesOf(name, clauses, field);
  if (places.length === 0) return { problem: "absent" };
  let problem: NotSaid = "absent";
  for (const place of places) {
    const found = notSaidAt(place, field);
    if (found === null) return { place };
    if (problem === "absent") problem = found;
  }
  return { problem };
}
