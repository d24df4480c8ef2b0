// @ts-types="@types/d3-array"
import { max, min } from "d3-array";
import * as Plot from "@observablehq/plot";
import { formatNumber } from "./axes.ts";
import { keepExtremes } from "./downsample.ts";
import type { DrawnLine, Line } from "./line.ts";
import type { Point } from "./points.ts";
import { theme } from "./theme.ts";

const { strokes, opacities, colors } = theme;
/** From so many lines on, the raw values behind them are drawn more faintly. */
const CROWD = 3;

/** The band of a line, if it has one. */
export function bandMarks({ edges, color }: DrawnLine, [low, high]: readonly [number, number]): Plot.Markish[] {
  if (edges.length === 0) return [];
  const inside = edges.map((edge) => ({ ...edge, low: clamp(edge.low, low, high), high: clamp(edge.high, low, high) }));
  if (inside.length === 1) {
    return [Plot.ruleX(inside, { x: "x", y1: "low", y2: "high", stroke: color, strokeWidth: 6, strokeOpacity: 0.2 })];
  }
  return [
    Plot.areaY(inside, { x: "x", y1: "low", y2: "high", z: "stretch", fill: color, fillOpacity: opacities.band }),
  ];
}

/** The values before smoothing, faintly; what lies outside the axis runs along its end. */
export function rawMarks(line: DrawnLine, domain: readonly [number, number], lineCount: number): Plot.Markish[] {
  if (line.raw.length < 2) return [];
  return [
    Plot.lineY(inside(line.raw, domain), {
      x: "x",
      y: "value",
      z: "stretch",
      stroke: line.color,
      strokeWidth: strokes.raw,
      strokeOpacity: lineCount >= CROWD ? opacities.rawOverlaid : opacities.raw,
      strokeLinejoin: "round",
    }),
  ];
}

/** The line itself, broken at gaps; what lies outside the axis runs along its end. */
export function pathMarks(line: DrawnLine, domain: readonly [number, number]): Plot.Markish[] {
  const { marks: marked, path, color } = line;
  const marks: Plot.Markish[] = [];
  if (path.length > 1) {
    marks.push(Plot.lineY(inside(path, domain), {
      x: "x",
      y: "value",
      z: "stretch",
      stroke: color,
      strokeWidth: line.strokeWidth ?? strokes.smooth,
      strokeDasharray: line.dash,
      strokeLinejoin: "round",
      strokeLinecap: line.dash ? "butt" : "round",
    }));
  }
  const visible = marked.filter(({ value }) => value >= domain[0] && value <= domain[1]);
  if (visible.length > 0) {
    const r = line.marked ? strokes.markRadius : strokes.dotRadius;
    marks.push(Plot.dot(visible, { x: "x", y: "value", fill: color, r }));
  }
  return marks;
}

/** Triangles at the end of the axis for points beyond it, with their number: nothing is left out in silence. */
export function beyondMarks(lines: readonly Line[], [low, high]: readonly [number, number]): Plot.Markish[] {
  const points = lines.flatMap((line) => line.points.map((point) => ({ ...point, color: line.color })));
  const above = points.filter(({ value }) => value > high).sort((a, b) => a.x - b.x);
  const below = points.filter(({ value }) => value < low).sort((a, b) => a.x - b.x);
  const marks: Plot.Markish[] = [];
  const counted = {
    fill: colors.muted,
    fontSize: theme.sizes.small,
    textAnchor: "end",
    stroke: colors.background,
    strokeWidth: 3,
  } as const;
  const triangle = { x: "x", r: 3, fill: (point: { color: string }) => point.color } as const;
  if (above.length) {
    const largest = formatNumber(max(above, ({ value }) => value)!);
    marks.push(
      Plot.dot(keepExtremes(above, 20), { ...triangle, y: high, symbol: "triangle" }),
      Plot.text([`${above.length.toLocaleString("en-US")} above, up to ${largest}`], {
        ...counted,
        frameAnchor: "top-right",
        dy: -15,
      }),
    );
  }
  if (below.length) {
    const smallest = formatNumber(min(below, ({ value }) => value)!);
    marks.push(
      Plot.dot(keepExtremes(below, 20), { ...triangle, y: low, symbol: "triangle", rotate: 180 }),
      Plot.text([`${below.length.toLocaleString("en-US")} below, down to ${smallest}`], {
        ...counted,
        frameAnchor: "bottom-right",
        dy: -6,
      }),
    );
  }
  return marks;
}

function inside(points: readonly Point[], [low, high]: readonly [number, number]): Point[] {
  return points.map((point) => ({ ...point, value: clamp(point.value, low, high) }));
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
