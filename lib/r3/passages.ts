/** What a step's query finds, and how it is shown. */
import { neutralLine } from "./neutral_line.ts";

/** A passage of a collection. */
export interface FoundPassage {
  /** Of the passage. No passage is shown twice in an episode. */
  id: string;
  /** Of the document that it is a part of: what questions name as their support. */
  document: string;
  title: string;
  text: string;
  /** Higher is better; comparable within one search only. */
  score: number;
}

/** A query of one episode. */
export interface PassageRequest {
  query: string;
  /** Passages at most. */
  limit: number;
  /** Ids of passages that are not wanted: those that were shown before. */
  exclude?: Iterable<string>;
}

/** Finds passages for the queries of many episodes at once. */
export interface PassageRetriever {
  /** The passages of each request, the best first; none where nothing new is found, which is no error. */
  find(requests: readonly PassageRequest[], options?: { signal?: AbortSignal }): Promise<FoundPassage[][]>;
}

/** How much is shown of what is found. */
export interface PassageLimits {
  /** Of a step. Default 2. */
  passagesPerStep?: number;
  /** Of an episode: then queries find nothing more. Default 10. */
  maxPassages?: number;
  /** Of a passage's text, in UTF-16 units; it is cut between words. Default 512. */
  maxPassageCharacters?: number;
}

/** The limits with their defaults: those of R3-RAG. */
export const DEFAULT_PASSAGE_LIMITS: Required<PassageLimits> = {
  passagesPerStep: 2,
  maxPassages: 10,
  maxPassageCharacters: 512,
};

/** @throws {RangeError} naming the limit that cannot be */
export function resolveLimits(limits: PassageLimits): Required<PassageLimits> {
  const { passagesPerStep, maxPassages, maxPassageCharacters } = {
    ...DEFAULT_PASSAGE_LIMITS,
    ...withoutMissing(limits),
  };
  for (const [name, value] of Object.entries({ passagesPerStep, maxPassages, maxPassageCharacters })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(`${name}: expected a whole number above 0, got ${value}`);
    }
  }
  return { passagesPerStep, maxPassages, maxPassageCharacters };
}

function withoutMissing(limits: PassageLimits): PassageLimits {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}

/**
 * A passage as a prompt has it: title and text in a line each, without power over the prompt around them, the text no longer than so
 * many UTF-16 units.
 */
export function shownPassage<P extends Pick<FoundPassage, "title" | "text">>(passage: P, maxCharacters: number): P {
  return {
    ...passage,
    title: neutralLine(passage.title, { isLabel: true }),
    text: cutAtWord(neutralLine(passage.text), maxCharacters),
  };
}

/** As many whole words as fit; of a single longer word, its beginning. */
export function cutAtWord(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text;
  const cut = text.slice(0, maxCharacters);
  const whole = /\s/.test(text[maxCharacters]) ? cut : cut.replace(/\s+\S*$/, "");
  // Half of a surrogate pair is no character.
  return whole.trimEnd().replace(/[\uD800-\uDBFF]$/, "");
}
