/** Text without what a reader cannot see. */

/**
 * Line ends become `\n`; what has no width or meaning in plain text goes: control characters, halves of surrogate pairs,
 * soft hyphens, byte order marks, and the marks that turn the direction of text or hide letters in tag characters (both
 * are used to show a person one text and a language model another). Joiners stay, since emoji and some scripts need them. Then
 * Unicode's NFC: accents become one with their letters, and nothing else changes (NFKC would turn `x²` into `x2`).
 */
export function cleanText(text: string): string {
  return text
    .replace(/\r\n?|[\v\f\u0085\u2028\u2029]/g, "\n")
    .replace(INVISIBLE, "")
    .normalize("NFC");
}

const INVISIBLE =
  /(?![\t\n])[\p{Cc}\p{Surrogate}\p{Noncharacter_Code_Point}\u{ad}\u{200b}\u{200e}\u{200f}\u{202a}-\u{202e}\u{2060}\u{2066}-\u{2069}\u{feff}\u{e0000}-\u{e007f}]/gu;

/** One line: white space of any kind and length becomes a space. */
export function cleanLine(text: string): string {
  return cleanText(text).replace(/\s+/g, " ").trim();
}

/** Running text: one space between words; line breaks stay, blank lines do not. */
export function cleanProse(text: string): string {
  return cleanText(text).replace(/[^\S\n]+/g, " ").replace(/ ?\n[ \n]*/g, "\n").trim();
}

/** Lines whose indentation matters: only what stands after the last character of a line or of the text goes, and blank lines before. */
export function cleanLines(text: string): string {
  const lines = cleanText(text).split("\n").map((line) => line.trimEnd());
  const first = lines.findIndex((line) => line !== "");
  return first < 0 ? "" : lines.slice(first).join("\n").trimEnd();
}

/** The first `length` characters, whole ones, with `...` where more followed. */
export function shorten(text: string, length: number): string {
  if (text.length <= length) return text;
  return text.slice(0, length - 3).replace(/\p{Surrogate}$/u, "").trimEnd() + "...";
}
