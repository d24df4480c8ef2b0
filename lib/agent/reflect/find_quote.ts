/** Where a critique's quote stands in the draft. */
import { sentencesOf } from "../safety/mod.ts";
import { wordsOf } from "./content_words.ts";

/** The least likeness of a sentence to a quote that is not to the letter, and how far ahead of the next it has to be. */
const [LEAST_LIKENESS, LEAST_LEAD] = [0.6, 0.1];

/**
 * The words of the draft that a quote means: itself where it stands there, but for capitals and white space, else the sentence that is
 * nearly the same: models make slips in rare names. Null where the draft says nothing like it.
 */
export function quoteInDraft(quote: string, draft: string): string | null {
  const wanted = quote.trim().replace(/^["'“”‘’]+|["'“”‘’]+$/g, "").trim();
  if (wanted === "") return null;
  const words = wanted.split(/\s+/).slice(0, 200).map((word) => RegExp.escape(word));
  const exact = new RegExp(words.join("\\s+"), "i").exec(draft);
  // A word or two may stand anywhere.
  if (exact !== null && (words.length > 1 || exact[0].length > 3)) return exact[0];
  const said = new Set(wordsOf(wanted));
  if (said.size < 2) return null;
  const ranked = sentencesOf(draft).map(({ text }) => ({ text, likeness: likeness(said, new Set(wordsOf(text))) }))
    .sort((a, b) => b.likeness - a.likeness);
  if (ranked.length === 0 || ranked[0].likeness < LEAST_LIKENESS) return null;
  return ranked.length > 1 && ranked[0].likeness - ranked[1].likeness < LEAST_LEAD ? null : ranked[0].text;
}

/** Dice's coefficient: 1 where the sets are the same. */
function likeness(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let common = 0;
  for (const word of a) if (b.has(word)) common++;
  return a.size + b.size === 0 ? 0 : 2 * common / (a.size + b.size);
}

/** The whole sentences of the draft that a quote touches. */
export function sentencesOfQuote(quote: string, draft: string): string[] {
  const at = draft.indexOf(quote);
  if (at < 0) return [];
  return sentencesOf(draft).filter(({ start, end }) => start < at + quote.length && at < end).map(({ text }) => text);
}
