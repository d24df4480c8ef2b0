// @ts-check
/// <reference lib="dom" />
/** Text with some of its words marked. */
import { element } from "./dom.js";

/** @import { Span } from "./contract.ts" */

/**
 * A text cut at its spans. Spans may overlap, touch, stand in any order or reach beyond the text.
 *
 * @param {string} text
 * @param {readonly Span[]} spans
 * @returns {{ text: string, isMarked: boolean }[]} no piece is empty; together they are the text
 */
export function cutAtSpans(text, spans) {
  const pieces = [];
  let at = 0;
  let marked = 0;
  for (const { start, end } of [...spans].sort((a, b) => a.start - b.start || a.end - b.end)) {
    const from = Math.max(Math.min(start, text.length), marked);
    const to = Math.min(end, text.length);
    if (!(to > from)) continue;
    if (from > at) pieces.push({ text: text.slice(at, from), isMarked: false });
    const last = pieces.at(-1);
    // Spans that touch are one mark.
    if (last?.isMarked) last.text += text.slice(from, to);
    else pieces.push({ text: text.slice(from, to), isMarked: true });
    at = marked = to;
  }
  if (at < text.length) pieces.push({ text: text.slice(at), isMarked: false });
  return pieces;
}

/**
 * The same as nodes.
 *
 * @param {string} text
 * @param {readonly Span[]} spans
 * @returns {(HTMLElement | string)[]}
 */
export function markedText(text, spans) {
  return cutAtSpans(text, spans).map((piece) => piece.isMarked ? element("mark", {}, piece.text) : piece.text);
}
