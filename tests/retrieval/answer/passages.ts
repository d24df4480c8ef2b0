/** Results of a search, made by hand. */
import type { Chunk } from "../../../lib/retrieval/chunk/mod.ts";
import type { SearchResult } from "../../../lib/retrieval/search/mod.ts";

/** A result whose chunk begins at character 100 of its document. */
export function result(text: string, fields: Partial<Chunk> = {}, scores: Partial<SearchResult> = {}): SearchResult {
  const title = fields.title ?? "Asthma";
  const chunk: Chunk = {
    id: `${title}/${text}`,
    source: `medicine/${title.toLowerCase()}.md`,
    title,
    headings: [],
    start: 100,
    end: 100 + text.length,
    text,
    tokens: words(text),
    metadata: {},
    untrusted: false,
    ...fields,
  };
  return { chunk, score: 1, parts: {}, ...scores };
}

/** The simplest way to count tokens. */
export function words(text: string): number {
  return text.split(/\s+/).filter((word) => word !== "").length;
}
