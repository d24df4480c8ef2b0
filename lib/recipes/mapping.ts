/** How the options of a run are said in another tool's words: each one is mapped, implied or listed as unmapped. */

/** What JSON and YAML hold. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** Fields of a tool's configuration, by their names there. */
export type Fields = Readonly<Record<string, Json>>;

/** What becomes of an option. */
export type Outcome =
  /** Said by these fields; `note` where the tool means something slightly else, `matters` where that shows. */
  | { to: Fields; note?: string; matters?: boolean }
  /** What the tool does anyway; `fields` makes it explicit where a default could change. */
  | { implied: string; fields?: Fields }
  /** Not said there; `fields` is what comes nearest. `matters` where the curve will be another one. */
  | { unmapped: string; fields?: Fields; matters?: boolean }
  /** No recipe can be written. */
  | { refused: string };

/** Says what becomes of an option's value; of all options of a method there is one. */
export type Rule<Facts> = (value: Json, facts: Facts) => Outcome;

/** A row of `mapping.json`. */
export interface MappedOption {
  /** The option's name in Kiln. */
  option: string;
  /** Its value in the run; null where it was not given and has no default. */
  value: Json;
  status: "mapped" | "implied" | "unmapped";
  /** The fields it sets. */
  fields: Fields;
  note: string;
  /** Whether the run will differ for it. */
  matters: boolean;
}

/** A field that no option of the run's asks for. */
export interface AddedField {
  field: string;
  value: Json;
  why: string;
}

/** Everything that a recipe says, and why. */
export interface Mapping {
  tool: string;
  version: string;
  method: string;
  options: MappedOption[];
  added: AddedField[];
}

/** Raised when a run cannot be said in a tool's words. The message says what to use instead. */
export class RecipeError extends Error {
  override name = "RecipeError";
}

/**
 * Applies rules to the options of a run. An option that no rule is about is listed too.
 *
 * @param derived Names among the values that are no options: what a record says besides.
 * @throws {RecipeError} naming the options that the tool has nothing for
 */
export function applyRules<Facts>(
  rules: Readonly<Record<string, Rule<Facts>>>,
  values: Readonly<Record<string, Json>>,
  facts: Facts,
  derived: readonly string[] = [],
): MappedOption[] {
  const refused: string[] = [];
  const rows = Object.entries(rules).map(([option, rule]): MappedOption => {
    const value = values[option] ?? null;
    const outcome = rule(value, facts);
    if ("refused" in outcome) {
      refused.push(
        `${option}${value === null || value === true ? "" : ` ${JSON.stringify(value)}`}: ${outcome.refused}`,
      );
      return { option, value, status: "unmapped", fields: {}, note: outcome.refused, matters: true };
    }
    if ("to" in outcome) {
      const { to, note = "", matters = false } = outcome;
      return { option, value, status: "mapped", fields: to, note, matters };
    }
    if ("implied" in outcome) {
      return { option, value, status: "implied", fields: outcome.fields ?? {}, note: outcome.implied, matters: false };
    }
    const { unmapped, fields = {}, matters = false } = outcome;
    return { option, value, status: "unmapped", fields, note: unmapped, matters };
  });
  if (refused.length > 0) throw new RecipeError(refused.join("; "));
  const unknown = Object.keys(values).filter((name) => !(name in rules) && !derived.includes(name));
  return [
    ...rows,
    ...unknown.map((option): MappedOption => ({
      ...{ option, value: values[option], status: "unmapped", fields: {}, matters: false },
      note: "the trainer has no such option, and took no notice of it",
    })),
  ];
}

/**
 * All fields of a mapping, of its options and of those that were added.
 *
 * @throws When two options set one field to different values: a fault of the rules.
 */
export function fieldsOf({ options, added }: Pick<Mapping, "options" | "added">): Record<string, Json> {
  const all: Record<string, Json> = {};
  const set = (name: string, value: Json, by: string) => {
    if (name in all && JSON.stringify(all[name]) !== JSON.stringify(value)) {
      throw new Error(`${by} sets ${name} to ${JSON.stringify(value)}, and it is ${JSON.stringify(all[name])} already`);
    }
    all[name] = value;
  };
  for (const { option, fields } of options) {
    for (const [name, value] of Object.entries(fields)) set(name, value, option);
  }
  for (const { field, value } of added) set(field, value, "the recipe");
  return all;
}

/** Sets one field to the option's value. */
export function as<Facts>(field: string, note?: string): Rule<Facts> {
  return (value) => note === undefined ? { to: { [field]: value } } : { to: { [field]: value }, note };
}

/** Sets one field if the option was given; else the tool's default is the same. */
export function ifGiven<Facts>(field: string, why = "not given here, and none there"): Rule<Facts> {
  return (value) => value === null ? { implied: why } : { to: { [field]: value } };
}

/** Sets no field: the tool does so anyway, or the option is about this machine. */
export function implied<Facts>(why: string): Rule<Facts> {
  return () => ({ implied: why });
}

/** Nothing there says it, unless the option is off. */
export function unmappedUnless<Facts>(off: Json, why: string, matters = true): Rule<Facts> {
  return (value) =>
    value === null || JSON.stringify(value) === JSON.stringify(off)
      ? { implied: `off here, and there is no such thing there` }
      : { unmapped: why, matters };
}
