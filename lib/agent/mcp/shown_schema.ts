/** A stranger's JSON schema, as a model may read it. */
import { cleanText, isClean } from "./clean_text.ts";

const MAX_DEPTH = 24;
const MAX_NOTE = 300;
/** For people and programs; a model reads them for nothing. */
const LEFT_OUT = new Set(["$schema", "$id", "$comment"]);
/** What can be missing without changing what the arguments may be. */
const DISPENSABLE = new Set(["default", "examples", "pattern", "format"]);
const BY_NAME = new Set(["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"]);

/**
 * The schema with its descriptions cleaned and cut to 300 characters, and without what says nothing to a model. Names and
 * allowed values stay what they are, or the model could not call the tool.
 *
 * @throws {TypeError} when it is too large or too deep, or a name or an allowed value could break out of a chat template
 */
export function shownSchema(schema: Readonly<Record<string, unknown>>, maxBytes: number): Record<string, unknown> {
  const shown = shownPart(schema, 0);
  const bytes = new TextEncoder().encode(JSON.stringify(shown)).length;
  if (bytes > maxBytes) throw new TypeError(`its schema has ${bytes} bytes, more than ${maxBytes}`);
  return shown;
}

function shownPart(schema: Readonly<Record<string, unknown>>, depth: number): Record<string, unknown> {
  const entries = Object.entries(schema).flatMap(([key, value]): [string, unknown][] => {
    if (LEFT_OUT.has(key)) return [];
    if ((key === "description" || key === "title") && typeof value === "string") {
      const text = cleanText(value, MAX_NOTE);
      return text === "" ? [] : [[key, text]];
    }
    if (BY_NAME.has(key) && isRecord(value)) {
      return [[
        key,
        Object.fromEntries(Object.entries(value).map(([name, part]) => [checked(name), shownValue(part, depth + 2)])),
      ]];
    }
    if (DISPENSABLE.has(key) && !isCleanValue(value, depth)) return [];
    return [[checked(key), shownValue(value, depth + 1)]];
  });
  return Object.fromEntries(entries);
}

function shownValue(value: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new TypeError(`its schema is nested more than ${MAX_DEPTH} deep`);
  if (typeof value === "string") return checked(value);
  if (Array.isArray(value)) return value.map((item) => shownValue(item, depth + 1));
  return isRecord(value) ? shownPart(value, depth) : value;
}

function checked(text: string): string {
  if (text === "__proto__" || !isClean(text)) {
    throw new TypeError(
      `its schema has a name or value that no model should read: ${JSON.stringify(cleanText(text, 60))}`,
    );
  }
  return text;
}

function isCleanValue(value: unknown, depth: number): boolean {
  try {
    shownValue(value, depth + 1);
    return true;
  } catch {
    return false;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
