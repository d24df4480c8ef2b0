import * as Plot from "@observablehq/plot";
import { valueAxis } from "./axes.ts";
import type { LegendEntry } from "./header.ts";
import { type ChartOptions, drawFigure, emptyFigure } from "./render.ts";
import type { SvgString } from "./svg.ts";
import { ellipsize, textWidth } from "./text.ts";
import { seriesColor, theme } from "./theme.ts";

/** What was measured of one thing, such as a way of searching. */
export interface IntervalRow {
  name: string;
  /** A share from 0 to 1 with its interval, for each series, in the order of the legend. */
  values: Readonly<Record<string, { mean: number; low: number; high: number }>>;
}

/** How the dots are drawn. */
export interface IntervalDotsOptions extends ChartOptions {
  /** What the shares are of. Default "share". */
  xLabel?: string;
  /** A share that is aimed at, drawn as a line. */
  goal?: number;
}

const { colors, sizes } = theme;
/** Share of a row's height that its series take. */
const FILLED = 0.7;

/**
 * Shares with their confidence intervals, a row for each thing that was measured: a dot for the mean, a line from one
 * end of the interval to the other. Where lines overlap widely, the difference may be chance.
 *
 * ```ts
 * intervalDots([{ name: "dense", values: { all: { mean: 0.61, low: 0.52, high: 0.7 } } }], { xLabel: "recall@5" });
 * ```
 *
 * @throws {RangeError} when a share is outside 0 to 1
 */
export function intervalDots(rows: readonly IntervalRow[], options: IntervalDotsOptions = {}): SvgString {
  const { width = theme.chart.width, height = theme.chart.height, xLabel = "share", goal } = options;
  const series = [...new Set(rows.flatMap(({ values }) => Object.keys(values)))];
  const frame = { title: options.title ?? "Shares with intervals", subtitle: options.subtitle, width, height };
  const dots = rows.flatMap((row, index) =>
    series.flatMap((name, place) => name in row.values ? [dotOf(row, name, index, place, series.length)] : [])
  );
  if (dots.length === 0) return emptyFigure(frame, "no data yet");
  const names = rows.map(({ name }) => ellipsize(name, width / 3, sizes.small));
  const marginLeft = Math.ceil(Math.max(...names.map((name) => textWidth(name, sizes.small)))) + 14;
  const percent = (share: number) => `${Math.round(share * 100)}%`;
  const axis = valueAxis([0, 1], width - marginLeft, { exact: true, format: percent });
  return drawFigure({
    ...frame,
    legend: options.legend === false || series.length < 2 ? [] : series.map((label, index): LegendEntry => ({
      label,
      color: seriesColor(index),
      shape: "square",
    })),
    parts: [{
      baseLabel: xLabel,
      options: {
        marginLeft,
        marginRight: 18,
        marginTop: 6,
        marginBottom: 36,
        x: { domain: [0, 1], axis: null },
        y: { domain: [rows.length, 0], axis: null },
        marks: [
          Plot.ruleX(axis.ticks, { stroke: colors.grid }),
          Plot.text(axis.ticks, {
            x: (tick: number) => tick,
            frameAnchor: "bottom",
            text: percent,
            dy: 16,
            fontSize: sizes.small,
            fill: colors.muted,
          }),
          ...(goal === undefined
            ? []
            : [Plot.ruleX([goal], { stroke: colors.ink, strokeDasharray: "4 3", strokeWidth: 1.25 })]),
          Plot.ruleY(rows.slice(1).map((_, index) => index + 1), { stroke: colors.grid }),
          Plot.frame({ anchor: "left", stroke: colors.axis }),
          Plot.text(names, {
            x: 0,
            y: (_: string, index: number) => index + 0.5,
            text: (name: string) => name,
            textAnchor: "end",
            dx: -8,
            fontSize: sizes.small,
            fill: colors.ink,
          }),
          Plot.ruleY(dots, { y: "y", x1: "low", x2: "high", stroke: (dot: Dot) => dot.color, strokeWidth: 2 }),
          Plot.dot(dots, { y: "y", x: "mean", r: 4, fill: (dot: Dot) => dot.color, stroke: colors.background }),
        ],
      },
    }],
  });
}

interface Dot {
  y: number;
  mean: number;
  low: number;
  high: number;
  color: string;
}

function dotOf({ name, values }: IntervalRow, series: string, row: number, place: number, count: number): Dot {
  const { mean, low, high } = values[series];
  for (const share of [mean, low, high]) {
    if (!(share >= 0 && share <= 1)) {
      throw new RangeError(
        `"${series}" of "${name}" must be a share from 0 to 1, got ${share}; divide percentages by 100.`,
      );
    }
  }
  const y = row + 0.5 + (place - (count - 1) / 2) * FILLED / count;
  return { y, mean, low, high, color: seriesColor(place) };
}
