/** Which words of a text are names, and how many stand in another. */
import { stemsOf } from "../../retrieval/search/mod.ts";
import type { JudgedDocument } from "./judge.ts";

/** The stems of documents together, titles included. */
export function documentStems(documents: readonly JudgedDocument[]): Set<string> {
  return stemsOf(documents.map(({ title, text }) => `${title} ${text}`).join("\n"));
}

/**
 * The stems of names and numbers: words with a digit, and words with a capital letter within a sentence. The word that begins a
 * sentence says nothing by its capital letter; it is a name where it is one elsewhere.
 */
export function nameStems(texts: Iterable<string>): Set<string> {
  const names: string[] = [];
  for (const text of texts) {
    let end: number | null = null;
    for (const { 0: word, index } of text.matchAll(/[\p{L}\p{N}]+/gu)) {
      const beginsSentence = end === null || /[.!?:\n]/.test(text.slice(end, index));
      if (/\p{N}/u.test(word) || (/^\p{Lu}/u.test(word) && !beginsSentence)) names.push(word);
      end = index + word.length;
    }
  }
  return stemsOf(names.join(" "));
}

/** How much more a name counts than another word: without it, a text is about something else. */
const NAME_WEIGHT = 4;

/** The share of some stems that stand among others, names counted four times; 0 where there are none. */
export function shareWithin(
  stems: ReadonlySet<string>,
  others: ReadonlySet<string>,
  names: ReadonlySet<string>,
): number {
  let [found, total] = [0, 0];
  for (const stem of stems) {
    const weight = names.has(stem) ? NAME_WEIGHT : 1;
    total += weight;
    if (others.has(stem)) found += weight;
  }
  return total > 0 ? found / total : 0;
}

/** What two sets have in common, of all that they have (Jaccard); 0 where both are empty. */
export function likeness(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  const all = one.union(other).size;
  return all === 0 ? 0 : one.intersection(other).size / all;
}
