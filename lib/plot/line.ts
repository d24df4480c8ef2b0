// @ts-types="@types/d3-array"
import { max, min } from "d3-array";
import * as Plot from "@observablehq/plot";
import { formatNumber, robustRange } from "./axes.ts";
import { keepCloud, keepEvenly } from "./downsample.ts";
import type { LegendEntry } from "./header.ts";
import { defaultSmoothing, type Point, smooth } from "./smooth.ts";
import { theme } from "./theme.ts";

/** One series over training steps, sorted by step. */
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
  /** False leaves the single steps out: no light dots under a smoothed line, no marks on an exact one. Default true. */
  dots?: boolean;
  /** Edges of a band around the line, smoothed as the line is. */
  band?: Band;
}

/** A band of values over steps. */
export interface Band {
  label: string;
  edges: readonly BandEdge[];
}

/** Lower and upper edge of a band at a step. */
export interface BandEdge {
  step: number;
  low: number;
  high: number;
}

/** A line ready to be drawn: smoothed over all its points, then thinned to what can be seen. */
export interface DrawnLine extends Omit<Line, "points" | "dots"> {
  /** Smoothing weight in use; 0 where the line shows the values themselves. */
  weight: number;
  path: Point[];
  dots: { points: Point[]; style: "light" | "marks" };
  edges: BandEdge[];
}

/** More points than these cannot be told apart in a chart of ordinary size. */
const PATH_LIMIT = 400;
const DOT_LIMIT = 600;
/** Up to so many points of an exact line are marked each. */
const MARK_LIMIT = 40;
const { strokes, opacities, colors } = theme;

/**
 * Smooths and thins a line. A rare spike ({@link robustRange}) counts in the average only up to where the axis ends:
 * one step of a hundredfold gradient norm would otherwise lift the line for a whole window.
 *
 * @param smoothing weight of the average; undefined lets the number of points decide
 * @param lineCount lines in the chart, which share the room for dots
 */
export function prepareLine(line: Line, smoothing: number | undefined, lineCount: number): DrawnLine {
  const { points, dots = true, ...rest } = line;
  const weight = line.smoothed === false ? 0 : smoothing ?? defaultSmoothing(points.length);
  const raw = points.map((point) => point.value);
  const [low, high] = weight > 0 ? robustRange(raw) : [-Infinity, Infinity];
  const values = smooth(raw.map((value) => clamp(value, low, high)), weight);
  const edges = line.band?.edges ?? [];
  const lows = smooth(edges.map((edge) => edge.low), weight);
  const highs = smooth(edges.map((edge) => edge.high), weight);
  const few = points.length <= MARK_LIMIT;
  const style = points.length === 1 || (few && weight === 0) ? "marks" : "light";
  // A single point has no line to be seen by; light dots on an unsmoothed line would only repeat it.
  const hasDots = points.length === 1 || (dots && (style === "marks" || weight > 0));
  return {
    ...rest,
    weight,
    // A smoothed line has no spikes to lose.
    path: weight > 0
      ? keepEvenly(points.map(({ step }, i) => ({ step, value: values[i] })), PATH_LIMIT)
      : keepCloud(points, PATH_LIMIT),
    dots: {
      style,
      points: hasDots ? keepCloud(points, Math.max(150, Math.round(DOT_LIMIT / lineCount))) : [],
    },
    edges: keepEvenly(edges.map(({ step }, i) => ({ step, low: lows[i], high: highs[i] })), PATH_LIMIT / 2),
  };
}

/** The band of a line, if it has one. */
export function bandMarks({ edges, color }: DrawnLine, [low, high]: readonly [number, number]): Plot.Markish[] {
  if (edges.length === 0) return [];
  const inside = edges.map((edge) => ({
    step: edge.step,
    low: clamp(edge.low, low, high),
    high: clamp(edge.high, low, high),
  }));
  if (inside.length === 1) {
    return [
      Plot.ruleX(inside, { x: "step", y1: "low", y2: "high", stroke: color, strokeWidth: 6, strokeOpacity: 0.2 }),
    ];
  }
  return [Plot.areaY(inside, { x: "step", y1: "low", y2: "high", fill: color, fillOpacity: opacities.band })];
}

