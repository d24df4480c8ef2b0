/** What a query finds, and how it is shown: as quoted text without power over what stands around it. */
import { type SearchResult, writeSearchResults } from "../data/mod.ts";
import { neutralise } from "../retrieval/answer/mod.ts";

/** A query of one question. */
export interface PageRequest {
  query: string;
  /** Pages at most. */
  limit: number;
  /** Addresses that are not wanted: those that were found before. */
  exclude?: readonly string[];
}

/** A search that failed. */
export interface FailedPages {
  failure: string;
}

/** Finds pages for the queries of many questions at once. */
export interface PageRetriever {
  /**
   * The pages of each request, the best first; none where nothing new is found, which is no error. A search that fails is told in its
   * place and does not fail the others.
   *
   * @throws The signal's reason, when aborted.
   */
  find(
    requests: readonly PageRequest[],
    options?: { signal?: AbortSignal },
  ): Promise<(SearchResult[] | FailedPages)[]>;
}

/** Whether a search failed. */
export function isFailedSearch(found: SearchResult[] | FailedPages): found is FailedPages {
  return "failure" in found;
}

/**
 * A page as it is shown: each text in one line, without tags, chat markers and unseen characters, the content cut between
 * words.
 *
 * @param maxCharacters Of the content, in UTF-16 units.
 */
export function shownPage({ content, metadata, distance }: SearchResult, maxCharacters: number): SearchResult {
  const { publisher, date, url } = metadata;
  return {
    content: cutAtWord(line(content), maxCharacters),
    metadata: { publisher: line(publisher), date: line(date), url: line(url).replaceAll(" ", "%20") },
    distance,
  };
}

/** What is put after `</query>`: the results as JSON between their tags, with the line ends around them. */
export function foundText(found: readonly SearchResult[]): string {
  return `\n${writeSearchResults(found)}\n`;
}

function line(text: string): string {
  return neutralise(text).replace(/\s+/g, " ").trim();
}

function cutAtWord(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text;
  const cut = text.slice(0, maxCharacters);
  const whole = text[maxCharacters] === " " ? cut : cut.replace(/ [^ ]*$/, "");
  // Half of a surrogate pair is no character.
  return whole.trimEnd().replace(/[\uD800-\uDBFF]$/, "");
}
