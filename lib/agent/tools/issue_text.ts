/** What zod found wrong, in words that a small model can act on. */
import type { z } from "zod";
import { valueAt } from "./mended_arguments.ts";

type Issue = z.core.$ZodIssue;

/**
 * One line for each thing that is wrong: the argument's name, then what it must be. The house model was taught to mend its
 * calls from such lines: "city is missing", "my_city is unknown", "a must be a number".
 *
 * @param given What was held against the schema.
 * @param whole What to call all of it.
 */
export function issueText(issue: Issue, given: unknown, whole = "the arguments"): string[] {
  const name = pathText(issue.path) || whole;
  switch (issue.code) {
    case "invalid_type":
      if (valueAt(given, issue.path) === undefined) return [`${name} is missing`];
      return [`${name} must be ${typeText(issue.expected)}`];
    case "unrecognized_keys":
      return issue.keys.map((key) => `${pathText([...issue.path, key])} is unknown`);
    case "too_small":
      return [`${name} must ${boundText(issue.origin, issue.minimum, issue.inclusive ? "at least" : "above")}`];
    case "too_big":
      return [`${name} must ${boundText(issue.origin, issue.maximum, issue.inclusive ? "at most" : "below")}`];
    case "invalid_value": {
      const values = issue.values.map((value) => typeof value === "string" ? JSON.stringify(value) : String(value));
      if (valueAt(given, issue.path) === undefined) return [`${name} is missing`];
      return [`${name} must be ${values.length === 1 ? values[0] : `one of ${values.slice(0, 20).join(" ")}`}`];
    }
    case "invalid_format":
      return [`${name} must be a valid ${issue.format}`];
    case "not_multiple_of":
      return [`${name} must be a multiple of ${issue.divisor}`];
    case "invalid_union": {
      if (valueAt(given, issue.path) === undefined) return [`${name} is missing`];
      const types = issue.errors.flatMap(([first]) =>
        first?.code === "invalid_type" && first.path.length === 0 ? [typeText(first.expected)] : []
      );
      const isPlain = types.length > 0 && types.length === issue.errors.length;
      return [
        isPlain ? `${name} must be ${[...new Set(types)].join(" or ")}` : `${name} has none of the allowed forms`,
      ];
    }
    case "custom":
      // A refinement's own words: "must be in metres".
      return [issue.path.length === 0 ? issue.message : `${name} ${issue.message}`];
    default:
      return [`${name}: ${issue.message}`];
  }
}

function typeText(expected: string): string {
  switch (expected) {
    case "int":
      return "a whole number";
    case "boolean":
      return "true or false";
    case "array":
      return "a list";
    case "object":
    case "record":
      return "an object";
    default:
      return `a ${expected}`;
  }
}

function boundText(origin: string, bound: number | bigint, relation: string): string {
  if (origin === "string") return `have ${relation} ${bound} characters`;
  if (origin === "array" || origin === "set") return `have ${relation} ${bound} items`;
  return `be ${relation} ${bound}`;
}

const MAX_NAME = 60;

/** `items[2].name` */
function pathText(path: readonly PropertyKey[]): string {
  const text = path.map((key, at) => typeof key === "number" ? `[${key}]` : at === 0 ? String(key) : `.${String(key)}`);
  return text.join("").slice(0, MAX_NAME);
}
