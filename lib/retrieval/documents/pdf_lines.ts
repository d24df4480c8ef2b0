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
  let line: PdfLine | undefined;
  const finish = () => {
    // The dots that lead to a page's number in a table of contents.
    const text = line?.text.replace(/(?:\s?\.){5,}\s*/g, " … ").trim() ?? "";
    if (line !== undefined && text !== "") lines.push({ ...line, text });
    line = undefined;
  };
  for (const item of items) {
    if (item.str !== "") {
      const piece = placed(item, page);
      if (line !== undefined && Math.abs(piece.baseline - line.baseline) > line.fontSize / 2) finish();
      line = line === undefined ? piece : extended(line, piece);
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

function extended(line: PdfLine, piece: PdfLine): PdfLine {
  const gap = piece.left - line.right > 0.2 * piece.fontSize && !/\s$/.test(line.text) && !/^\s/.test(piece.text);
  // A line's font size is that of most of it, so that a first large letter makes no heading.
  const longer = piece.text.trim().length > line.text.trim().length;
  return {
    ...line,
    text: line.text + (gap ? " " : "") + piece.text,
    left: Math.min(line.left, piece.left),
    right: Math.max(line.right, piece.right),
    baseline: longer ? piece.baseline : line.baseline,
    fontSize: longer ? piece.fontSize : line.fontSize,
  };
}
