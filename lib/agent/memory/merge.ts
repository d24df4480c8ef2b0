/** One message's facts put into a profile. */
import { SINGLE_FIELDS } from "../../data/mod.ts";
import type { ListField, SingleField } from "../../data/mod.ts";
import type { SaidFact } from "./check_facts.ts";
import type { EndedFact } from "./denials.ts";
import type { Claim, FactField, FactSource, FactValue, PatientProfile, ProfileConflict, Sourced } from "./profile.ts";
import { isSameClaim, ordered, valueKey } from "./profile_order.ts";

/** What a message says. */
export interface TurnFacts {
  /** Which of the person's messages, from 1. */
  turn: number;
  said: readonly (Pick<SaidFact, "field" | "value" | "quote"> & {
    /** Whether it takes the place of what was said before. Only of age, sex and pregnancy. */
    corrects?: boolean;
  })[];
  ended: readonly EndedFact[];
}

/** What became different in a profile. */
export interface ProfileChange {
  /**
   * `set`: there was nothing. `replaced`: there was another value. `added`: to a list. `none`: the list is empty by the person's
   * word. `ended`: it is in the list no more. `deleted`: by the person's edit.
   */
  kind: "set" | "replaced" | "added" | "none" | "ended" | "deleted";
  field: FactField;
  value: FactValue | null;
  source: FactSource;
}

/** A profile with a message's facts in it. */
export interface MergedProfile {
  profile: PatientProfile;
  changes: ProfileChange[];
  /** Contradictions that were not there before. */
  conflicts: ProfileConflict[];
}

/**
 * Puts what a message says into a profile. Of what cannot both be so, the newer holds, but the person's edit always; both sides are
 * kept in `conflicts`. The same message twice changes nothing more, older messages may come after newer ones, and what the
 * person has edited or deleted is not told again by messages from before.
 */
export function mergeTurn(profile: PatientProfile, { turn, said, ended }: TurnFacts): MergedProfile {
  const merge = new Merge(profile, turn);
  // First what goes: of "codeine, not penicillin" the new must not be taken for a contradiction.
  for (const fact of ended) merge.end(fact);
  for (const { field, value, quote, corrects } of said) {
    const source: FactSource = { turn, quote, by: "patient" };
    if (isSingle(field)) {
      if (value !== null) merge.set(field, { value, source } as SingleValue, corrects === true);
    } else if (value === null) {
      // A message that names something of a list does not say that there is nothing.
      if (!said.some((other) => other.field === field && other.value !== null)) merge.none(field, source);
    } else merge.add(field, { value: String(value), source });
  }
  return merge.result();
}

type SingleValue = NonNullable<PatientProfile[SingleField]>;

function isSingle(field: FactField): field is SingleField {
  return (SINGLE_FIELDS as readonly string[]).includes(field);
}

function claimOf({ value, source }: Sourced<FactValue | null>, isDenied = false): Claim {
  return { value, isDenied, source };
}

class Merge {
  readonly #before: PatientProfile;
  readonly #profile: PatientProfile;
  readonly #changes: ProfileChange[] = [];

  constructor(profile: PatientProfile, readonly turn: number) {
    this.#before = profile;
    this.#profile = structuredClone(profile);
  }

