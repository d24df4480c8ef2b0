/** The lines of a PDF page, put together from the pieces of text that are drawn on it. */

/** A piece of text as pdf.js gives it. */
export interface PdfTextItem {
  str: string;
  /** Matrix of the text: font size and direction in the first four, place in the last two. */
  transform: number[];
  width: number;
  hasEOL: boolean;
}

/** A line of text. Lengths are in the page's points. */
export interface PdfLine {
  text: string;
  page: number;
  /** Where it begins and ends along the line. */
  left: number;
  right: number;
  /** Height of its baseline above the page's bottom. */
  baseline: number;
  fontSize: number;
}

/**
 * Lines in the order in which they are drawn, which is the reading order in nearly all files, columns included. A
 * baseline that moves by less than half a letter is a superscript and stays in its line.
 */
export function pdfLines(items: readonly PdfTextItem[], page: number): PdfLine[] {
  const lines: PdfLine[] = [];
  let line: GrowingLine | undefined;
  const finish = () => {
    // The dots that lead to a page's number in a table of contents.
    const text = line?.parts.join("").replace(/(?:\s?\.){5,}\s*/g, " … ").trim() ?? "";
    if (line !== undefined && text !== "") lines.push({ ...line.place, text });
    line = undefined;
  };
  for (const item of items) {
    if (item.str !== "") {
      const piece = placed(item, page);
      if (line !== undefined && Math.abs(piece.baseline - line.place.baseline) > line.place.fontSize / 2) finish();
      line ??= { parts: [], length: 0, place: piece };
      extend(line, piece);
    }
    if (item.hasEOL) finish();
  }
  finish();
  return lines;
}

function placed({ str, transform, width }: PdfTextItem, page: number): PdfLine {
  const [a, b, c, d, x, y] = transform;
  // Text that runs up or down the page: its lines lie side by side.
  const turned = Math.abs(b) > Math.abs(a);
  const left = turned ? (b > 0 ? y : -y) : x;
  const baseline = turned ? (b > 0 ? -x : x) : y;
  return { text: str, page, left, right: left + width, baseline, fontSize: Math.hypot(c, d) || 1 };
}

/** A line that pieces are put to. A page may draw a hundred thousand into one, so that no step looks at the whole text. */
interface GrowingLine {
  parts: string[];
  /** Characters of the text, without white space before it. */
  length: number;
  place: PdfLine;
}

function extend(line: GrowingLine, piece: PdfLine): void {
  const { parts, length, place } = line;
  const before = parts.at(-1) ?? " ";
  if (piece.left - place.right > 0.2 * piece.fontSize && !/\s$/.test(before) && !/^\s/.test(piece.text)) {
    parts.push(" ");
  }
  parts.push(piece.text);
  // A line's font size is that of most of it, so that a first large letter makes no heading.
  const { baseline, fontSize } = piece.text.trim().length > length ? piece : place;
  const [left, right] = [Math.min(place.left, piece.left), Math.max(place.right, piece.right)];
  line.place = { ...place, left, right, baseline, fontSize };
  line.length += length === 0 ? piece.text.trim().length : piece.text.length;
}
