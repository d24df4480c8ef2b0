import {
  bottomAxisMarks,
  leftAxisMarks,
  referenceLine,
  robustRange,
  type ValueAxis,
  valueAxis,
  zeroLine,
} from "./axes.ts";
import { endLabels } from "./end_labels.ts";
import type { LegendEntry } from "./header.ts";
import { bandEntries, latestNote, lineEntries } from "./legend.ts";
import { type DrawnLine, type Line, prepareLine } from "./line.ts";
import { bandMarks, beyondMarks, pathMarks, rawMarks } from "./line_marks.ts";
import { aboveZero, logAxis } from "./log_axis.ts";
import type { Along } from "./points.ts";
import { type ChartOptions, drawFigure, emptyFigure, type FigurePart, roomForParts } from "./render.ts";
import type { SvgString } from "./svg.ts";
import { theme } from "./theme.ts";
import { xAxisOf } from "./x_axis.ts";

/** Options of every chart of metrics along the horizontal axis. */
export interface CurveOptions extends ChartOptions {
  /**
   * Weight of the exponential moving average, from 0 (none) to below 1; about the last `1 / (1 - smoothing)` steps
   * count. By default it grows with the root of the number of points: 4 steps count of 50, 60 of 10,000.
   */
  smoothing?: number;
  /**
   * What the horizontal axis counts: "step" (default), "tokens" (`num_tokens`), "time" (the sum of `step_time`), or
   * "epoch" (`epoch`). Runs with different batch sizes or on different machines compare along tokens and time.
   */
  along?: Along;
  /** Name of the horizontal axis. By default what it counts. */
  xLabel?: string;
  /** Steps the run will take in all: a live chart then keeps its horizontal axis. */
  totalSteps?: number;
  /** Ends of the value axis; by default they follow the data, with rare spikes cut off and counted. */
  yDomain?: [number, number];
  /** "log" for values over many powers of ten; values at or below zero are left out and counted. Default "linear". */
  yScale?: "linear" | "log";
}

/** A chart of lines, and optionally a strip of shares (0 to 1) below it on the same horizontal axis. */
export interface Curve {
  title: string;
  /** Name and unit of the value axis. */
  yLabel: string;
  lines: readonly Line[];
  /** What the chart says when no line has a point. */
  nothing: string;
  /** Values the axis must reach, such as 0. */
  include?: readonly number[];
  /** A value that others are measured against, such as chance: a dashed line. */
  reference?: number;
  /** True for shares from 0 to 1: the axis spans them all, in percent. */
  share?: boolean;
  strip?: { yLabel: string; lines: readonly Line[] };
  /** True shows the latest value of the first line, if it has one, at the right of the title. */
  latest?: boolean;
  /** Further entries of the legend, such as one that explains all dashed lines. */
  entries?: readonly LegendEntry[];
}

const STRIP = { share: 0.32, least: 88, most: 112 };
const MARGIN_RIGHT = 14;
/** Above the plot for the name of the value axis, below it for the ticks and the name of the horizontal one. */
const [MARGIN_TOP, MARGIN_BOTTOM] = [26, 36];
const MARGINS = MARGIN_TOP + MARGIN_BOTTOM;
/** Height in pixels below which a plot gives way. */
const LEAST_PLOT = 40;
const percent = (share: number) => `${+(share * 100).toFixed(1)}%`;

