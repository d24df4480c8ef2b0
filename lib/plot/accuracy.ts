// @ts-types="@types/d3-array"
import { deviation, mean } from "d3-array";
import * as Plot from "@observablehq/plot";
import { leftAxisMarks, valueAxis } from "./axes.ts";
import type { LegendEntry } from "./header.ts";
import { type ChartOptions, drawFigure, emptyFigure } from "./render.ts";
import type { SvgString } from "./svg.ts";
import { wrap } from "./text.ts";
import { seriesColor, theme } from "./theme.ts";

/** Accuracies measured on one benchmark. */
export interface AccuracyGroup {
  /** Name of the benchmark or data set. */
  name: string;
  /**
   * Accuracy as a share from 0 to 1 under each condition, in the order of the bars: `{ before: 0.21, after: [0.52,
   * 0.49] }`. Several numbers are runs with different seeds.
   */
  scores: Readonly<Record<string, number | readonly number[]>>;
}

interface Bar {
  group: number;
  condition: string;
  color: string;
  values: number[];
  mean: number;
  /** Sample standard deviation; 0 for a single value. */
  spread: number;
  from: number;
  to: number;
}

const { colors, sizes, opacities } = theme;
/** Share of a group's width that its bars fill, and the pixels that no bar is wider than. */
const FILLED = 0.66;
const WIDEST_BAR = 64;
/** Height in pixels of a line of words under the bars. */
const LINE = 14.5;

/**
 * Accuracy before and after, or under any conditions: a bar for the mean over seeds, a whisker of one sample standard
 * deviation each way, a dot for each seed, the mean in words, and under a pair of bars the difference in percentage
 * points.
 *
 * ```ts
 * accuracyBars([{ name: "held-out", scores: { before: 0.21, after: [0.52, 0.49] } }]);
 * ```
 *
 * @throws {RangeError} when an accuracy is outside 0 to 1; NaN counts as not measured
 */
export function accuracyBars(groups: readonly AccuracyGroup[], options: ChartOptions = {}): SvgString {
  const { width = theme.chart.width, height = theme.chart.height } = options;
  const conditions = [...new Set(groups.flatMap((group) => Object.keys(group.scores)))];
  const roomForGroup = (width - 2 * theme.chart.padding - 60) / Math.max(1, groups.length);
  const slot = Math.min(WIDEST_BAR / roomForGroup, FILLED / Math.max(1, conditions.length));
  const bars = groups.flatMap((group, index) => barsOf(group, index, conditions, slot));
  const frame = { title: options.title ?? "Accuracy", subtitle: options.subtitle, width, height };
  if (bars.length === 0) return emptyFigure(frame, "no data yet");

  const top = Math.max(0.05, ...bars.flatMap((bar) => [bar.mean + bar.spread, ...bar.values]));
  // Room for the number above the tallest bar.
  const yAxis = valueAxis([0, Math.min(1, top * 1.12)], height - 140, { format: (share) => percentage(share, 0) });
  const marginLeft = Math.ceil(yAxis.labelWidth) + 9;
  const groupWidth = (width - 2 * theme.chart.padding - marginLeft - 14) / groups.length;
  const barWidth = (bars[0].to - bars[0].from) * groupWidth;
  const names = groups.map((group) => wrap(group.name, groupWidth - 10, sizes.small, 2));
  const nameLines = Math.max(...names.map((lines) => lines.length));
  const differences = groups.map((_, index) => difference(bars.filter((bar) => bar.group === index), conditions));
  const under = {
    fontSize: sizes.small,
    y: 0,
    x: (_: unknown, index: number) => index + 0.5,
    lineAnchor: "top",
  } as const;
  return drawFigure({
    ...frame,
    legend: options.legend === false ? [] : conditions.map((condition, index): LegendEntry => ({
      label: condition,
      color: seriesColor(index),
      shape: "square",
    })),
    parts: [{
      valueLabel: bars.some((bar) => bar.values.length > 1) ? "accuracy, mean ± 1 sd over seeds" : "accuracy",
      options: {
        marginLeft,
        marginRight: 14,
        marginTop: 36,
        marginBottom: 10 + LINE * (nameLines + (differences.some((text) => text !== "") ? 1 : 0)),
        x: { domain: [0, groups.length], axis: null },
        y: { domain: yAxis.domain, axis: null },
        marks: [
          ...leftAxisMarks(yAxis),
          Plot.rect(bars, {
            x1: "from",
            x2: "to",
            y1: 0,
            y2: "mean",
            fill: (bar: Bar) => bar.color,
            fillOpacity: opacities.bar,
            rx: 2,
          }),
          Plot.frame({ anchor: "bottom", stroke: colors.axis }),
          ...whiskerMarks(bars),
          ...seedMarks(bars),
          Plot.text(bars, {
            x: middle,
            y: (bar: Bar) => Math.max(bar.mean + bar.spread, ...bar.values),
            text: (bar: Bar) => percentage(bar.mean, barWidth < 42 ? 0 : 1),
            dy: -10,
            fontSize: sizes.small,
            fontWeight: "bold",
            fill: colors.ink,
          }),
          Plot.text(names, {
            ...under,
            text: (lines: string[]) => lines.join("\n"),
            lineHeight: LINE / sizes.small,
            dy: 7,
            fill: colors.ink,
          }),
          Plot.text(differences, {
            ...under,
            text: (text: string) => text,
            dy: 8 + nameLines * LINE,
            fill: colors.muted,
          }),
        ],
      },
    }],
  });
}

