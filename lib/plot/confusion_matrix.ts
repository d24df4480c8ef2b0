import * as Plot from "@observablehq/plot";
import { formatNumber } from "./axes.ts";
import { type ChartOptions, drawFigure, emptyFigure, roomForParts } from "./render.ts";
import type { SvgString } from "./svg.ts";
import { ellipsizeName, textWidth, wrap } from "./text.ts";
import { theme } from "./theme.ts";

/** Cases counted by what they are and what they were taken for, as `confusion` of lib/agent gives them. */
export interface ConfusionCounts {
  /** The classes, those of rows and columns alike. */
  labels: readonly string[];
  /** [truth][prediction] */
  counts: readonly (readonly number[])[];
}

/** Options of `confusionMatrix`. */
export interface ConfusionMatrixOptions extends ChartOptions {
  /** Default: 640 pixels, more where there are many classes. */
  width?: number;
  /** Default: as high as the rows need to be read. */
  height?: number;
  /** What rows are. Default "truth". */
  yLabel?: string;
  /** What columns are. Default "prediction". */
  xLabel?: string;
}

interface Cell {
  row: number;
  column: number;
  count: number;
  /** Of the row's cases. */
  share: number;
}

const { colors, sizes, ramp } = theme;
/** Pixels of a line of words, and of a gap between words and what is next to them. */
const LINE = 14.5;
const GAP = 8;
/** Sizes in pixels that a cell has when none are asked for: few classes get roomy ones. */
const ROOMY = 48;
const DENSE = 34;
const NARROWEST = 42;
const ROOMY_CLASSES = 8;
/** From this colour of the ramp on, words are white. */
const DARK = 4;

/**
 * What was taken for what: a row for each true class, a column for each prediction, cells with their count and their
 * share of the row, darker where the share is larger; the diagonal, which is right, is framed. Where names of columns
 * would not fit, classes are numbered and the numbers stand below.
 *
 * ```ts
 * confusionMatrix({ labels: ["math", "medical", "none"], counts: [[57, 0, 3], [1, 56, 3], [0, 2, 58]] });
 * ```
 *
 * @throws {RangeError} when there is not a count from 0 for each pair of classes
 */
