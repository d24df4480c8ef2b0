/** The words of a text that carry meaning, in a form in which they can be compared. */
import { stemmer } from "stemmer";

/** English words that say little by themselves: articles, prepositions, pronouns, auxiliary and question words. */
const STOP_WORDS = new Set(
  ("a about after all also am an and any are as at be because been before being both but by can cannot could did do does doing " +
    "during each either every few for from had has have having he her here hers him his how i if in into is it its just " +
    "may me might more most much must my no nor not of off on once one only or other our out over own same shall she " +
    "should so some such than that the their them then there these they this those through to too under until up us very " +
    "was we were what when where which while who whom whose why will with would you your")
    .split(" "),
);

/**
 * The stems of a text's words (Porter 1980), each once: `infections` and `infected` are both `infect`. Stop words, and
 * single letters that an apostrophe leaves behind, are left out; numbers count as words. The rules are for
 * English; of other languages they cut some endings too, in question and passage alike.
 */
export function stemsOf(text: string): Set<string> {
  const words = text.normalize("NFKC").toLowerCase().replace(/(\p{L})['’](?:s|t|d|m|ll|re|ve)(?!\p{L})/gu, "$1")
    .match(/[\p{L}\p{N}]+/gu) ?? [];
  return new Set(words.filter((word) => !STOP_WORDS.has(word)).map((word) => stemmer(word)));
}
