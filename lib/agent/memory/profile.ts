/** What an assistant remembers of a person, each fact with where it came from. */
import { z } from "zod";
import { FACT_FIELDS, LIST_FIELDS, type ListField, type SingleField } from "../../data/mod.ts";

/** A field of a profile. */
export type FactField = SingleField | ListField;

/** Where a fact came from. */
export const factSource = z.strictObject({
  /** Which of the person's messages, counted from 1. Of an edit: how many there were by then. */
  turn: z.int().min(0),
  /** The words of the message that say it, exactly as they stand there; empty for an edit. */
  quote: z.string(),
  by: z.enum(["patient", "edit"]),
});
export type FactSource = z.infer<typeof factSource>;

/** A value with its source. */
export interface Sourced<Value> {
  value: Value;
  source: FactSource;
}

function sourced<Value extends z.ZodType>(value: Value) {
  return z.strictObject({ value, source: factSource });
}

/** A name of an allergen, illness, medicine or symptom: short, on one line. */
export const factName = z.string().trim().min(1).max(200).regex(/^[^\p{Cc}\u2028\u2029]*$/u, "expected one line");

const factValue = z.union([z.number(), z.string(), z.boolean()]);
/** A value of any field. */
export type FactValue = z.infer<typeof factValue>;

/** One of two things that were said and cannot both be so. */
export const claim = z.strictObject({
  /** Null: "I have none", of a list. */
  value: factValue.nullable(),
  /** Whether it says that the value is not so: "I do not take aspirin". */
  isDenied: z.boolean(),
  source: factSource,
});
export type Claim = z.infer<typeof claim>;

/** A contradiction, with both sides. */
export const profileConflict = z.strictObject({
  field: z.enum(FACT_FIELDS),
  /** What the profile holds. */
  kept: claim,
  other: claim,
});
export type ProfileConflict = z.infer<typeof profileConflict>;

/** A fact that held once. */
export const pastFact = z.strictObject({
  field: z.enum(FACT_FIELDS),
  value: factValue,
  source: factSource,
  /** `denied`: "I no longer take it". `corrected`: it was a mistake. */
  reason: z.enum(["denied", "corrected"]),
  /** The words that ended it. */
  ended: factSource,
});
export type PastFact = z.infer<typeof pastFact>;

const entries = z.array(sourced(factName)).default(() => []);

/**
 * The profile of one conversation. Lists have no value twice, whatever its capitals. Everything stands in a fixed order (by turn,
 * then by name), so equal profiles are equal as JSON.
 */
export const patientProfile = z.strictObject({
  /** Years. */
  age: sourced(z.int().min(0).max(130)).optional(),
  sex: sourced(z.enum(["female", "male"])).optional(),
  pregnant: sourced(z.boolean()).optional(),
  allergies: entries,
  conditions: entries,
  medicines: entries,
  symptoms: entries,
  /** Lists of which the person said that there is nothing in them: "I have no allergies". */
  none: z.partialRecord(z.enum(LIST_FIELDS), factSource).default(() => ({})),
  /** Contradictions, both sides. The newest holds, but an edit always. */
  conflicts: z.array(profileConflict).default(() => []),
  /** What was taken back by the person. */
  past: z.array(pastFact).default(() => []),
  /**
   * By field, up to which turn the person has seen to it by an edit or a deletion: older messages say nothing of it any more.
   * A deleted value itself is kept nowhere.
   */
  settled: z.partialRecord(z.enum(FACT_FIELDS), z.int().min(0)).default(() => ({})),
});
export type PatientProfile = z.infer<typeof patientProfile>;

/** A profile of nobody yet. */
export function emptyProfile(): PatientProfile {
  return patientProfile.parse({});
}
