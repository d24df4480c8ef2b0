/** JSON schemas without what says nothing to a model. */

/** A part of a schema that holds schemas by name. */
const BY_NAME = new Set(["properties", "$defs", "definitions", "patternProperties"]);
/** One that is a schema, or a list of them. */
const NESTED = new Set(["items", "additionalProperties", "not", "anyOf", "oneOf", "allOf", "prefixItems", "contains"]);

/**
 * The schema without `$schema`, the bounds of safe integers, `additionalProperties` that is no schema of its own, names of
 * properties that may be any text, and patterns that repeat a `format`. A small model reads all of it in each chat; the house
 * model was taught this form. What is left out is still held against the arguments, by the zod schema.
 */
export function shortSchema(schema: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const short = Object.entries(schema).flatMap(([key, value]) =>
    saysNothing(key, value, schema) ? [] : [[
      key,
      BY_NAME.has(key) && isRecord(value)
        ? Object.fromEntries(Object.entries(value).map(([name, part]) => [name, shortened(part)]))
        : NESTED.has(key)
        ? shortened(value)
        : value,
    ]]
  );
  return Object.fromEntries(short);
}

function shortened(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shortened);
  return isRecord(value) ? shortSchema(value) : value;
}

function saysNothing(key: string, value: unknown, schema: Readonly<Record<string, unknown>>): boolean {
  switch (key) {
    case "$schema":
      return true;
    case "minimum":
      return value === Number.MIN_SAFE_INTEGER;
    case "maximum":
      return value === Number.MAX_SAFE_INTEGER;
    case "additionalProperties":
      return value === false || isRecord(value) && Object.keys(value).length === 0;
    case "propertyNames":
      return isRecord(value) && Object.keys(value).length === 1 && value.type === "string";
    case "pattern":
      return schema.format !== undefined;
    default:
      return false;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
