/** What of a profile a message takes back. */
import { LIST_FIELDS, type ListField } from "../../data/mod.ts";
import type { SaidFact } from "./check_facts.ts";
import { type Clause, clausesOf } from "./clauses.ts";
import type { PatientProfile } from "./profile.ts";
import { isDeniedAt, placesOf, speaksOfAllergy } from "./said_of.ts";

/** An entry of a list that a message takes back. */
export interface EndedFact {
  field: ListField;
  value: string;
  quote: string;
  /**
   * `ended`: it held until now ("I stopped taking it"). `corrected`: another took its place ("codeine, not penicillin").
   * `denied`: the message says the opposite of what was said before.
   */
  reason: "ended" | "corrected" | "denied";
}

const ENDING =
  /\b(?:no longer|any ?more|stopped|quit|came off|went off|gave up|used to|gone|over now|cleared up|disappeared|healed|outgrew|outgrown|cured)\b/iu;
const ABOUT_TAKING = /\b(?:take|taking|took|taken|use|using|on|off|medicines?|pills?|tablets?)\b/iu;

/**
 * The entries that the message denies. Allergies are only taken back by words about allergies, and what is taken by none of
 * these: "I do not take penicillin" leaves the allergy to it.
 *
 * @param said What the message says anew: a denied entry beside a new one of its list is corrected.
 */
export function endedFacts(profile: PatientProfile, message: string, said: readonly SaidFact[]): EndedFact[] {
  const clauses = clausesOf(message);
  const ended: EndedFact[] = [];
  for (const field of LIST_FIELDS) {
    const anew = said.filter((fact) => fact.field === field && fact.value !== null);
    const kept = new Set(anew.map(({ value }) => String(value).toLowerCase()));
    for (const { value } of profile[field]) {
      if (kept.has(value.toLowerCase())) continue;
      const longer = longerNames(value, profile, said);
      const clause = denyingClause(field, value, longer, message, clauses);
      if (clause === null) continue;
      const corrected = anew.some(({ clause: other }) => other.sentence.start === clause.sentence.start);
      const reason = corrected ? "corrected" : ENDING.test(clause.text) ? "ended" : "denied";
      ended.push({ field, value, quote: clause.text, reason });
    }
    ended.push(...replaced(profile, field, anew, ended));
  }
  return ended;
}

/** Names that have this one in them: of "not yellow fever" no fever is denied. */
function longerNames(value: string, profile: PatientProfile, said: readonly SaidFact[]): string[] {
  const names = [
    ...LIST_FIELDS.flatMap((field) => profile[field].map((one) => one.value)),
    ...said.map((one) => one.value),
  ];
  return names.filter((name): name is string =>
    typeof name === "string" && name.length > value.length && name.toLowerCase().includes(value.toLowerCase())
  );
}

function denyingClause(
  field: ListField,
  value: string,
  longer: readonly string[],
  message: string,
  clauses: readonly Clause[],
): Clause | null {
  const hiding = longer.flatMap((name) => placesOf(name, clauses));
  for (const place of placesOf(value, clauses, field)) {
    const { clause, start, end } = place;
    if (hiding.some((one) => one.clause === clause && one.start <= start && end <= one.end)) continue;
    if (clause.isAsked || clause.isOfOthers || !isDeniedAt(place, field)) continue;
    const sentence = message.slice(clause.sentence.start, clause.sentence.end);
    const ofAllergy = speaksOfAllergy(sentence);
    if ((field === "allergies") !== ofAllergy && !(clause.corrects && !ABOUT_TAKING.test(sentence))) continue;
    return clause;
  }
  return null;
}

/** "It is codeine that I am allergic to": of one entry it is plain which was wrong, though it is not named. */
const IN_PLACE =
  /\b(?:it is|it's|it was)\b.*\b(?:that|which) I\b|\bthe (?:\w+ ){1,2}(?:that |which )?I (?:\w+ )?(?:take|have|am on|use)\b.*\bis\b|\bI meant\b|\binstead\b|\bshould (?:be|have been|say|read)\b|\bthe right (?:\w+ )?is\b/iu;

function replaced(
  profile: PatientProfile,
  field: ListField,
  anew: readonly SaidFact[],
  ended: readonly EndedFact[],
): EndedFact[] {
  const [old, ...others] = profile[field];
  if (old === undefined || others.length > 0 || ended.some((fact) => fact.field === field)) return [];
  if (anew.some(({ value }) => String(value).toLowerCase() === old.value.toLowerCase())) return [];
  const by = anew.find(({ clause, quote }) => clause.corrects && IN_PLACE.test(quote));
  return by ? [{ field, value: old.value, quote: by.quote, reason: "corrected" }] : [];
}
