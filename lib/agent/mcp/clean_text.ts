/** Texts that a server writes about itself and its tools, before a model reads them. */

/** Line ends, and what steers terminals. */
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]/gu;
/** Characters that nobody sees: those that turn the direction of text, and tags in which a whole message can hide. */
const INVISIBLE = /\p{Cf}/gu;
/** Where a tag or a special token would begin. */
const TAG_START = /<(?=[\p{L}/|!?｜])/gu;
const UNCLEAN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|<(?=[\p{L}/|!?｜])/u;

/**
 * The text on one line, without invisible characters, and with a space where it could have closed the tags of a chat
 * template or written a special token. What is too long is cut between two words and ends in "...".
 *
 * @param maxLength UTF-16 units at most.
 */
export function cleanText(text: string, maxLength: number): string {
  const clean = text
    // What is far too long need not be read to its end.
    .slice(0, 4 * maxLength + 100)
    .toWellFormed()
    .replace(INVISIBLE, "")
    .replace(CONTROL, " ")
    .replace(TAG_START, "< ")
    .replace(/\s+/g, " ")
    .trim();
  if (clean.length <= maxLength) return clean;
  const beginning = clean.slice(0, Math.max(0, maxLength - 4));
  const lastSpace = beginning.lastIndexOf(" ");
  const cut = lastSpace > beginning.length / 2 ? beginning.slice(0, lastSpace) : beginning;
  return `${cut.toWellFormed()} ...`;
}

/** Whether a model may read the text as it is. */
export function isClean(text: string): boolean {
  return text.isWellFormed() && !UNCLEAN.test(text);
}
