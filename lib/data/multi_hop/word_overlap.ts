/** The simplest search: how many words of a query stand in a document. */
import type { Hop } from "./questions.ts";
import type { WorldDocument } from "./world.ts";

const STOP_WORDS = new Set(
  "a an and by did do does for has have how in is of on or the to was were what when where which who"
    .split(" "),
);

/** Lower-case words without their commonest endings, and without words that say nothing. */
export function contentWords(text: string): Set<string> {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return new Set(words.filter((word) => !STOP_WORDS.has(word)).map(stem));
}

function stem(word: string): string {
  return word.length > 4 ? word.replace(/(?:ed|er|es|s|ing)$/, "") : word;
}

/** How well a document fits a query: a word of the title counts two, one of the text one. */
export function overlapScore(query: string, document: Pick<WorldDocument, "title" | "text">): number {
  const [title, text] = [contentWords(document.title), contentWords(document.text)];
  let score = 0;
  for (const word of contentWords(query)) score += (title.has(word) ? 2 : 0) + (text.has(word) ? 1 : 0);
  return score;
}

/** The documents, best first; equals stay in their order. */
export function rankByOverlap<Document extends Pick<WorldDocument, "title" | "text">>(
  query: string,
  documents: readonly Document[],
): Document[] {
  return documents.map((document) => ({ document, score: overlapScore(query, document) }))
    .sort((one, other) => other.score - one.score)
    .map(({ document }) => document);
}

/**
 * Whether a query is a good one for this piece of knowledge: it has the whole name and a word of the relation, and
 * no document fits better than the right one.
 */
export function isRightQuery(query: string, hop: Hop, documents: readonly WorldDocument[]): boolean {
  const words = query.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const name = hop.subject.toLowerCase().split(" ");
  if (!words.some((_, start) => name.every((word, offset) => words[start + offset] === word))) return false;
  const others = words.filter((word) => !name.includes(word));
  if (!others.some((word) => hop.stems.some((stem) => word.startsWith(stem)))) return false;
  // A query is short: one with many names would find many documents.
  if (others.length > 9) return false;
  const right = documents.find((document) => document.id === hop.documentId);
  if (right === undefined) return false;
  const score = overlapScore(query, right);
  return documents.every((document) => document === right || overlapScore(query, document) < score);
}