/** Draws lines over steps. */
export function drawCurve(curve: Curve, options: CurveOptions): SvgString {
  const { width = theme.chart.width, height = theme.chart.height, along = "step" } = options;
  checkDomain(options);
  const frame = { title: options.title ?? curve.title, subtitle: options.subtitle, width, height };
  const isLog = options.yScale === "log";
  const { lines, dropped } = drawableLines(curve.lines, isLog);
  if (lines.length === 0) return emptyFigure(frame, dropped > 0 ? "no value above zero" : curve.nothing);

  const innerWidth = width - 2 * theme.chart.padding;
  const prepare = (line: Line) => prepareLine(line, options.smoothing, innerWidth, lines.length);
  const drawn = lines.map(prepare);
  const named = drawn.filter((line) => line.named !== false);
  const note = curve.latest && lines[0].label === curve.lines[0].label ? latestNote(drawn[0]) : undefined;
  const given = drawableLines(curve.strip?.lines ?? [], false).lines.map((line) => prepare({ ...line, raw: false }));
  const stripHeight = Math.max(STRIP.least, Math.min(STRIP.most, Math.round(height * STRIP.share)));
  const legendFor = (labelled: boolean) => legendOf(curve, options, named, drawn, labelled);
  const roomWith = (labelled: boolean) => roomForParts({ ...frame, note, legend: legendFor(labelled) }) - MARGINS;
  // A small chart with a tall header has no room for a second plot.
  const strip = roomWith(true) - stripHeight >= LEAST_PLOT ? given : [];
  const hasStrip = strip.length > 0;
  const plotHeight = (labelled: boolean) => roomWith(labelled) - (hasStrip ? stripHeight : 0);

  const ends = [...drawn, ...strip].flatMap(({ path }) => [path[0].x, path[path.length - 1].x]);
  const last = along === "step" ? options.totalSteps ?? -Infinity : -Infinity;
  const range: [number, number] = [Math.min(...ends), Math.max(...ends, last)];
  const labels = options.legend === undefined || options.legend === true
    ? endLabels(named, { width, height: plotHeight(true), domain: xAxisOf(along, range, innerWidth).domain })
    : undefined;
  const labelled = labels !== undefined;

  const yAxis = valueAxisOf(curve, options, lines, drawn, plotHeight(labelled));
  const stripTicks = stripHeight - MARGINS < LEAST_PLOT ? [0, 1] : [0, 0.5, 1];
  const stripAxis = { ...valueAxis([0, 1], 80, { exact: true, format: percent }), ticks: stripTicks };
  const marginLeft = Math.ceil(Math.max(yAxis.labelWidth, hasStrip ? stripAxis.labelWidth : 0)) + 9;
  const marginRight = labels?.width ?? MARGIN_RIGHT;
  const xAxis = xAxisOf(along, range, innerWidth - marginLeft - marginRight);
  const baseLabel = options.xLabel ?? xAxis.label;
  const shared = { marginLeft, marginRight, x: { domain: xAxis.domain, axis: null } } as const;

  const main: FigurePart = {
    valueLabel: curve.yLabel + (dropped > 0 ? `, ${dropped.toLocaleString("en-US")} at or below 0 left out` : ""),
    baseLabel: hasStrip ? undefined : baseLabel,
    options: {
      ...shared,
      marginTop: MARGIN_TOP,
      marginBottom: hasStrip ? 12 : MARGIN_BOTTOM,
      y: { type: yAxis.type ?? "linear", domain: yAxis.domain, axis: null },
      marks: [
        ...leftAxisMarks(yAxis),
        ...drawn.flatMap((line) => bandMarks(line, yAxis.domain)),
        ...zeroLine(yAxis),
        ...referenceLine(yAxis, curve.reference),
        ...bottomAxisMarks(xAxis, !hasStrip),
        ...drawn.flatMap((line) => rawMarks(line, yAxis.domain, drawn.length)),
        // The first line is the one that matters most: it lies on top.
        ...drawn.map((line) => pathMarks(line, yAxis.domain)).reverse().flat(),
        ...beyondMarks(lines, yAxis.domain),
        labels?.mark,
      ],
    },
  };
  const below: FigurePart = {
    valueLabel: curve.strip?.yLabel,
    baseLabel,
    height: stripHeight,
    options: {
      ...shared,
      marginTop: MARGIN_TOP,
      marginBottom: MARGIN_BOTTOM,
      y: { domain: [0, 1], axis: null },
      marks: [
        ...leftAxisMarks(stripAxis),
        ...bottomAxisMarks(xAxis),
        ...strip.flatMap((line) => pathMarks(line, [0, 1])),
      ],
    },
  };
  return drawFigure({
    ...frame,
    note,
    legend: legendFor(labelled),
    parts: hasStrip ? [main, below] : [main],
  });
}

/** A line alone needs no entry: the title names it. Lines that are named at their ends need none either. */
function legendOf(
  { entries = [] }: Curve,
  { legend }: CurveOptions,
  named: readonly DrawnLine[],
  drawn: readonly DrawnLine[],
  labelled: boolean,
): LegendEntry[] {
  if (legend === false) return [];
  const further = [...bandEntries(drawn), ...entries];
  return labelled || named.length < 2 ? further : [...lineEntries(named), ...further];
}

/** Lines with points; a logarithmic axis has no place for values that are not above zero. */
function drawableLines(lines: readonly Line[], isLog: boolean): { lines: Line[]; dropped: number } {
  const kept = isLog ? lines.map((line) => ({ ...line, points: aboveZero(line.points) })) : [...lines];
  const count = (all: readonly Line[]) => all.reduce((sum, line) => sum + line.points.length, 0);
  return { lines: kept.filter((line) => line.points.length > 0), dropped: count(lines) - count(kept) };
}

function valueAxisOf(
  curve: Curve,
  { yDomain, yScale }: CurveOptions,
  lines: readonly Line[],
  drawn: readonly DrawnLine[],
  height: number,
): ValueAxis {
  if (yScale === "log") {
    if (yDomain) return logAxis(yDomain, height, { exact: true });
    const values = lines.flatMap((line) => line.points.map((point) => point.value));
    let [low, high] = [Infinity, 0];
    for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
    return logAxis([low, high], height);
  }
  const format = curve.share ? percent : undefined;
  if (yDomain) return valueAxis(yDomain, height, { exact: true, format });
  const range = rangeOf(lines, drawn.flatMap((line) => line.edges), curve.include ?? []);
  return valueAxis(range, height, { format, exact: curve.share });
}

/** Lowest and highest value the axis must show: the data without rare spikes, the bands, and what was asked for. */
function rangeOf(
  lines: readonly Line[],
  edges: readonly { low: number; high: number }[],
  include: readonly number[],
): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const line of lines) {
    // Line by line: a rare series such as held-out losses must not pass for spikes of a frequent one.
    const [from, to] = robustRange(line.points.map((point) => point.value));
    [low, high] = [Math.min(low, from), Math.max(high, to)];
  }
  for (const edge of edges) [low, high] = [Math.min(low, edge.low), Math.max(high, edge.high)];
  for (const value of include) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return [low, high];
}

function checkDomain({ yDomain, yScale }: CurveOptions): void {
  if (!yDomain) return;
  if (!(Number.isFinite(yDomain[0]) && Number.isFinite(yDomain[1]) && yDomain[0] < yDomain[1])) {
    throw new RangeError(`yDomain must be two finite numbers, the lower first; got [${yDomain.join(", ")}].`);
  }
  if (yScale === "log" && yDomain[0] <= 0) {
    throw new RangeError(`yDomain must lie above zero on a logarithmic axis; got [${yDomain.join(", ")}].`);
  }
}