/** @param width of a bar with its gap, as a share of a group */
function barsOf(group: AccuracyGroup, index: number, conditions: readonly string[], width: number): Bar[] {
  return conditions.flatMap((condition, position) => {
    const given = group.scores[condition];
    const values = (given === undefined ? [] : typeof given === "number" ? [given] : [...given])
      .filter((value) => value !== null && !Number.isNaN(value));
    for (const value of values) {
      if (!(value >= 0 && value <= 1)) {
        throw new RangeError(
          `Accuracy "${condition}" of "${group.name}" must be a share from 0 to 1, got ${value}; divide percentages by 100.`,
        );
      }
    }
    if (values.length === 0) return [];
    const from = index + 0.5 + (position - conditions.length / 2) * width + width * 0.05;
    return [{
      group: index,
      condition,
      color: seriesColor(position),
      values,
      mean: mean(values)!,
      spread: deviation(values) ?? 0,
      from,
      to: from + width * 0.9,
    }];
  });
}

function whiskerMarks(bars: readonly Bar[]): Plot.Markish[] {
  const spread = bars.filter((bar) => bar.values.length > 1);
  const ends = spread.flatMap((bar) =>
    [Math.max(0, bar.mean - bar.spread), bar.mean + bar.spread].map((at) => ({
      at,
      x: whiskerAt(bar),
      w: bar.to - bar.from,
    }))
  );
  const stroke = { stroke: colors.ink, strokeWidth: 1.25 } as const;
  return [
    Plot.ruleX(spread, {
      ...stroke,
      x: whiskerAt,
      y1: (bar: Bar) => Math.max(0, bar.mean - bar.spread),
      y2: (bar: Bar) => bar.mean + bar.spread,
    }),
    Plot.ruleY(ends, {
      ...stroke,
      y: "at",
      x1: (end: { x: number; w: number }) => end.x - end.w * 0.08,
      x2: (end: { x: number; w: number }) => end.x + end.w * 0.08,
    }),
  ];
}

/** A dot for each seed, spread over the bar's width in the order given so that equal values can be told apart. */
function seedMarks(bars: readonly Bar[]): Plot.Markish[] {
  const dots = bars.filter((bar) => bar.values.length > 1).flatMap((bar) =>
    bar.values.map((value, index) => ({
      value,
      x: bar.from + (bar.to - bar.from) * (0.46 + (0.4 * index) / (bar.values.length - 1)),
    }))
  );
  return [Plot.dot(dots, { x: "x", y: "value", r: 2.5, fill: colors.background, stroke: colors.ink, strokeWidth: 1 })];
}

function difference(bars: readonly Bar[], conditions: readonly string[]): string {
  if (conditions.length !== 2 || bars.length !== 2) return "";
  const points = (bars[1].mean - bars[0].mean) * 100;
  return `${points < 0 ? "−" : "+"}${Math.abs(points).toFixed(1)} points`;
}

/** Left of the middle, clear of the dots. */
function whiskerAt(bar: Bar): number {
  return bar.from + (bar.to - bar.from) * 0.25;
}

function middle(bar: Bar): number {
  return (bar.from + bar.to) / 2;
}

function percentage(share: number, decimals: number): string {
  return `${(share * 100).toFixed(decimals)}%`;
}