  set(field: SingleField, fact: SingleValue, corrects: boolean): void {
    if (this.#isSettled(field)) return;
    const profile = this.#profile;
    const held = profile[field];
    if (held === undefined) {
      this.#put(field, fact, "set");
    } else if (held.value === fact.value) {
      if (held.source.by === "edit" || held.source.turn > this.turn) return;
      // The newest time that it was said: a value between the two is then older than it.
      Object.assign(held, fact);
      const others = this.#takeConflicts(field, () => true).map(({ other }) => other);
      this.#against(field, fact, others, corrects);
    } else if (this.#hasEnded(field, fact.value)) {
      return;
    } else if (held.source.by === "edit" || held.source.turn > this.turn) {
      this.#conflict(field, claimOf(held), claimOf(fact));
    } else {
      const others = this.#takeConflicts(field, () => true).map(({ other }) => other);
      this.#put(field, fact, "replaced");
      const isSameTurn = held.source.turn === this.turn;
      const sides = (isSameTurn ? others : [...others, claimOf(held)]).filter(({ value }) => value !== fact.value);
      this.#against(field, fact, sides, corrects);
    }
  }

  add(field: ListField, fact: Sourced<string>): void {
    if (this.#isSettled(field) || this.#hasEnded(field, fact.value)) return;
    const profile = this.#profile;
    const held = profile[field].find(({ value }) => valueKey(value) === valueKey(fact.value));
    if (held) {
      if (held.source.by === "patient" && this.turn < held.source.turn) Object.assign(held, fact);
      return;
    }
    const none = profile.none[field];
    if (none && none.turn > this.turn) {
      this.#conflict(field, claimOf({ value: null, source: none }), claimOf(fact));
      return;
    }
    if (none) {
      delete profile.none[field];
      const against = this.#takeConflicts(field, ({ kept }) => kept.value === null && !kept.isDenied);
      if (none.turn < this.turn) {
        this.#conflict(field, claimOf(fact), claimOf({ value: null, source: none }));
        for (const { other } of against) this.#conflict(field, claimOf(fact), other);
      }
    }
    const denials = this.#takeConflicts(
      field,
      ({ kept }) => kept.isDenied && valueKey(kept.value) === valueKey(fact.value),
    );
    for (const { kept } of denials) this.#conflict(field, claimOf(fact), kept);
    profile[field].push(fact);
    this.#changes.push({ kind: "added", field, ...fact });
  }

  none(field: ListField, source: FactSource): void {
    if (this.#isSettled(field)) return;
    const profile = this.#profile;
    const entries = profile[field];
    const none = claimOf({ value: null, source });
    const staying = entries.filter((entry) => entry.source.by === "edit" || entry.source.turn >= this.turn);
    const newer = staying.filter((entry) => entry.source.turn !== this.turn || entry.source.by === "edit");
    for (const entry of newer.slice(0, 1)) this.#conflict(field, claimOf(entry), none);
    if (staying.length > 0) return;
    profile[field] = [];
    this.#takeConflicts(field, ({ kept }) => kept.value !== null && !kept.isDenied);
    for (const entry of entries) this.#conflict(field, none, claimOf(entry));
    const held = profile.none[field];
    if (held && held.turn <= this.turn) return;
    profile.none[field] = source;
    if (held === undefined) this.#changes.push({ kind: "none", field, value: null, source });
  }

  end({ field, value, quote, reason }: EndedFact): void {
    if (this.#isSettled(field)) return;
    const profile = this.#profile;
    const held = profile[field].find((entry) => valueKey(entry.value) === valueKey(value));
    if (held === undefined) return;
    // What the message itself says is not ended by it.
    if (held.source.turn >= this.turn && held.source.by === "patient") return;
    const source: FactSource = { turn: this.turn, quote, by: "patient" };
    const denial = claimOf({ value: held.value, source }, true);
    if (held.source.by === "edit") {
      this.#conflict(field, claimOf(held), denial);
      return;
    }
    profile[field] = profile[field].filter((entry) => entry !== held);
    this.#takeConflicts(field, ({ kept }) => !kept.isDenied && valueKey(kept.value) === valueKey(value));
    this.#putPast(field, held.value, held.source, reason === "corrected" ? "corrected" : "denied", source);
    if (reason === "denied") this.#conflict(field, denial, claimOf(held));
    this.#changes.push({ kind: "ended", field, value: held.value, source });
  }

  result(): MergedProfile {
    const profile = ordered(this.#profile);
    const known = this.#before.conflicts;
    const conflicts = profile.conflicts.filter(({ field, kept, other }) =>
      !known.some((one) => one.field === field && isSameClaim(one.kept, kept) && isSameClaim(one.other, other))
    );
    return { profile, changes: this.#changes, conflicts };
  }

  #put(field: SingleField, fact: SingleValue, kind: "set" | "replaced"): void {
    Object.assign(this.#profile, { [field]: fact });
    this.#changes.push({ kind, field, ...fact });
  }

  /** What else was said of a field: corrected, or contradicted. */
  #against(field: SingleField, fact: SingleValue, others: readonly Claim[], corrects: boolean): void {
    for (const other of others) {
      if (corrects) this.#putPast(field, other.value!, other.source, "corrected", fact.source);
      else this.#conflict(field, claimOf(fact), other);
    }
  }

  #isSettled(field: FactField): boolean {
    return this.turn <= (this.#profile.settled[field] ?? -1);
  }

  /** Whether the value was taken back by this message or a later one. */
  #hasEnded(field: FactField, value: FactValue): boolean {
    return this.#profile.past.some((fact) =>
      fact.field === field && valueKey(fact.value) === valueKey(value) && fact.ended.turn >= this.turn
    );
  }

  #putPast(
    field: FactField,
    value: FactValue,
    source: FactSource,
    reason: "denied" | "corrected",
    ended: FactSource,
  ): void {
    this.#profile.past.push({ field, value, source, reason, ended });
  }

  #conflict(field: FactField, kept: Claim, other: Claim): void {
    this.#profile.conflicts.push({ field, kept, other });
  }

  /** Takes out the contradictions of a field that are so, and gives them. */
  #takeConflicts(field: FactField, isSo: (conflict: ProfileConflict) => boolean): ProfileConflict[] {
    const taken = this.#profile.conflicts.filter((one) => one.field === field && isSo(one));
    this.#profile.conflicts = this.#profile.conflicts.filter((one) => !taken.includes(one));
    return taken;
  }
}
