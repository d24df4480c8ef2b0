import { z } from "zod";
import { spacedJson } from "../spaced_json.ts";

/** What a patient said of themselves. A field that was not spoken of is absent; an empty list means "I have none". */
export const patientFacts = z.strictObject({
  /** Years. */
  age: z.int().min(0).max(130).optional(),
  sex: z.enum(["female", "male"]).optional(),
  pregnant: z.boolean().optional(),
  allergies: z.array(z.string().min(1)).optional(),
  conditions: z.array(z.string().min(1)).optional(),
  medicines: z.array(z.string().min(1)).optional(),
  symptoms: z.array(z.string().min(1)).optional(),
});

export type PatientFacts = z.infer<typeof patientFacts>;

/** The fields that hold one value. */
export const SINGLE_FIELDS = ["age", "sex", "pregnant"] as const;
/** The fields that hold a list. */
export const LIST_FIELDS = ["allergies", "conditions", "medicines", "symptoms"] as const;
export type SingleField = typeof SINGLE_FIELDS[number];
export type ListField = typeof LIST_FIELDS[number];

/** All fields in the order in which they are written. */
export const FACT_FIELDS = [...SINGLE_FIELDS, ...LIST_FIELDS] as const;

/** Facts as one line of JSON, keys in their fixed order, a space after each colon and comma. */
export function factsJson(facts: PatientFacts): string {
  return spacedJson(Object.fromEntries(FACT_FIELDS.flatMap((field) => field in facts ? [[field, facts[field]]] : [])));
}

/** The line of a prompt that shows what is known of a patient. */
export function profileLine(facts: PatientFacts): string {
  return `Profile: ${factsJson(facts)}`;
}

/** Both together: single values of the later one win, lists are joined without repeating. */
export function mergeFacts(earlier: PatientFacts, later: PatientFacts): PatientFacts {
  const merged: PatientFacts = { ...earlier, ...later };
  for (const field of LIST_FIELDS) {
    if (earlier[field] && later[field]) merged[field] = [...new Set([...earlier[field], ...later[field]])];
  }
  return merged;
}

/** The facts that a reply writes as JSON, or null where it is no JSON or has other fields or types. */
export function parsePatientFacts(reply: string): PatientFacts | null {
  try {
    return patientFacts.parse(JSON.parse(reply));
  } catch {
    return null;
  }
}

/** Every field with every one of its values as a text: what two sets of facts are compared by. */
export function factPairs(facts: PatientFacts): Set<string> {
  const pairs = new Set<string>();
  for (const field of SINGLE_FIELDS) {
    if (facts[field] !== undefined) pairs.add(`${field}=${facts[field]}`);
  }
  for (const field of LIST_FIELDS) {
    if (facts[field]?.length === 0) pairs.add(`${field} none`);
    for (const value of facts[field] ?? []) pairs.add(`${field}=${value}`);
  }
  return pairs;
}
