/** Rows to learn searching from: a question, what was written about it, and what was found in between. */
import { z } from "zod";
import { QUERY_TAGS_PROMPT, type SearchResult } from "../data/mod.ts";
import type { ChatMessage } from "../tokenizer/mod.ts";
import { foundText } from "./pages.ts";

const searchResult: z.ZodType<SearchResult> = z.strictObject({
  content: z.string(),
  metadata: z.strictObject({ publisher: z.string(), date: z.string(), url: z.string().min(1) }),
  distance: z.number(),
});

/** A row. */
export const retrieverSample = z.strictObject({
  id: z.string().min(1),
  question: z.string().min(1),
  /** The right answer. */
  answer: z.string().min(1),
  /** "generator", or the name of the model that wrote it. */
  writer: z.string().min(1),
  /** By turns what was written and what was found; the first and the last are written. */
  parts: z.array(
    z.union([z.strictObject({ written: z.string() }), z.strictObject({ found: z.array(searchResult) })]),
  ).min(1),
  /** Addresses of what was found and is noise; null where nobody knows. */
  noise: z.array(z.string()).nullable(),
  /** Tokens of an endpoint that it took; null for the generator. */
  usage: z.strictObject({ promptTokens: z.number(), completionTokens: z.number() }).nullable(),
});

/** A row, as it stands in a file. */
export type RetrieverSample = z.infer<typeof retrieverSample>;

/** What was written, or what was found. */
export type SamplePart = RetrieverSample["parts"][number];

/** The chat before a turn: the same in rows to learn from and at use. */
export function retrieverPrompt(question: string): ChatMessage[] {
  return [{ role: "system", content: QUERY_TAGS_PROMPT }, { role: "user", content: question }];
}

/** The text of a part, as it stands in the turn. */
export function partText(part: SamplePart): string {
  return "written" in part ? part.written : foundText(part.found);
}

/** The whole turn as text. */
export function turnText(parts: readonly SamplePart[]): string {
  return parts.map(partText).join("");
}

/** All that was found, in its order. */
export function foundIn(parts: readonly SamplePart[]): SearchResult[] {
  return parts.flatMap((part) => "found" in part ? part.found : []);
}

/** The addresses of all that was found. */
export function foundUrls(parts: readonly SamplePart[]): string[] {
  return foundIn(parts).map(({ metadata }) => metadata.url);
}

/** All that was written, without what was found. */
export function writtenIn(parts: readonly SamplePart[]): string {
  return parts.map((part) => "written" in part ? part.written : "\n").join("");
}
