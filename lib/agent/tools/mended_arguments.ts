/** Values that are written otherwise than the schema wants, and mean the same to everybody. */
import type { z } from "zod";

type Issue = z.core.$ZodIssue;

/** A number as JSON writes it. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * Arguments with the values that zod found to be of a wrong type written in the right one. Only what can mean one thing is
 * rewritten:
 *
 * - a number in a string, `"12"` or `" 3.5 "`, where a number is wanted. 3.0 needs no mending: in JSON it is 3. 3.5 stays
 *   wrong where a whole number is wanted, and so does `"1,5"`;
 * - a number where a string is wanted: a year that is searched for, an expression that is a single number;
 * - `"true"` and `"false"` where a boolean is wanted;
 * - JSON in a string where a list or an object is wanted;
 * - `null` for something that may be left out.
 *
 * Names of arguments are never changed, and nothing is made up.
 *
 * @returns Undefined where nothing could be mended.
 */
export function mended(given: unknown, issues: readonly Issue[]): unknown {
  let copy: unknown = given;
  for (const issue of issues) {
    if (issue.code !== "invalid_type") continue;
    const value = valueAt(copy, issue.path);
    const better = rewritten(value, issue.expected);
    // An item of a list cannot be left out: those after it would take its place.
    const mayBeLeftOut = value === null && typeof issue.path.at(-1) === "string";
    if (better === undefined && !mayBeLeftOut) continue;
    copy = replacedAt(copy, issue.path, better);
  }
  return copy === given ? undefined : copy;
}

/** The value in the type that is wanted; undefined where it has none, and for null. */
function rewritten(value: unknown, expected: string): unknown {
  switch (expected) {
    case "number":
    case "int":
      return typeof value === "string" && NUMBER.test(value.trim()) ? Number(value) : undefined;
    case "string":
      return typeof value === "number" ? String(value) : undefined;
    case "boolean":
      return value === "true" ? true : value === "false" ? false : undefined;
    case "array":
    case "object":
    case "record":
      return typeof value === "string" ? parsed(value) : undefined;
    default:
      return undefined;
  }
}

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** What stands at a path; undefined where nothing does. */
export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

/** A copy with another value at a path; undefined takes the name away. */
function replacedAt(value: unknown, [key, ...rest]: readonly PropertyKey[], replacement: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map((item, at) =>
      at !== key ? item : rest.length > 0 ? replacedAt(item, rest, replacement) : replacement
    );
  }
  const entries = Object.entries(value as Record<string, unknown>).flatMap(([name, item]) => {
    if (name !== key) return [[name, item]];
    if (rest.length > 0) return [[name, replacedAt(item, rest, replacement)]];
    return replacement === undefined ? [] : [[name, replacement]];
  });
  return Object.fromEntries(entries);
}
