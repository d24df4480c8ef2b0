/**
 * The text form of a model that searches while it thinks: `<think>`, a plan, `<query>...</query>`, what the search gave
 * between `<query_res>` and `</query_res>`, an analysis, perhaps another query, `</think>` and the outcome as JSON between
 * `<results>` and `</results>`. What the search gave is never the model's own text.
 */
import { z } from "zod";

/** One thing that a search found. */
export interface SearchResult {
  content: string;
  metadata: { publisher: string; date: string; url: string };
  /** From the query, 0 is nearest. */
  distance: number;
}

/** The system prompt of these chats. */
export const QUERY_TAGS_PROMPT = "Search before you answer. Leave out results that are noise. " +
  "Give the answer and the used addresses as JSON.";

/** What a search gave, as the text from `<query_res>` to `</query_res>`: a JSON list, a result a line. */
export function writeSearchResults(results: readonly SearchResult[]): string {
  return `<query_res>\n[${results.map((result) => JSON.stringify(result)).join(",\n")}]\n</query_res>`;
}

const outcome = z.strictObject({ answer: z.string().min(1), used: z.array(z.string().min(1)) });

/** The outcome of a turn: the answer and the addresses of the results that it rests on. */
export type SearchOutcome = z.infer<typeof outcome>;

/** The end of a turn, from `</think>` on. */
export function writeOutcome({ answer, used }: SearchOutcome): string {
  return `</think>\n<results>\n${JSON.stringify({ answer, used })}\n</results>`;
}

/**
 * Reads the outcome of a turn, strictly: the thinking ends once, one JSON object follows, and nothing after it.
 *
 * @param text a whole turn or its end
 */
export function parseResults(text: string): { results: SearchOutcome } | { problem: string } {
  const parts = text.split("</think>");
  if (parts.length !== 2) return { problem: `</think> stands ${parts.length - 1} times: expected once` };
  const match = /^\n<results>\n([^\n]*)\n<\/results>$/.exec(parts[1]);
  if (match === null) {
    return { problem: "expected a line <results>, a line of JSON and a line </results> after </think>" };
  }
  let json: unknown;
  try {
    json = JSON.parse(match[1]);
  } catch {
    return { problem: `the results are no JSON: ${match[1]}` };
  }
  const parsed = outcome.safeParse(json);
  if (!parsed.success) {
    return { problem: `the results need an answer and a list of used addresses: ${z.prettifyError(parsed.error)}` };
  }
  return { results: parsed.data };
}

/** The query at the end of a reply that was stopped at `</query>`, or null where there is none. */
export function openQuery(reply: string): string | null {
  return /^[^<>]*\n<query>([^<>\n]+)$/.exec(reply)?.[1].trim() || null;
}
