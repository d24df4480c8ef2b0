/** Arguments, from what a model wrote to what a tool takes. */
import type { z } from "zod";
import { issueText } from "./issue_text.ts";
import { mended } from "./mended_arguments.ts";

/** Arguments that can be run with, or what is wrong with them. */
export type ReadArguments = { ok: true; input: unknown } | { ok: false; problem: string };

/** Problems that are told of at once. */
const MAX_PROBLEMS = 5;

/**
 * Holds arguments against a schema. As they are, first; where that fails only for the way in which a value is written, such
 * as `"12"` for 12, they are mended as `mended` says and held against it again.
 */
export async function readArguments(schema: z.ZodType, given: unknown, maxBytes: number): Promise<ReadArguments> {
  const copy = plainCopy(given, maxBytes);
  if (!copy.ok) return copy;
  const first = await schema.safeParseAsync(copy.input);
  if (first.success) return { ok: true, input: first.data };
  const second = mended(copy.input, first.error.issues);
  if (second !== undefined) {
    // What was in a string comes through the same door.
    const again = plainCopy(second, maxBytes);
    if (!again.ok) return again;
    const parsed = await schema.safeParseAsync(again.input);
    if (parsed.success) return { ok: true, input: parsed.data };
  }
  const problems = [...new Set(first.error.issues.flatMap((issue) => issueText(issue, copy.input)))];
  const more = problems.length > MAX_PROBLEMS ? [`and ${problems.length - MAX_PROBLEMS} more`] : [];
  return { ok: false, problem: [...problems.slice(0, MAX_PROBLEMS), ...more].join(", ") };
}

const MAX_DEPTH = 32;

/**
 * A copy of what JSON can hold, so that a tool cannot change the chat and nothing inherited comes in. The name `__proto__` is
 * refused wherever it stands: a tool that merges objects would change all of them.
 */
function plainCopy(given: unknown, maxBytes: number): ReadArguments {
  let left = maxBytes;
  const copy = (value: unknown, depth: number): unknown => {
    if (depth > MAX_DEPTH) throw new PlainError(`the arguments are nested more than ${MAX_DEPTH} deep`);
    left -= typeof value === "string" ? value.length + 2 : 4;
    if (left < 0) throw new PlainError(`the arguments are longer than ${maxBytes} bytes`);
    if (Array.isArray(value)) return value.map((item) => copy(item, depth + 1));
    if (typeof value === "object" && value !== null) {
      return Object.fromEntries(
        Object.keys(value).map((key) => {
          if (key === "__proto__") throw new PlainError("the name __proto__ is not allowed");
          left -= key.length + 4;
          return [key, copy((value as Record<string, unknown>)[key], depth + 1)];
        }),
      );
    }
    const isJson = value === null || typeof value === "string" || typeof value === "boolean" ||
      typeof value === "number" && Number.isFinite(value);
    if (!isJson) throw new PlainError("the arguments have to be JSON");
    return value;
  };
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    return { ok: false, problem: "the arguments have to be an object" };
  }
  try {
    return { ok: true, input: copy(given, 0) };
  } catch (error) {
    if (error instanceof PlainError) return { ok: false, problem: error.message };
    throw error;
  }
}

class PlainError extends Error {}
