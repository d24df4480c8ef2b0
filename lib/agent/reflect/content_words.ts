/** What a sentence is about, as a set of word stems. */
import { stemmer } from "stemmer";

/** Words that say nothing of what a sentence is about. */
const EMPTY = new Set(
  ("a an and any are as at be because been but by can could do does for from good had has have how i if in into is it its " +
    "just like make many may me might more most much must my need no not of on one only or other our out people please safely " +
    "should so some such take than that the their them then there these they this those through to too try up use used very " +
    "was we well were what when which while who will with without would you your helps help choice find shows").split(
      " ",
    ),
);

/** A text with a space in place of each citation. */
export function withoutCitations(text: string): string {
  return text.replace(/\[[\d,; ]*\]/g, " ");
}

/** All words of a text in small letters, numbers too. */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}'-]+/gu) ?? [];
}

/** Stems of the words that count, without citations. */
export function contentStems(text: string): Set<string> {
  const stems = new Set<string>();
  for (const [word] of withoutCitations(text.toLowerCase()).matchAll(/[\p{L}\p{N}][\p{L}\p{N}'’]*/gu)) {
    if (!EMPTY.has(word)) stems.add(stemmer(word));
  }
  return stems;
}

/** The share of `words` that are among `others`; 1 where there are none. */
export function shareIn(words: ReadonlySet<string>, others: ReadonlySet<string>): number {
  if (words.size === 0) return 1;
  let count = 0;
  for (const word of words) if (others.has(word)) count++;
  return count / words.size;
}

/** Numbers of evidence that a text cites, in their order. */
export function citationsIn(text: string): number[] {
  return Array.from(text.matchAll(/\[(\d{1,4}(?:\s?[,;]\s?\d{1,4})*)\]/g), ([, list]) => list.split(/[,;]/).map(Number))
    .flat();
}

/** Numbers of a text that are no citations. */
export function numbersIn(text: string): Set<string> {
  return new Set(
    Array.from(withoutCitations(text).matchAll(/\d+(?:[.,]\d+)?/g), ([number]) => number.replace(",", ".")),
  );
}
