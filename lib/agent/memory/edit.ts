/** What the person does to the profile by hand. It holds against all messages that were written until then. */
import { z } from "zod";
import { FACT_FIELDS, LIST_FIELDS, type ListField, SINGLE_FIELDS } from "../../data/mod.ts";
import { deletedClaims, withoutQuotesOf } from "./claims.ts";
import type { MergedProfile, ProfileChange } from "./merge.ts";
import {
  emptyProfile,
  type FactField,
  factName,
  type FactSource,
  type FactValue,
  type PatientProfile,
} from "./profile.ts";
import { ordered, valueKey } from "./profile_order.ts";

const names = z.array(factName).max(100).nullish();

/** Fields with what they shall be: a value, a whole list (empty: "I have none"), or null to delete all of a field. */
export const profilePatch = z.strictObject({
  age: z.int().min(0).max(130).nullish(),
  sex: z.enum(["female", "male"]).nullish(),
  pregnant: z.boolean().nullish(),
  allergies: names,
  conditions: names,
  medicines: names,
  symptoms: names,
});
export type ProfilePatch = z.infer<typeof profilePatch>;

/** When an edit is made. */
export interface EditTime {
  /** How many messages the person has written by then (`turnOf`): what those say of the field does not come back. */
  turn: number;
}

/**
 * Sets and deletes fields by the person's hand. Contradictions about an edited field are settled by it. Entries of a list that stay
 * keep where they came from.
 *
 * @throws {z.ZodError} When the patch has another form.
 */
export function editProfile(profile: PatientProfile, patch: ProfilePatch, { turn }: EditTime): MergedProfile {
  const given = profilePatch.parse(patch);
  const source: FactSource = { turn, quote: "", by: "edit" };
  const edited = structuredClone(profile);
  const changes: ProfileChange[] = [];
  for (const field of SINGLE_FIELDS) {
    const value = given[field];
    if (value === undefined) continue;
    const held = edited[field];
    clearField(edited, field, turn);
    if (value !== null) {
      Object.assign(edited, { [field]: { value, source } });
      changes.push({ kind: held === undefined ? "set" : "replaced", field, value, source });
    } else if (held) changes.push({ kind: "deleted", field, value: held.value, source });
  }
  for (const field of LIST_FIELDS) {
    const values = given[field];
    if (values !== undefined) changes.push(...editList(edited, field, values, source));
  }
  return { profile: sealed(profile, edited), changes, conflicts: [] };
}

function editList(
  profile: PatientProfile,
  field: ListField,
  values: readonly string[] | null,
  source: FactSource,
): ProfileChange[] {
  const before = profile[field];
  const past = profile.past;
  clearField(profile, field, source.turn);
  const wanted = new Map((values ?? []).map((value) => [valueKey(value), value]));
  const gone = before.filter(({ value }) => !wanted.has(valueKey(value)));
  const changes: ProfileChange[] = gone.map(({ value }) => ({ kind: "deleted", field, value, source }));
  for (const [key, value] of wanted) {
    const held = before.find((entry) => valueKey(entry.value) === key);
    profile[field].push(held ?? { value, source });
    if (!held) changes.push({ kind: "added", field, value, source });
  }
  if (values === null) return changes;
  if (values.length === 0) {
    profile.none[field] = source;
    changes.push({ kind: "none", field, value: null, source });
  }
  // What was taken back by messages stays on record, but for what the person has deleted now.
  const deleted = new Set(gone.map(({ value }) => valueKey(value)));
  profile.past = past.filter((fact) => fact.field !== field || !deleted.has(valueKey(fact.value)));
  return changes;
}

/** The edited profile, without the words that told what is deleted. */
function sealed(before: PatientProfile, edited: PatientProfile): PatientProfile {
  return ordered(withoutQuotesOf(deletedClaims(before, edited), edited));
}

/** Takes everything of a field out of a profile, contradictions and past values too. */
function clearField(profile: PatientProfile, field: FactField, turn: number): void {
  Object.assign(profile, { [field]: emptyProfile()[field] });
  if (profile[field] === undefined) delete profile[field];
  profile.conflicts = profile.conflicts.filter((one) => one.field !== field);
  profile.past = profile.past.filter((one) => one.field !== field);
  delete profile.none[field as ListField];
  profile.settled[field] = Math.max(turn, profile.settled[field] ?? 0);
}

/**
 * Deletes one value: an entry of a list, also one that is only in a contradiction or among what was taken back, or what a field
 * holds. It is in the profile nowhere any more, and older messages do not bring it back. Where the field does not have it,
 * nothing changes.
 */
export function forgetEntry(
  profile: PatientProfile,
  field: FactField,
  value: FactValue,
  { turn }: EditTime,
): MergedProfile {
  const key = valueKey(value);
  const isIt = (other: FactValue | null) => other !== null && valueKey(other) === key;
  const forgotten = structuredClone(profile);
  if (isList(field)) {
    forgotten[field] = forgotten[field].filter((entry) => !isIt(entry.value));
  } else if (isIt(forgotten[field]?.value ?? null)) delete forgotten[field];
  forgotten.conflicts = forgotten.conflicts.filter((one) =>
    one.field !== field || !(isIt(one.kept.value) || isIt(one.other.value))
  );
  forgotten.past = forgotten.past.filter((one) => one.field !== field || !isIt(one.value));
  if (JSON.stringify(forgotten) === JSON.stringify(profile)) return { profile, changes: [], conflicts: [] };
  forgotten.settled[field] = Math.max(turn, forgotten.settled[field] ?? 0);
  const source: FactSource = { turn, quote: "", by: "edit" };
  return { profile: sealed(profile, forgotten), changes: [{ kind: "deleted", field, value, source }], conflicts: [] };
}

/** Deletes everything that is remembered; messages until then say nothing any more. */
export function forgetAll(profile: PatientProfile, { turn }: EditTime): MergedProfile {
  const patch = Object.fromEntries(FACT_FIELDS.map((field) => [field, null]));
  return editProfile(profile, patch, { turn });
}

function isList(field: FactField): field is ListField {
  return (LIST_FIELDS as readonly string[]).includes(field);
}
