/** A profile as a page shows it: each value with where it came from. */
import { FACT_FIELDS, LIST_FIELDS, type ListField } from "../../data/mod.ts";
import type { FactField, FactSource, FactValue, PatientProfile, ProfileConflict } from "./profile.ts";
import { factText, FIELD_LABELS } from "./profile_text.ts";

/** A value of a field. */
export interface ViewedValue {
  value: FactValue;
  /** In words. */
  text: string;
  source: FactSource;
}

/** A field with all that is known of it. */
export interface ViewedField {
  field: FactField;
  label: string;
  isList: boolean;
  values: ViewedValue[];
  /** The words by which the person said that a list is empty. */
  none: FactSource | null;
  conflicts: ProfileConflict[];
  /** What was taken back. */
  past: (ViewedValue & { reason: "denied" | "corrected"; ended: FactSource })[];
}

/** All fields in their order, empty ones too. */
export function profileView(profile: PatientProfile): ViewedField[] {
  return FACT_FIELDS.map((field) => {
    const held = profile[field];
    const entries = held === undefined ? [] : Array.isArray(held) ? held : [held];
    const isList = (LIST_FIELDS as readonly string[]).includes(field);
    return {
      field,
      label: FIELD_LABELS[field],
      isList,
      values: entries.map(({ value, source }) => ({ value, text: factText(value), source })),
      none: profile.none[field as ListField] ?? null,
      conflicts: profile.conflicts.filter((one) => one.field === field),
      past: profile.past.filter((one) => one.field === field)
        .map(({ value, source, reason, ended }) => ({ value, text: factText(value), source, reason, ended })),
    };
  });
}
