/** Sentences of what people and models write. */

/** A sentence and where it stands. */
export interface Sentence {
  /** Without white space around it. */
  text: string;
  /** Offset of its first character. */
  start: number;
  /** Offset after its last. */
  end: number;
}

/** A stop with what belongs to it, closing quotes and citations; or the end of a line. */
const END = /(?<![.!?…])[.!?…]+["'”’»)\]]*(?:[^\S\n]*\[\d{1,3}(?:\s?[,;]\s?\d{1,3})*\][.!?]?)*(?=\s|$)|\n+/g;
/** A full stop after these ends no sentence. */
const ABBREVIATION = /(?:^|[\s(])(?:Dr|Mr|Mrs|Ms|Prof|St|vs|approx|ca|e\.g|i\.e|No|\d{1,2})\.$/;

/**
 * The sentences of a text. A line's end is one too, as for the items of lists. Citations after a full stop belong to the sentence
 * before it. Takes time in proportion to the text.
 */
export function sentencesOf(text: string): Sentence[] {
  const sentences: Sentence[] = [];
  let from = 0;
  const close = (to: number) => {
    const part = text.slice(from, to);
    const trimmed = part.trim();
    if (trimmed !== "") {
      const start = from + part.length - part.trimStart().length;
      sentences.push({ text: trimmed, start, end: start + trimmed.length });
    }
    from = to;
  };
  for (const match of text.matchAll(END)) {
    const end = match.index + match[0].length;
    // Far enough back for every abbreviation; the number of a list's item counts only where it begins a sentence.
    const last = text.slice(Math.max(from, end - 9), end);
    if (match[0] === "." && end < text.length && ABBREVIATION.test(last)) {
      if (!/\d\.$/.test(last) || text.slice(from, end).trim().length < 4) continue;
    }
    close(end);
  }
  close(text.length);
  return sentences;
}
