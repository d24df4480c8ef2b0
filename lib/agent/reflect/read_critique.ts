/** Critiques in what a model writes. */
import { type Critique, critiqueSchema } from "../../data/mod.ts";
import type { ReadAs } from "./ask_auditor.ts";

/** Characters of a reply that are looked at. */
const LONGEST = 50_000;

/**
 * Reads a critique: a JSON object of `critiqueSchema`, alone, in a fence or among words. Other fields are let be, since large models
 * like to give reasons.
 */
export function readCritique(reply: string): ReadAs<Critique> {
  const text = reply.slice(0, LONGEST);
  const object = jsonIn(text);
  if (object === null) return { problem: "it holds no JSON object" };
  const parsed = critiqueSchema.safeParse(knownFields(object));
  if (parsed.success) return { value: parsed.data };
  const [{ path, message }] = parsed.error.issues;
  return { problem: `${path.join(".") || "the object"}: ${message}` };
}

function jsonIn(text: string): object | null {
  const first = text.indexOf("{");
  const last = text.lastIndexOf("}");
  if (first < 0 || last < first) return null;
  try {
    return JSON.parse(text.slice(first, last + 1));
  } catch {
    return null;
  }
}

function knownFields(object: object): unknown {
  const { verdict, problems } = object as { verdict?: unknown; problems?: unknown };
  if (!Array.isArray(problems)) return { verdict, problems };
  return {
    verdict,
    problems: problems.map((problem: unknown) => {
      if (typeof problem !== "object" || problem === null) return problem;
      const { kind, quote } = problem as { kind?: unknown; quote?: unknown };
      return { kind: typeof kind === "string" ? kind.toLowerCase().replaceAll("_", " ").trim() : kind, quote };
    }),
  };
}
