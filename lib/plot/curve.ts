import { bottomAxisMarks, leftAxisMarks, robustRange, stepAxis, valueAxis, zeroLine } from "./axes.ts";
import { bandMarks, beyondMarks, dotMarks, latestNote, legendOf, type Line, pathMarks, prepareLine } from "./line.ts";
import { type ChartOptions, drawFigure, emptyFigure, type FigurePart } from "./render.ts";
import type { SvgString } from "./svg.ts";
import { theme } from "./theme.ts";

/** Options of every chart of metrics over training steps. */
export interface CurveOptions extends ChartOptions {
  /**
   * Weight of the exponential moving average, from 0 (none) to below 1; about the last `1 / (1 - smoothing)` steps
   * count. By default it grows with the root of the number of points: 4 steps count of 50, 60 of 10,000.
   */
  smoothing?: number;
  /** Name of the horizontal axis. Default "step". */
  xLabel?: string;
  /** Steps the run will take in all: a live chart then keeps its horizontal axis. */
  totalSteps?: number;
  /** Ends of the value axis; by default they follow the data, with rare spikes cut off and counted. */
  yDomain?: [number, number];
}

/** A chart of lines over steps, and optionally a strip of shares (0 to 1) below it on the same steps. */
export interface Curve {
  title: string;
  /** Name and unit of the value axis. */
  yLabel: string;
  lines: readonly Line[];
  /** What the chart says when no line has a point. */
  nothing: string;
  /** Values the axis must reach, such as 0. */
  include?: readonly number[];
  strip?: { yLabel: string; lines: readonly Line[] };
  /** True shows the latest value of the first line, if it has one, at the right of the title. */
  latest?: boolean;
}

const STRIP_HEIGHT = 96;

/** Draws lines over steps. */
export function drawCurve(curve: Curve, options: CurveOptions): SvgString {
  const { width = theme.chart.width, height = theme.chart.height, xLabel = "step" } = options;
  const { yDomain } = options;
  if (yDomain && !(Number.isFinite(yDomain[0]) && Number.isFinite(yDomain[1]) && yDomain[0] < yDomain[1])) {
    throw new RangeError(`yDomain must be two finite numbers, the lower first; got [${yDomain.join(", ")}].`);
  }
  const lines = curve.lines.filter((line) => line.points.length > 0);
  const frame = { title: options.title ?? curve.title, subtitle: options.subtitle, width, height };
  if (lines.length === 0) return emptyFigure(frame, curve.nothing);

  const drawn = lines.map((line) => prepareLine(line, options.smoothing, lines.length));
  const strip = (curve.strip?.lines ?? []).filter((line) => line.points.length > 0)
    .map((line) => prepareLine({ ...line, dots: false }, options.smoothing, lines.length));
  const hasStrip = strip.length > 0;

  const plotHeight = Math.max(60, height - 120 - (hasStrip ? STRIP_HEIGHT : 0));
  const yAxis = yDomain
    ? valueAxis(yDomain, plotHeight, { exact: true })
    : valueAxis(rangeOf(lines, drawn.flatMap((line) => line.edges), curve.include ?? []), plotHeight);
  const percent = {
    ...valueAxis([0, 1], 80, { exact: true, format: (share) => `${Math.round(share * 100)}%` }),
    ticks: [0, 0.5, 1],
  };
  const marginLeft = Math.ceil(Math.max(yAxis.labelWidth, hasStrip ? percent.labelWidth : 0)) + 9;
  const marginRight = 14;
  const steps = [...lines, ...strip.map(({ path }) => ({ points: path }))]
    .flatMap(({ points }) => [points[0].step, points[points.length - 1].step]);
  const xAxis = stepAxis(
    [Math.min(...steps), Math.max(...steps, options.totalSteps ?? -Infinity)],
    width - 2 * theme.chart.padding - marginLeft - marginRight,
  );
  const shared = { marginLeft, marginRight, x: { domain: xAxis.domain, axis: null } } as const;

  const main: FigurePart = {
    valueLabel: curve.yLabel,
    baseLabel: hasStrip ? undefined : xLabel,
    options: {
      ...shared,
      marginTop: 24,
      marginBottom: hasStrip ? 8 : 33,
      y: { domain: yAxis.domain, axis: null },
      marks: [
        ...leftAxisMarks(yAxis),
        ...drawn.flatMap((line) => bandMarks(line, yAxis.domain)),
        ...zeroLine(yAxis),
        ...bottomAxisMarks(xAxis, !hasStrip),
        ...drawn.flatMap((line) => dotMarks(line, yAxis.domain, drawn.length)),
        ...drawn.flatMap((line) => pathMarks(line, yAxis.domain)).reverse(),
        ...beyondMarks(lines, yAxis.domain),
      ],
    },
  };
  const below: FigurePart = {
    valueLabel: curve.strip?.yLabel,
    baseLabel: xLabel,
    height: STRIP_HEIGHT,
    options: {
      ...shared,
      marginTop: 22,
      marginBottom: 33,
      y: { domain: [0, 1], axis: null },
      marks: [
        ...leftAxisMarks(percent),
        ...bottomAxisMarks(xAxis),
        ...strip.flatMap((line) => [...dotMarks(line, [0, 1], strip.length), ...pathMarks(line, [0, 1])]),
      ],
    },
  };
  return drawFigure({
    ...frame,
    note: curve.latest && lines[0] === curve.lines[0] ? latestNote(drawn[0]) : undefined,
    legend: options.legend === false ? [] : legendOf(drawn),
    parts: hasStrip ? [main, below] : [main],
  });
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
