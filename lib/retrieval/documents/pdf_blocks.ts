/** Headings and paragraphs from the lines of a PDF, which knows neither. */
import type { BlockDraft } from "./build_document.ts";
import type { PdfLine } from "./pdf_lines.ts";

/** @param pages the lines of each page */
export function pdfBlocks(pages: readonly (readonly PdfLine[])[]): BlockDraft[] {
  const lines = withoutRunningHeads(pages);
  if (lines.length === 0) return [];
  const look = lookOf(lines);
  const blocks: BlockDraft[] = [];
  let group: PdfLine[] = [];
  // Kept as the lines come: a table may make a group of a whole book's lines.
  let widest = -Infinity;
  const finish = () => {
    if (group.length > 0) blocks.push(blockOf(group, look));
    group = [];
    widest = -Infinity;
  };
  for (const line of lines) {
    if (group.length > 0 && startsBlock(group[group.length - 1], widest, line, look)) finish();
    group.push(line);
    widest = Math.max(widest, line.right);
  }
  finish();
  return blocks;
}

/** How the document is set. */
interface Look {
  /** The font size of most characters. */
  bodySize: number;
  /** Sizes of headings, the largest first. */
  headingSizes: number[];
  /** The usual distance of baselines in the body. */
  leading: number;
  /** Compounds that stand within lines, such as `well-known`: their hyphens stay at line ends too. */
  compounds: Set<string>;
}

function lookOf(lines: readonly PdfLine[]): Look {
  const bodySize = mostOf(lines.map((line) => [rounded(line.fontSize), line.text.length]));
  const large = lines.filter((line) => line.fontSize >= 1.15 * bodySize && line.text.length <= 200);
  const gaps = lines.slice(1).flatMap((line, index): [number, number][] => {
    const gap = lines[index].baseline - line.baseline;
    const inBody = rounded(line.fontSize) === bodySize && rounded(lines[index].fontSize) === bodySize;
    return inBody && lines[index].page === line.page && gap > 0 && gap < 3 * bodySize ? [[rounded(gap), 1]] : [];
  });
  return {
    bodySize,
    headingSizes: [...new Set(large.map((line) => rounded(line.fontSize)))].sort((a, b) => b - a),
    leading: gaps.length === 0 ? 1.2 * bodySize : mostOf(gaps),
    compounds: new Set(lines.flatMap((line) => line.text.toLowerCase().match(/\p{L}+-\p{L}+/gu) ?? [])),
  };
}

/** Font sizes that differ by less than a quarter point are the same. */
function rounded(points: number): number {
  return Math.round(points * 2) / 2;
}

function mostOf(weighted: readonly [value: number, weight: number][]): number {
  const sums = new Map<number, number>();
  for (const [value, weight] of weighted) sums.set(value, (sums.get(value) ?? 0) + weight);
  return [...sums].reduce((best, entry) => entry[1] > best[1] ? entry : best)[0];
}

function isHeading(line: PdfLine, look: Look): boolean {
  const large = line.fontSize >= 1.15 * look.bodySize && line.text.length <= 200;
  // A line of a table of contents is no heading.
  return large && /\p{L}/u.test(line.text) && !/ … [\divxlc]*$/.test(line.text);
}

/**
 * Whether a line begins a new block.
 *
 * @param last the line before it
 * @param widest the right edge of the block so far
 */
function startsBlock(last: PdfLine, widest: number, line: PdfLine, look: Look): boolean {
  if (isHeading(last, look) || isHeading(line, look)) {
    const sameHeading = rounded(last.fontSize) === rounded(line.fontSize) && last.page === line.page &&
      Math.abs(last.baseline - line.baseline) < 1.8 * line.fontSize;
    return !sameHeading;
  }
  if (/^(?:[•‣◦▪●·–*]\s|\(?\d{1,3}[.)]\s)/u.test(line.text)) return true;
  const ended = /[.!?:。！？]["'”’)\]]*$/u.test(last.text);
  const gap = last.baseline - line.baseline;
  // The next page or column: a sentence goes on.
  if (last.page !== line.page || gap < -look.bodySize) return ended;
  if (gap > 1.35 * look.leading) return true;
  if (!ended) return false;
  const indented = line.left - last.left > 0.7 * line.fontSize;
  return indented || last.right < widest - 3 * line.fontSize;
}

function blockOf(group: readonly PdfLine[], look: Look): BlockDraft {
  const [{ page, fontSize }] = group;
  const text = joined(group.map((line) => line.text), look.compounds);
  if (!isHeading(group[0], look)) return { kind: "paragraph", text, page };
  const level = Math.min(6, look.headingSizes.indexOf(rounded(fontSize)) + 1) || 6;
  return { kind: "heading", level, text, page };
}

/** Lines in one: a hyphen at the end of one goes where it only divides a word. */
function joined(lines: readonly string[], compounds: ReadonlySet<string>): string {
  const parts: string[] = [];
  let end = "";
  for (const line of lines) {
    const divided = /(\p{L}+)[-\u00ad\u2010]$/u.exec(end);
    const rest = /^\p{Ll}+/u.exec(line);
    if (divided === null || rest === null) {
      if (parts.length > 0) parts.push(" ");
    } else if (!compounds.has(`${divided[1]}-${rest[0]}`.toLowerCase())) {
      parts.push(parts.pop()!.slice(0, -1));
    }
    parts.push(line);
    end = (end + line).slice(-LONGEST_WORD);
  }
  return parts.join("");
}

/** Characters at the end of a text that are looked at for a divided word. */
const LONGEST_WORD = 50;

/**
 * Small lines at the top or bottom that come again at the same height on many pages, but for their numbers, are no part of
 * the text, if a gap parts them from it: the rows of a table that goes over pages look like that too.
 */
function withoutRunningHeads(pages: readonly (readonly PdfLine[])[]): PdfLine[] {
  const all = pages.flat();
  if (all.length === 0) return [];
  const { bodySize, leading } = lookOf(all);
  const signOf = (line: PdfLine) => `${Math.round(line.baseline)} ${line.text.replace(/\d+/g, "#").toLowerCase()}`;
  const counts = new Map<string, number>();
  const atEdges = pages.map((lines) => {
    const byHeight = [...lines].sort((a, b) => b.baseline - a.baseline);
    const edges = [...edgeOf(byHeight, 1.35 * leading), ...edgeOf(byHeight.reverse(), 1.35 * leading)]
      .filter((line) => line.fontSize < 1.15 * bodySize);
    for (const sign of new Set(edges.map(signOf))) counts.set(sign, (counts.get(sign) ?? 0) + 1);
    return new Set(edges);
  });
  const many = Math.max(3, 0.4 * pages.length);
  return pages.flatMap((lines, index) => {
    const kept = lines.filter((line) => !(atEdges[index].has(line) && (counts.get(signOf(line)) ?? 0) >= many));
    // A page of nothing else is a slide, or a form.
    return kept.length > 0 ? kept : lines;
  });
}

/** Lines at the edge of a page, at most two heights of them, up to the first gap; none where there is no such gap. */
function edgeOf(byHeight: readonly PdfLine[], gap: number): readonly PdfLine[] {
  let heights = 0;
  for (let index = 1; index < byHeight.length; index++) {
    const step = Math.abs(byHeight[index].baseline - byHeight[index - 1].baseline);
    if (step > gap) return byHeight.slice(0, index);
    if (step > 1 && ++heights === 2) return [];
  }
  return [];
}
