/** Where sentences end. */

const CITATIONS = String.raw`(?:\s*\[\d{1,3}(?:\s*[,;]\s*\d{1,3})*\])*`;
const END = new RegExp(
  String.raw`(?<![.!?…])[.!?…]+["'”’»)\]]*${CITATIONS}(?=\s|$)` +
    // Scripts that put no space after a sentence.
    String.raw`|[。！？]+[」』”’）]*${CITATIONS}` +
    // A blank line.
    String.raw`|(?=\n[^\S\n]*\n)`,
  "gu",
);
/** A full stop after these ends no sentence: titles, Latin, initials. */
const ABBREVIATION = /(?<![\p{L}\p{N}])(?:\p{Lu}|Dr|Drs|Mr|Mrs|Ms|Prof|St|Jr|Sr|vs|cf|al|approx|ca|e\.g|i\.e)\.$/u;
/** Nor after these, before a number; nor after the number of a list's item. */
const BEFORE_NUMBER = /(?<![\p{L}\p{N}])(?:No|Nos|Fig|Figs|Eq|Vol|pp?|Sec|Ch)\.$/iu;
const ITEM_NUMBER = /^\s*\d{1,3}\.$/;

/** A part of a text. */
export interface Span {
  /** Offset of its first character. */
  start: number;
  /** Offset after its last. */
  end: number;
}

/**
 * The sentences of a text, without white space around them. A blank line ends one too; other line ends do not.
 * Citations that follow a full stop belong to the sentence before it.
 */
export function sentencesOf(text: string): Span[] {
  const sentences: Span[] = [];
  let start = 0;
  const close = (end: number) => {
    const from = start + (text.slice(start, end).length - text.slice(start, end).trimStart().length);
    const to = start + text.slice(start, end).trimEnd().length;
    if (from < to) sentences.push({ start: from, end: to });
    start = end;
  };
  for (const match of text.matchAll(END)) {
    const end = match.index + match[0].length;
    if (end <= start) continue;
    if (match[0] === "." && isNoEnd(text.slice(start, end), text.slice(end, end + 8))) continue;
    close(end);
  }
  close(text.length);
  return sentences;
}

function isNoEnd(sentence: string, next: string): boolean {
  // Far enough back for every abbreviation.
  const last = sentence.slice(-12);
  if (ITEM_NUMBER.test(sentence)) return true;
  if (/^\s*\d/.test(next) && BEFORE_NUMBER.test(last)) return true;
  return next.trim() !== "" && ABBREVIATION.test(last);
}