export function confusionMatrix(
  { labels, counts }: ConfusionCounts,
  options: ConfusionMatrixOptions = {},
): SvgString {
  checkCounts(labels, counts);
  const { title = "Confusion matrix", subtitle, xLabel = "prediction", yLabel = "truth" } = options;
  const isRoomy = labels.length <= ROOMY_CLASSES;
  const longest = Math.max(0, ...labels.map((label) => textWidth(label, sizes.small)));
  const width = options.width ??
    Math.max(theme.chart.width, Math.min(longest, 200) + labels.length * NARROWEST + 2 * theme.chart.padding + 40);
  const total = sum(counts.flat());
  const frame = { title, subtitle, width };
  if (total === 0) return emptyFigure({ ...frame, height: options.height ?? theme.chart.height }, "no data yet");

  const right = sum(counts.map((row, at) => row[at]));
  const head = {
    ...frame,
    note: `${formatNumber(total)} cases, ${percentage(right / total, 1)} right`,
    legend: options.legend === false ? [] : [{ label: "0 to 100% of the row", color: ramp[0], shape: "ramp" as const }],
  };
  const [marginTop, marginRight] = [22, 6];
  const inner = width - 2 * theme.chart.padding;
  const { marginLeft, cellWidth, columnNames } = placeColumns(labels, inner - marginRight);
  const marginBottom = 10 + LINE * (1 + Math.max(1, ...(columnNames ?? []).map((lines) => lines.length)));
  // What stands above the matrix takes as much in a drawing of any height.
  const above = 4000 - roomForParts({ ...head, height: 4000 });
  const height = options.height ??
    Math.ceil(above + marginTop + marginBottom + labels.length * (isRoomy ? ROOMY : DENSE));
  const room = Math.max(40, roomForParts({ ...head, height })) - marginTop - marginBottom;
  const cellHeight = Math.max(0, room) / labels.length;
  const cells = cellsOf(counts);
  return drawFigure({
    ...head,
    height,
    parts: [{
      valueLabel: yLabel,
      baseLabel: xLabel,
      options: {
        marginLeft,
        marginRight,
        marginTop,
        marginBottom,
        x: { domain: [0, labels.length], axis: null },
        y: { domain: [labels.length, 0], axis: null },
        marks: [
          Plot.rect([0], { x1: 0, x2: labels.length, y1: 0, y2: labels.length, fill: colors.canvas }),
          Plot.rect(cells.filter(({ count }) => count > 0), {
            ...square(0),
            fill: ({ share }: Cell) => ramp[shadeOf(share)],
            title: ({ row, column, count, share }: Cell) =>
              `${labels[row]} as ${labels[column]}: ${count} (${percentage(share, 1)})`,
          }),
          Plot.ruleX(inside(labels.length), { stroke: colors.background, strokeWidth: 2 }),
          Plot.ruleY(inside(labels.length), { stroke: colors.background, strokeWidth: 2 }),
          Plot.rect(cells.filter(({ row, column }) => row === column), {
            ...square(1),
            fill: "none",
            stroke: colors.ink,
            strokeWidth: theme.strokes.thin,
          }),
          ...wordsInCells(cells, cellWidth, cellHeight, isRoomy),
          Plot.text(namesOfRows(labels, marginLeft - GAP, cellHeight, columnNames === null), {
            x: 0,
            y: (_: unknown, row: number) => row + 0.5,
            text: (lines: string[]) => lines.join("\n"),
            lineHeight: LINE / sizes.small,
            textAnchor: "end",
            dx: -GAP,
            fontSize: sizes.small,
            fill: colors.ink,
          }),
          Plot.text(columnNames ?? numbersOfColumns(labels, cellWidth), {
            x: (_: unknown, column: number) => column + 0.5,
            y: labels.length,
            text: (lines: string[]) => lines.join("\n"),
            lineHeight: LINE / sizes.small,
            lineAnchor: "top",
            dy: 6,
            fontSize: sizes.small,
            fill: colors.ink,
          }),
        ],
      },
    }],
  });
}

function checkCounts(labels: readonly string[], counts: readonly (readonly number[])[]): void {
  const wrong = (problem: string) =>
    new RangeError(`A confusion matrix of ${labels.length} classes needs as many rows of as many counts; ${problem}.`);
  if (counts.length !== labels.length) throw wrong(`it has ${counts.length} rows`);
  for (const [row, values] of counts.entries()) {
    if (values.length !== labels.length) throw wrong(`row "${labels[row]}" has ${values.length}`);
    const count = values.find((value) => !(value >= 0 && Number.isFinite(value)));
    if (count !== undefined) throw wrong(`row "${labels[row]}" has the count ${count}`);
  }
}

function cellsOf(counts: readonly (readonly number[])[]): Cell[] {
  return counts.flatMap((values, row) => {
    const total = sum(values);
    return values.map((count, column) => ({ row, column, count, share: total === 0 ? 0 : count / total }));
  });
}

/** Channels of a mark that fills a cell but for some pixels at its edges. */
function square(inset: number) {
  return {
    x1: "column",
    x2: ({ column }: Cell) => column + 1,
    y1: "row",
    y2: ({ row }: Cell) => row + 1,
    inset,
  };
}

