import { robustRange } from "./axes.ts";
import { keepExtremes } from "./downsample.ts";
import type { Point } from "./points.ts";
import { defaultSmoothing, smooth } from "./smooth.ts";

/** One series along the horizontal axis, sorted by `x`. */
export interface Line {
  label: string;
  color: string;
  points: readonly Point[];
  /** SVG stroke-dasharray. */
  dash?: string;
  /** Width of the line in pixels. */
  strokeWidth?: number;
  /** False for series that are exact or rare: a schedule, an evaluation. Default true. */
  smoothed?: boolean;
  /** False leaves out what is not the line itself: the raw values behind it, marks on its points. Default true. */
  raw?: boolean;
  /** Edges of a band around the line, smoothed as the line is. */
  band?: Band;
  /** False for a line that another entry of the legend stands for. Default true. */
  named?: boolean;
}

/** A band of values along the horizontal axis. */
export interface Band {
  label: string;
  edges: readonly BandEdge[];
}

/** Lower and upper edge of a band at a place. */
export interface BandEdge {
  x: number;
  low: number;
  high: number;
  stretch: number;
}

/** A line ready to be drawn: smoothed over all its points, then thinned to what can be seen. */
export interface DrawnLine extends Omit<Line, "points" | "raw"> {
  /** Smoothing weight in use; 0 where the line shows the values themselves. */
  weight: number;
  path: Point[];
  /** The values before smoothing, to be drawn faintly behind; empty where the line shows them itself. */
  raw: Point[];
  /** Points to be marked: all of a line with few, else those that stand alone between gaps. */
  marks: Point[];
  /** True when every point is marked, as the legend then shows. */
  marked: boolean;
  edges: BandEdge[];
}

/** Up to so many points of an exact line are marked each. */
const MARK_LIMIT = 40;
/** Pixels that one column of {@link keepExtremes} stands for. */
const COLUMN = 2;

/**
 * Smooths and thins a line. A rare spike ({@link robustRange}) counts in the average only up to where the axis ends:
 * one step of a hundredfold gradient norm would otherwise lift the line for a whole window.
 *
 * @param smoothing weight of the average; undefined lets the number of points decide
 * @param width pixels the lines are drawn on
 * @param lineCount lines in the chart, which share the room in the file
 */
export function prepareLine(line: Line, smoothing: number | undefined, width: number, lineCount: number): DrawnLine {
  const { points, raw: hasRaw = true, ...rest } = line;
  const weight = line.smoothed === false ? 0 : smoothing ?? defaultSmoothing(points.length);
  const values = points.map((point) => point.value);
  const [low, high] = weight > 0 ? robustRange(values) : [-Infinity, Infinity];
  const smoothed = smooth(values.map((value) => Math.min(high, Math.max(low, value))), weight);
  const columns = Math.max(60, Math.round(width / COLUMN / Math.sqrt(lineCount)));
  const marked = points.length === 1 || (hasRaw && weight === 0 && points.length <= MARK_LIMIT);
  const path = keepExtremes(points.map((point, i) => ({ ...point, value: smoothed[i] })), columns);
  return {
    ...rest,
    weight,
    path,
    raw: hasRaw && weight > 0 ? keepExtremes(points, columns) : [],
    marked,
    marks: marked
      ? [...points]
      : path.filter((point, i) => path[i - 1]?.stretch !== point.stretch && path[i + 1]?.stretch !== point.stretch),
    edges: prepareEdges(line.band?.edges ?? [], weight, columns),
  };
}

function prepareEdges(edges: readonly BandEdge[], weight: number, columns: number): BandEdge[] {
  const lows = smooth(edges.map((edge) => edge.low), weight);
  const highs = smooth(edges.map((edge) => edge.high), weight);
  return keepExtremes(edges.map((edge, i) => ({ ...edge, value: highs[i], low: lows[i], high: highs[i] })), columns)
    .map(({ x, low, high, stretch }) => ({ x, low, high, stretch }));
}
