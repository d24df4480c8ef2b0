/** The tool for searching documents. */
import { z } from "zod";
import { HOUSE_TOOLS } from "../../data/mod.ts";
import { search, type SearchOptions, type SearchResult } from "../../retrieval/search/mod.ts";
import type { PassageTable } from "../../retrieval/store/mod.ts";
import { defineTool } from "./define_tool.ts";
import { byteLength } from "./result_text.ts";
import type { Tool } from "./tool.ts";

/** A passage as the tool gives it. The model reads title and text. */
export interface FoundText {
  title: string;
  /** The passage, or its beginning, which then ends in "...". */
  text: string;
  /** The document: a path or a URL. */
  source: string;
  page?: number;
  /** Whether strangers wrote it. */
  untrusted: boolean;
  /** The search's. */
  score: number;
}

/** Options of `searchTool`. */
export interface SearchToolOptions {
  /** Stays the caller's. */
  table: PassageTable;
  /** How to search. Default: hybrid, 3 results. */
  search?: Omit<SearchOptions, "signal">;
  /** Tokens of all results together. Default 400. */
  maxTokens?: number;
  /** Tokens of a text, as the model counts them that reads it. Default: a third of its bytes. */
  countTokens?: (text: string) => number;
  /** Default `search`. */
  name?: string;
  /** What is in the table, for the model. */
  description?: string;
  /** Default 30,000. */
  timeoutMs?: number;
}

const { name: houseName, description: houseDescription } = HOUSE_TOOLS.search.function;
const MAX_QUERY = 1000;

/**
 * A tool that searches a table of passages. Results come in the order of the search, as many as the tokens allow; the one
 * that is too long is cut between two words. Where strangers wrote one of them, the outcome says so.
 *
 * @throws {RangeError} when `maxTokens` is no whole number above 0
 */
export function searchTool(options: SearchToolOptions): Tool<{ query: string }, { results: FoundText[] }> {
  const { table, search: how = {}, maxTokens = 400, countTokens = thirdOfBytes } = options;
  const { name = houseName, description = houseDescription!, timeoutMs = 30_000 } = options;
  if (!Number.isInteger(maxTokens) || maxTokens < 1) {
    throw new RangeError(`maxTokens: expected a whole number above 0, got ${maxTokens}`);
  }
  return defineTool({
    name,
    description,
    input: z.strictObject({
      query: z.string().refine((query) => query.trim() !== "", "must not be empty")
        .refine((query) => query.length <= MAX_QUERY, `must have at most ${MAX_QUERY} characters`),
    }),
    timeoutMs,
    async run({ query }, { signal, markUntrusted }) {
      const found = await search(table, query, { k: 3, ...how, signal });
      const results = withinTokens(found, maxTokens, countTokens);
      if (results.some(({ untrusted }) => untrusted)) markUntrusted();
      return { results };
    },
    modelView: ({ results }) => ({ results: results.map(({ title, text }) => ({ title, text })) }),
  });
}

function thirdOfBytes(text: string): number {
  return Math.ceil(byteLength(text) / 3);
}

/** The first results that have room, the last of them cut where a piece of it has. */
function withinTokens(
  found: readonly SearchResult[],
  maxTokens: number,
  countTokens: (text: string) => number,
): FoundText[] {
  const results: FoundText[] = [];
  let left = maxTokens;
  const sizeOf = (title: string, text: string) => countTokens(JSON.stringify({ title, text }));
  for (const { chunk: { title, text, source, page, untrusted }, score } of found) {
    const about = { source, ...(page === undefined ? {} : { page }), untrusted, score };
    const size = sizeOf(title, text);
    if (size <= left) {
      results.push({ title, text, ...about });
      left -= size;
      continue;
    }
    const cut = longestCut(text, (beginning) => sizeOf(title, beginning) <= left);
    // Without results the model would think that nothing was found.
    if (cut !== undefined) results.push({ title, text: cut, ...about });
    else if (results.length === 0) results.push({ title: title.slice(0, 100), text: "...", ...about });
    break;
  }
  return results;
}

/** The longest beginning that ends after a word and has room, with "..." after it; found by halving. */
function longestCut(text: string, hasRoom: (beginning: string) => boolean): string | undefined {
  const ends = Array.from(text.matchAll(/\S(?=\s)/g), ({ index }) => index + 1);
  const at = (count: number) => `${text.slice(0, ends[count - 1])} ...`;
  let [fits, tooMany] = [0, ends.length + 1];
  while (tooMany - fits > 1) {
    const middle = Math.floor((fits + tooMany) / 2);
    if (hasRoom(at(middle))) fits = middle;
    else tooMany = middle;
  }
  return fits === 0 ? undefined : at(fits);
}
