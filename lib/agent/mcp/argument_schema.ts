/** A stranger's JSON schema as a zod schema. */
import { z } from "zod";

/** Schemas in one, after each reference was replaced by what it refers to. Beyond them anything is accepted. */
const MAX_PARTS = 2000;
const MAX_DEPTH = 24;

const TYPES = new Set(["object", "array", "string", "number", "integer", "boolean", "null"]);
const NUMBERS = [
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
];

/**
 * The parts of a JSON schema that can be held against a value safely, as a zod schema of objects. It refuses nothing that the
 * JSON schema allows, and may let through what that refuses: the server checks its arguments again. Two things are zod's own:
 * lengths count UTF-16 units, and whole numbers end at 2^53.
 *
 * Left out are `pattern` (a stranger's regular expression can take for ever), `format`, `not`, conditions, references out of
 * the document, and `default`, which is the server's to fill in. `oneOf` counts as `anyOf`. References are written out, up to
 * 2000 parts and 24 levels, so that a schema that refers to itself twice at each level cannot take for ever either.
 */
export function argumentSchema(schema: Readonly<Record<string, unknown>>): z.ZodType<Record<string, unknown>> {
  try {
    const plain = { ...plainSchema(schema, schema), type: "object" };
    return z.fromJSONSchema(plain as z.core.JSONSchema.JSONSchema) as z.ZodType<Record<string, unknown>>;
  } catch {
    // A combination that zod has no form for: the server alone checks.
    return z.looseObject({});
  }
}

type Schema = Readonly<Record<string, unknown>>;

function plainSchema(schema: Schema, root: Schema): Record<string, unknown> {
  let left = MAX_PARTS;

  const part = (value: unknown, depth: number, open: readonly string[]): unknown => {
    if (typeof value === "boolean") return value;
    if (!isRecord(value) || depth > MAX_DEPTH || left-- <= 0) return {};
    if (value.$ref !== undefined) {
      const name = String(value.$ref);
      // A list of lists of lists: its inner levels are the server's to check.
      return open.includes(name) ? {} : part(referred(root, name), depth + 1, [...open, name]);
    }
    const inner = (nested: unknown) => part(nested, depth + 1, open);
    const plain: Record<string, unknown> = {};

    const types = [value.type].flat().filter((type): type is string => typeof type === "string" && TYPES.has(type));
    if (types.length > 0) plain.type = types.length === 1 ? types[0] : types;
    // Zod compares lists and objects by identity.
    if (Array.isArray(value.enum) && value.enum.length > 0 && value.enum.every(isPlain)) plain.enum = value.enum;
    if (value.const !== undefined && isPlain(value.const)) plain.const = value.const;
    for (const key of NUMBERS) {
      if (typeof value[key] === "number") plain[key] = value[key];
    }
    if (typeof value.multipleOf === "number" && value.multipleOf > 0) plain.multipleOf = value.multipleOf;
    if (isRecord(value.items) && value.prefixItems === undefined) plain.items = inner(value.items);
    for (const key of ["anyOf", "oneOf", "allOf"]) {
      const choices = value[key];
      if (!Array.isArray(choices) || choices.length === 0) continue;
      // With parts left out, more than one form may fit.
      plain[key === "allOf" ? "allOf" : "anyOf"] = choices.map(inner);
    }
    if (isRecord(value.properties) || Array.isArray(value.required)) {
      const properties = isRecord(value.properties) ? value.properties : {};
      // Every object has a "constructor": one that was not given would be taken for a wrong one.
      const isChecked = (name: unknown): name is string => typeof name === "string" && !(name in Object.prototype);
      const names = Object.keys(properties).filter(isChecked);
      const required = Array.isArray(value.required) ? value.required.filter(isChecked) : [];
      const parts = [...new Set([...names, ...required])].map((name) =>
        [name, Object.hasOwn(properties, name) ? inner(properties[name]) : {}] as const
      );
      plain.properties = Object.fromEntries(parts);
      plain.required = required;
      const isClosed = value.additionalProperties === false && value.patternProperties === undefined &&
        names.length === Object.keys(properties).length;
      if (isClosed) plain.additionalProperties = false;
    }
    return plain;
  };

  return part(schema, 0, []) as Record<string, unknown>;
}

/** What stands at `#/$defs/name`; undefined where nothing does. */
function referred(root: Schema, reference: string): unknown {
  if (reference === "#") return root;
  if (!reference.startsWith("#/")) return undefined;
  let at: unknown = root;
  for (const step of reference.slice(2).split("/")) {
    const key = step.replaceAll("~1", "/").replaceAll("~0", "~");
    if (!isRecord(at) || !Object.hasOwn(at, key)) return undefined;
    at = at[key];
  }
  return at;
}

function isPlain(value: unknown): boolean {
  return typeof value !== "object" || value === null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
