/** Finding a quote in the text that it is said to come from. */
import type { Span } from "./sentences.ts";

/** Where a quote stands. */
export interface FoundQuote extends Span {
  /** Whether it stands there to the letter; else white space, quotation marks, dashes or ligatures differ. */
  isExact: boolean;
}

const VARIANTS: readonly (readonly [string, string])[] = [
  // Quotes within quotes change from double to single, so all of them are one.
  ["'", "\"'`´‘’‚‛′ʼ“”„‟″«»＂＇"],
  ["-", "‐‑‒–—―−﹣－"],
  ["...", "…"],
  ["ff", "ﬀ"],
  ["fi", "ﬁ"],
  ["fl", "ﬂ"],
  ["ffi", "ﬃ"],
  ["ffl", "ﬄ"],
  // As the prompt shows what could be a tag or a citation.
  ["<", "‹＜﹤"],
  [">", "›＞﹥"],
  ["(", "["],
  [")", "]"],
];
const FOLDED = new Map(VARIANTS.flatMap(([to, variants]) => Array.from(variants, (from) => [from, to] as const)));

/**
 * Finds words in a text: to the letter, else with white space and typographic variants (quotation marks, dashes,
 * ellipses, ligatures, composed accents, invisible characters) taken as the same. Capitals count. Half a word is not
 * found.
 *
 * @returns The first place, as offsets in `text`; null where the words do not stand there, or are none.
 */
export function findQuote(text: string, quote: string): FoundQuote | null {
  const words = quote.trim();
  if (!/[\p{L}\p{N}]/u.test(words)) return null;
  const exact = wholeWords(text, words);
  if (exact >= 0) return { start: exact, end: exact + words.length, isExact: true };
  const [where, what] = [fold(text), fold(words)];
  const needle = what.text.trim();
  const at = needle === "" ? -1 : wholeWords(where.text, needle);
  if (at < 0) return null;
  return { start: where.places[at].start, end: where.places[at + needle.length - 1].end, isExact: false };
}

/** The first place of `words` in `text` where they begin and end with words; -1 for none. */
function wholeWords(text: string, words: string): number {
  for (let at = text.indexOf(words); at >= 0; at = text.indexOf(words, at + 1)) {
    if (isBoundary(text, at) && isBoundary(text, at + words.length)) return at;
  }
  return -1;
}

function isBoundary(text: string, at: number): boolean {
  return !/^[\p{L}\p{N}\p{M}]{2}$/u.test(lastCharacter(text.slice(Math.max(0, at - 2), at)) + firstCharacter(text, at));
}

function firstCharacter(text: string, at: number): string {
  return at < text.length ? String.fromCodePoint(text.codePointAt(at)!) : "";
}

function lastCharacter(text: string): string {
  return Array.from(text).at(-1) ?? "";
}

/** A text with its variants folded, and for each of its UTF-16 units the part of the original that it stands for. */
function fold(text: string): { text: string; places: Span[] } {
  const places: Span[] = [];
  let folded = "";
  // A letter with the accents that follow it is one.
  for (const match of text.matchAll(/\P{M}\p{M}*|\p{M}+/gu)) {
    const [cluster] = match;
    let value = cluster.replace(/\p{Default_Ignorable_Code_Point}/gu, "").normalize("NFC");
    value = FOLDED.get(value) ?? value;
    if (/^[\s\p{Cc}]$/u.test(value)) value = folded.endsWith(" ") ? "" : " ";
    folded += value;
    for (let unit = 0; unit < value.length; unit++) {
      places.push({ start: match.index, end: match.index + cluster.length });
    }
  }
  return { text: folded, places };
}
