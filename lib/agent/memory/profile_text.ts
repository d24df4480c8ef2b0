/** A profile as prompts have it. */
import { FACT_FIELDS, LIST_FIELDS, type PatientFacts, profileLine } from "../../data/mod.ts";
import type { Claim, FactField, FactValue, PatientProfile } from "./profile.ts";

/** What holds, without sources: as `recallPrompt`, `critiquePrompt` and other forms of the house have it. */
export function profileFacts(profile: PatientProfile): PatientFacts {
  const facts: PatientFacts = {};
  if (profile.age) facts.age = profile.age.value;
  if (profile.sex) facts.sex = profile.sex.value;
  if (profile.pregnant) facts.pregnant = profile.pregnant.value;
  for (const field of LIST_FIELDS) {
    if (profile[field].length > 0) facts[field] = profile[field].map(({ value }) => value);
    else if (profile.none[field]) facts[field] = [];
  }
  return facts;
}

/** What fields are called. */
export const FIELD_LABELS: Record<FactField, string> = {
  age: "Age",
  sex: "Sex",
  pregnant: "Pregnant",
  allergies: "Allergies",
  conditions: "Conditions",
  medicines: "Medicines",
  symptoms: "Symptoms",
};

/**
 * The profile for a prompt.
 *
 * @param form `house`: the one line of JSON that the house model knows. Default `plain`: a line for each field, contradictions
 *   beside what holds; empty where nothing is known.
 */
export function profileText(profile: PatientProfile, form: "house" | "plain" = "plain"): string {
  const facts = profileFacts(profile);
  if (form === "house") return profileLine(facts);
  return FACT_FIELDS.flatMap((field) => {
    const others = profile.conflicts.filter((one) => one.field === field);
    const value = facts[field];
    if (value === undefined && others.length === 0) return [];
    const said = others.length === 0
      ? ""
      : ` (contradicted: ${others.map(({ other }) => claimText(other)).join("; ")})`;
    return [`${FIELD_LABELS[field]}: ${valueText(value)}${said}`];
  }).join("\n");
}

function valueText(value: PatientFacts[FactField]): string {
  if (value === undefined) return "not known";
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.join(", ");
  return factText(value);
}

/** A value in words. */
export function factText(value: FactValue): string {
  return typeof value === "boolean" ? (value ? "yes" : "no") : String(value);
}

/** A claim in words: "penicillin, message 2" or "not penicillin, by the person's edit". */
export function claimText({ value, isDenied, source }: Claim): string {
  const said = value === null ? "none" : factText(value);
  return `${isDenied ? "not " : ""}${said}, ${
    source.by === "edit" ? "by the person's edit" : `message ${source.turn}`
  }`;
}