/** Count and share where both fit into every cell, the count alone where only it does, nothing where it does not. */
function wordsInCells(cells: readonly Cell[], width: number, height: number, zeros: boolean): Plot.Markish[] {
  const filled = cells.filter(({ count }) => count > 0 || zeros);
  const countOf = ({ count }: Cell) => formatNumber(count);
  // Whole percent keep every cell narrow; a share that is not quite nothing must not read as nothing.
  const shareOf = ({ share, count }: Cell) => count > 0 && share < 0.01 ? "<1%" : percentage(share, 0);
  const fits = (text: (cell: Cell) => string, weight: "bold" | "normal") =>
    filled.every((cell) => textWidth(text(cell), sizes.small, weight) <= width - 4);
  if (height < LINE || !fits(countOf, "bold")) return [];
  const both = height >= 2 * LINE + 2 && fits(shareOf, "normal");
  const at = { x: ({ column }: Cell) => column + 0.5, y: ({ row }: Cell) => row + 0.5, fontSize: sizes.small };
  const ink = ({ share }: Cell) => shadeOf(share) >= DARK ? colors.background : colors.ink;
  const some = filled.filter(({ count }) => count > 0);
  const marks = [
    Plot.text(filled.filter(({ count }) => count === 0), { ...at, text: countOf, fill: colors.muted }),
    Plot.text(some, { ...at, text: countOf, fontWeight: "bold", fill: ink, dy: both ? -LINE / 2 : 0 }),
  ];
  return both ? [...marks, Plot.text(some, { ...at, text: shareOf, fill: ink, dy: LINE / 2 })] : marks;
}

/**
 * Room beside and below the matrix: names of the columns in at most two lines, or null where one of them would have to
 * be cut, so that the classes are numbered.
 */
function placeColumns(
  labels: readonly string[],
  width: number,
): { marginLeft: number; cellWidth: number; columnNames: string[][] | null } {
  const most = Math.max(24, 0.3 * width);
  const longest = Math.max(...labels.map((label) => textWidth(label, sizes.small)));
  const place = (numbers: number) => {
    const marginLeft = GAP + Math.ceil(Math.min(most, numbers + longest));
    return { marginLeft, cellWidth: (width - marginLeft) / labels.length };
  };
  const named = place(0);
  const names = labels.map((label) => wrap(label, named.cellWidth - GAP, sizes.small, 2));
  const isWhole = names.every((lines, at) => lines.join(" ") === labels[at].trim().replace(/\s+/g, " "));
  return isWhole ? { ...named, columnNames: names } : { ...place(numberWidth(labels)), columnNames: null };
}

/** Names beside the rows; where rows are too low for words, not beside each. */
function namesOfRows(labels: readonly string[], width: number, cellHeight: number, numbered: boolean): string[][] {
  const every = cellsFor(LINE, cellHeight);
  return labels.map((label, row) => {
    if (row % every > 0) return [];
    const number = numbered ? `${row + 1} ` : "";
    const room = width - textWidth(number, sizes.small);
    const lines = wrap(label, room, sizes.small, cellHeight >= 2 * LINE + 2 ? 2 : 1);
    const [first, ...more] = lines.length > 1 ? lines : [ellipsizeName(label, room, sizes.small)];
    return [number + first, ...more];
  });
}

function numbersOfColumns(labels: readonly string[], cellWidth: number): string[][] {
  const every = cellsFor(numberWidth(labels), cellWidth);
  return labels.map((_, column) => column % every === 0 ? [String(column + 1)] : []);
}

/** How many cells a text of a size needs for itself. */
function cellsFor(size: number, cell: number): number {
  return Math.max(1, Math.ceil(size / Math.max(0.1, cell)));
}

/** Pixels of the widest number of a class with a space. */
function numberWidth(labels: readonly string[]): number {
  return textWidth(`${labels.length} `, sizes.small);
}

function inside(classes: number): number[] {
  return Array.from({ length: Math.max(0, classes - 1) }, (_, at) => at + 1);
}

function shadeOf(share: number): number {
  return Math.min(ramp.length - 1, Math.floor(share * ramp.length));
}

function percentage(share: number, decimals: number): string {
  return `${(share * 100).toFixed(decimals)}%`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
