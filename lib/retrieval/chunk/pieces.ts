/** A document in the pieces that chunks are packed from: sentences, lines, and parts of those that are too long. */
import type { DocumentBlock, SourceDocument } from "../documents/mod.ts";

/** A stretch of the document's text that begins and ends with a character that is no white space. */
export interface Piece {
  start: number;
  end: number;
  /** Tokens of its text, without those that stand around every text. */
  tokens: number;
}

/** Blocks that stand under the same heading, with the headings that lead to it. */
export interface Section {
  /** The path of its last heading. */
  headings: string[];
  blocks: DocumentBlock[];
}

/** The sections in order: one begins at each heading that follows a block that is none. */
export function sectionsOf(document: SourceDocument): Section[] {
  const sections: Section[] = [];
  let before: DocumentBlock["kind"] | undefined;
  for (const block of document.blocks) {
    if (before === undefined || (block.kind === "heading" && before !== "heading")) {
      sections.push({ headings: block.headings, blocks: [] });
    }
    const section = sections[sections.length - 1];
    section.headings = block.headings;
    section.blocks.push(block);
    before = block.kind;
  }
  return sections;
}

/**
 * Cuts a block. Tables, code and lists into lines, everything else into sentences; what has more tokens than `room` is cut
 * on, between words where it has any and else between characters as people count them (an emoji of several code points is one).
 *
 * @param count tokens of a text, without those around it
 */
export function piecesOf(
  document: SourceDocument,
  block: DocumentBlock,
  room: number,
  count: (text: string) => number,
): Piece[] {
  const ranges = block.kind === "paragraph" || block.kind === "quote"
    ? sentences(document, block)
    : lines(document.text, block);
  return ranges.flatMap(({ start, end }) => fitting(document.text, start, end, room, count));
}

interface Range {
  start: number;
  end: number;
}

function sentences({ text, metadata }: SourceDocument, block: DocumentBlock): Range[] {
  const segmenter = sentenceSegmenter(metadata.language);
  const ranges: Range[] = [];
  for (const { index, segment } of segmenter.segment(text.slice(block.start, block.end))) {
    pushTrimmed(ranges, text, block.start + index, block.start + index + segment.length);
  }
  return ranges;
}

function lines(text: string, block: DocumentBlock): Range[] {
  const ranges: Range[] = [];
  for (let start = block.start; start < block.end;) {
    const found = text.indexOf("\n", start);
    const end = found < 0 || found > block.end ? block.end : found;
    pushTrimmed(ranges, text, start, end);
    start = end + 1;
  }
  return ranges;
}

function pushTrimmed(ranges: Range[], text: string, start: number, end: number): void {
  const segment = text.slice(start, end);
  const trimmed = segment.trim();
  if (trimmed === "") return;
  const from = start + segment.length - segment.trimStart().length;
  ranges.push({ start: from, end: from + trimmed.length });
}

/**
 * The piece from `start` to `end`, cut in parts of about the same length until each has at most `room` tokens. A single code
 * point is never cut.
 */
export function fitting(
  text: string,
  start: number,
  end: number,
  room: number,
  count: (text: string) => number,
): Piece[] {
  let parts = Math.ceil((end - start) / LONGEST_ASKED);
  if (parts === 1) {
    const tokens = count(text.slice(start, end));
    if (tokens <= room || codePointEnd(text, start) >= end) return [{ start, end, tokens }];
    parts = Math.max(2, Math.ceil(tokens / room));
  }
  const ranges: Range[] = [];
  let from = start;
  for (let left = parts; left > 1 && from < end; left--) {
    const cut = boundaryNear(text, from, end, from + Math.ceil((end - from) / left));
    pushTrimmed(ranges, text, from, cut);
    from = cut;
  }
  pushTrimmed(ranges, text, from, end);
  return ranges.flatMap((range) => fitting(text, range.start, range.end, room, count));
}

/** Of longer texts the tokens are not asked: the time of tokenizers grows with the square of a word's length. */
const LONGEST_ASKED = 1000;

/** How far around a place a boundary is looked for, in UTF-16 units. */
const REACH = 64;

/**
 * The last boundary of words at or before `target`, else of characters, else of code points: a word or an accented letter may
 * be endless. After `from` and before `end`.
 */
function boundaryNear(text: string, from: number, end: number, target: number): number {
  const windowStart = Math.max(from, target - REACH);
  const window = text.slice(windowStart, Math.min(end, target + REACH));
  for (const segmenter of [words, characters]) {
    const segment = segmenter.segment(window).containing(target - windowStart);
    if (segment === undefined || target - windowStart - segment.index >= REACH / 2) continue;
    if (segment.index > 0) return windowStart + segment.index;
    // It begins where the piece does: all of it, where more follows.
    const after = windowStart + segment.segment.length;
    if (windowStart === from && segment.segment.length < REACH / 2 && after < end) return after;
  }
  const first = codePointEnd(text, from);
  const inPair = /[\udc00-\udfff]/.test(text[target] ?? "");
  return Math.max(first, Math.min(target, end - 1) - (inPair ? 1 : 0));
}

function codePointEnd(text: string, at: number): number {
  return at + ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1);
}

const words = new Intl.Segmenter("en", { granularity: "word" });
const characters = new Intl.Segmenter("en", { granularity: "grapheme" });
const sentenceSegmenters = new Map<string, Intl.Segmenter>();

/** For the document's language, where it is one. */
function sentenceSegmenter(language = "en"): Intl.Segmenter {
  const known = sentenceSegmenters.get(language);
  if (known !== undefined) return known;
  let segmenter: Intl.Segmenter;
  try {
    segmenter = new Intl.Segmenter(language, { granularity: "sentence" });
  } catch {
    segmenter = new Intl.Segmenter("en", { granularity: "sentence" });
  }
  if (sentenceSegmenters.size < 100) sentenceSegmenters.set(language, segmenter);
  return segmenter;
}
