/** Profiles as plain values: which values are the same, and the order in which they stand. */
import { LIST_FIELDS } from "../../data/mod.ts";
import type { Claim, FactValue, PatientProfile, ProfileConflict } from "./profile.ts";

/** What two values are compared by: names whatever their capitals. */
export function valueKey(value: FactValue | null): string {
  return typeof value === "string" ? `"${value.trim().replace(/\s+/g, " ").toLowerCase()}` : String(value);
}

/** Whether two claims say the same. */
export function isSameClaim(one: Claim, other: Claim): boolean {
  return one.isDenied === other.isDenied && valueKey(one.value) === valueKey(other.value);
}

/** The same profile with everything in its order, and each contradiction once: that of its oldest other side. */
export function ordered(profile: PatientProfile): PatientProfile {
  const result = { ...profile };
  for (const field of LIST_FIELDS) {
    result[field] = [...profile[field]].sort((a, b) =>
      a.source.turn - b.source.turn || compare(valueKey(a.value), valueKey(b.value))
    );
  }
  const byClaims = new Map<string, ProfileConflict>();
  for (const conflict of profile.conflicts) {
    const { field, kept, other } = conflict;
    const key = [field, kept.isDenied, valueKey(kept.value), other.isDenied, valueKey(other.value)].join("\n");
    const known = byClaims.get(key);
    if (known === undefined || other.source.turn < known.other.source.turn) byClaims.set(key, conflict);
  }
  result.conflicts = byText([...byClaims.values()]);
  result.past = byText(profile.past);
  return result;
}

function byText<Item extends { field: string }>(items: readonly Item[]): Item[] {
  const texts = new Map(items.map((item) => [JSON.stringify(item), item]));
  return [...texts].sort(([a, { field: one }], [b, { field: other }]) => compare(one, other) || compare(a, b))
    .map(([, item]) => item);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