/** The single steps of a line, where they are shown and inside the axis. */
export function dotMarks(line: DrawnLine, [low, high]: readonly [number, number], lineCount: number): Plot.Markish[] {
  const inside = line.dots.points.filter(({ value }) => value >= low && value <= high);
  if (inside.length === 0) return [];
  const place = { x: "step", y: "value", fill: line.color } as const;
  if (line.dots.style === "marks") return [Plot.dot(inside, { ...place, r: strokes.markRadius })];
  const fillOpacity = lineCount > 2 ? opacities.dotOverlaid : opacities.dot;
  return [Plot.dot(inside, { ...place, r: strokes.dotRadius, fillOpacity })];
}

/** The line itself; what lies outside the axis runs along its end. */
export function pathMarks(line: DrawnLine, [low, high]: readonly [number, number]): Plot.Markish[] {
  if (line.path.length < 2) return [];
  const inside = line.path.map(({ step, value }) => ({ step, value: clamp(value, low, high) }));
  return [
    Plot.lineY(inside, {
      x: "step",
      y: "value",
      stroke: line.color,
      strokeWidth: line.strokeWidth ?? strokes.smooth,
      strokeDasharray: line.dash,
      strokeLinejoin: "round",
      strokeLinecap: line.dash ? "butt" : "round",
    }),
  ];
}

/** Triangles at the end of the axis for points beyond it, with their number: nothing is left out in silence. */
export function beyondMarks(lines: readonly Line[], [low, high]: readonly [number, number]): Plot.Markish[] {
  const points = lines.flatMap((line) => line.points.map((point) => ({ ...point, color: line.color })));
  const above = points.filter(({ value }) => value > high);
  const below = points.filter(({ value }) => value < low);
  const marks: Plot.Markish[] = [];
  const counted = { fill: colors.muted, fontSize: theme.sizes.small - 1, textAnchor: "end" } as const;
  const triangle = { x: "step", r: 3, fill: (point: { color: string }) => point.color } as const;
  if (above.length) {
    const largest = formatNumber(max(above, ({ value }) => value)!);
    marks.push(
      Plot.dot(keepEvenly(above, 60), { ...triangle, y: high, symbol: "triangle" }),
      Plot.text([`${above.length} above, up to ${largest}`], { ...counted, frameAnchor: "top-right", dy: -14 }),
    );
  }
  if (below.length) {
    const smallest = formatNumber(min(below, ({ value }) => value)!);
    marks.push(
      Plot.dot(keepEvenly(below, 60), { ...triangle, y: low, symbol: "triangle", rotate: 180 }),
      Plot.text([`${below.length} below, down to ${smallest}`], { ...counted, frameAnchor: "bottom-right", dy: -6 }),
    );
  }
  return marks;
}

/** Legend of the lines and their bands; a chart of one plain line needs none. */
export function legendOf(lines: readonly DrawnLine[]): LegendEntry[] {
  const bands = lines.filter((line) => line.band && line.edges.length > 0);
  if (lines.length + bands.length < 2) return [];
  const entries = lines.map((line): LegendEntry => ({
    label: line.label,
    color: line.color,
    dash: line.dash,
    shape: line.dots.points.length === 0 ? "line" : line.dots.style === "marks" ? "dotted line" : "points and line",
  }));
  return [
    ...entries,
    ...bands.map((line): LegendEntry => ({ label: line.band!.label, color: line.color, shape: "band" })),
  ];
}

/** The last value of the line as drawn, and whether it is an average. */
export function latestNote(line: DrawnLine): string {
  const value = formatNumber(line.path.at(-1)!.value);
  return line.weight > 0 ? `smoothed ${value}` : `last ${value}`;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
