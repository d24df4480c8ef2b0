/** Everything that a profile says, with its sources. */
import { LIST_FIELDS, SINGLE_FIELDS } from "../../data/mod.ts";
import { clausesOf } from "./clauses.ts";
import type { FactField, FactSource, FactValue, PatientProfile } from "./profile.ts";
import { valueKey } from "./profile_order.ts";
import { placesOf } from "./said_of.ts";

/** A value in a profile: held, in a contradiction, or in the past. `source` is the profile's own object. */
interface HeldClaim {
  field: FactField;
  value: FactValue | null;
  source: FactSource;
}

/** All claims of a profile. */
function claimsOf(profile: PatientProfile): HeldClaim[] {
  const claims: HeldClaim[] = [];
  for (const field of SINGLE_FIELDS) {
    const held = profile[field];
    if (held) claims.push({ field, ...held });
  }
  for (const field of LIST_FIELDS) {
    for (const entry of profile[field]) claims.push({ field, ...entry });
    const none = profile.none[field];
    if (none) claims.push({ field, value: null, source: none });
  }
  for (const { field, kept, other } of profile.conflicts) claims.push({ field, ...kept }, { field, ...other });
  for (const { field, value, source, ended } of profile.past) {
    claims.push({ field, value, source }, { field, value, source: ended });
  }
  return claims;
}

/** What of one profile is not in another. */
export function deletedClaims(before: PatientProfile, after: PatientProfile): HeldClaim[] {
  const keyOf = ({ field, value }: HeldClaim) => `${field} ${valueKey(value)}`;
  const left = new Set(claimsOf(after).map(keyOf));
  return claimsOf(before).filter((one) => !left.has(keyOf(one)));
}

/**
 * Shortens the quotes of what is left to the value's own words where they tell a deleted value too: of "I am allergic to
 * penicillin and latex" only "latex" stays when penicillin is deleted.
 */
export function withoutQuotesOf(deleted: readonly HeldClaim[], profile: PatientProfile): PatientProfile {
  const cleaned = structuredClone(profile);
  for (const { value, source } of claimsOf(cleaned)) {
    const { quote, turn } = source;
    if (quote === "") continue;
    const tells = deleted.some((one) =>
      (one.source.turn === turn && one.source.quote === quote) ||
      (typeof one.value === "string" && isIn(one.value, quote))
    );
    if (tells) source.quote = ownWords(value, quote, deleted);
  }
  return cleaned;
}

function isIn(name: string, text: string): boolean {
  return placesOf(name, clausesOf(text)).length > 0;
}

function ownWords(value: FactValue | null, quote: string, deleted: readonly HeldClaim[]): string {
  if (value === null || typeof value === "boolean") return "";
  const [place] = placesOf(String(value), clausesOf(quote));
  const words = place?.clause.text.slice(place.start, place.end) ?? "";
  return deleted.some((one) => typeof one.value === "string" && isIn(one.value, words)) ? "" : words;
}
