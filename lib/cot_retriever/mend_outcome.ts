/** The outcome of a turn as JSON, mended where nothing has to be guessed. */
import { z } from "zod";
import type { SearchOutcome } from "../data/mod.ts";

const strict = z.strictObject({ answer: z.string().min(1), used: z.array(z.string().min(1)) });
const loose = z.object({
  answer: z.union([z.string().trim().min(1), z.number(), z.boolean()]).transform((value) =>
    typeof value === "boolean" ? (value ? "yes" : "no") : String(value)
  ),
  used: z.union([z.array(z.string()), z.string()]).transform((value) =>
    (typeof value === "string" ? [value] : value).map((url) => url.trim()).filter((url) => url !== "")
  ),
});

/** Longer texts are no outcome. */
const LONGEST = 20_000;

/**
 * Reads an outcome. What may be wrong with it: text around the object, such as a fence; commas before a closing bracket; an end
 * that is missing; one address that stands alone; an answer that is a number, true or false; fields besides. An answer or a list
 * that is not there is not made up.
 *
 * @returns Null where it cannot be read.
 */
export function mendOutcome(text: string): { outcome: SearchOutcome; isMended: boolean } | null {
  const exact = strict.safeParse(parseJson(text.trim()));
  if (exact.success) return { outcome: exact.data, isMended: false };
  const start = text.indexOf("{");
  if (start < 0 || text.length > LONGEST) return null;
  const mended = loose.safeParse(parseJson(wholeObject(text.slice(start))));
  return mended.success ? { outcome: mended.data, isMended: true } : null;
}

/** The object that the text begins with: up to its end, or closed where it has none, without commas before what closes. */
function wholeObject(text: string): string {
  const open: string[] = [];
  let whole = "";
  let isString = false;
  for (let at = 0; at < text.length; at++) {
    const unit = text[at];
    if (isString) {
      whole += unit;
      if (unit === "\\" && at + 1 < text.length) whole += text[++at];
      else if (unit === '"') isString = false;
      continue;
    }
    if (unit === '"') isString = true;
    else if (unit === "{" || unit === "[") open.push(unit === "{" ? "}" : "]");
    else if (unit === "}" || unit === "]") {
      whole = withoutComma(whole);
      if (open.pop() !== unit) return "";
    }
    whole += unit;
    if (open.length === 0) return whole;
  }
  if (isString) whole = `${whole.replace(/\\$/, "")}"`;
  return withoutComma(whole) + open.reverse().join("");
}

function withoutComma(text: string): string {
  return text.replace(/,\s*$/, "");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
