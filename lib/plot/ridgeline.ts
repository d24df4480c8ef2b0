// @ts-types="@types/d3-array"
import { quantileSorted } from "d3-array";
import * as Plot from "@observablehq/plot";
import { bottomAxisMarks, formatNumber, robustRange } from "./axes.ts";
import { binAxis, binEdges, countInBins } from "./bins.ts";
import { type ChartOptions, drawFigure, emptyFigure } from "./render.ts";
import type { StepRow } from "./rows.ts";
import { joinSteps, samplesByStep, type Stretch } from "./samples.ts";
import type { SvgString } from "./svg.ts";
import { textWidth } from "./text.ts";
import { theme } from "./theme.ts";

/** Options of a ridgeline chart. */
export interface RidgelineOptions extends ChartOptions {
  /** What is counted and its unit: the name of the horizontal axis. Default: the metric's name. */
  xLabel?: string;
  /** At most how many ridges the steps are joined into. Default 8. */
  ridges?: number;
  /** About how many bins. Default 32. */
  bins?: number;
}

const { colors, sizes, ramp, strokes } = theme;
/** How far the highest ridge reaches into those above it, in rows. */
const OVERLAP = 1.7;

/**
 * How the spread of values changes over a run: a histogram for each stretch of steps, the first at the top and light,
 * the last at the bottom and dark, each with its median. All have the same area for the same number of values.
 *
 * ```ts
 * const { completions } = await readRun("outputs/01-grpo-gsm8k-001");
 * ridgeline(completions, "reward", { title: "Reward of completions" });
 * ```
 *
 * @param rows one for each completion with `step` and the metric, or one for each step with an array of values
 * @throws {RangeError} when `bins` or `ridges` is not a positive number
 */
export function ridgeline(rows: readonly StepRow[], metric: string, options: RidgelineOptions = {}): SvgString {
  const { width = theme.chart.width, height = theme.chart.height, bins = 32, ridges = 8 } = options;
  if (!(bins > 0 && ridges > 0)) {
    throw new RangeError(`ridgeline needs positive numbers of bins and ridges, got ${bins}, ${ridges}.`);
  }
  const stretches = joinSteps(samplesByStep(rows, metric), ridges);
  const frame = { title: options.title ?? metric, subtitle: options.subtitle, width, height };
  if (stretches.length === 0) return emptyFigure(frame, `no data yet for ${metric}`);

  const all = stretches.flatMap(({ values }) => values);
  const [low, high] = robustRange(all);
  const clamp = (value: number) => Math.max(low, Math.min(high, value));
  const edges = binEdges(all.map(clamp), bins);
  const counted = stretches.map((stretch, index) => ({
    ...stretch,
    base: stretches.length - 1 - index,
    color: ramp[1 + Math.round((index * (ramp.length - 2)) / Math.max(1, stretches.length - 1))],
    bins: countInBins(stretch.values.map(clamp), edges).map((bin) => ({
      ...bin,
      height: bin.height / stretch.values.length,
    })),
  }));
  const highest = Math.max(...counted.flatMap((each) => each.bins.map((bin) => bin.height)));
  const scale = (stretches.length > 1 ? OVERLAP : 1) / highest;
  const names = stretches.map(nameOf);
  const medians = stretches.map(({ values }) => `median ${formatNumber(quantileSorted(values, 0.5)!)}`);
  const marginRight = Math.ceil(Math.max(...medians.map((text) => textWidth(text, sizes.small)))) + 12;
  const marginLeft = Math.ceil(Math.max(...names.map((text) => textWidth(text, sizes.small)))) + 10;
  const xAxis = binAxis(edges, width - 2 * theme.chart.padding - marginLeft - marginRight);
  const besides = { y: (_: unknown, i: number) => counted[i].base, fontSize: sizes.small, dy: -6 } as const;
  return drawFigure({
    ...frame,
    note: `${all.length.toLocaleString("en-US")} values`,
    parts: [{
      baseLabel: options.xLabel ?? metric,
      options: {
        marginLeft,
        marginRight,
        marginTop: 8,
        marginBottom: 36,
        x: { domain: xAxis.domain, axis: null },
        y: { domain: [0, stretches.length - 1 + Math.max(1, OVERLAP * 0.95)], axis: null },
        marks: [
          Plot.gridX(xAxis.ticks, { stroke: colors.grid, strokeOpacity: 1 }),
          Plot.ruleY(counted, { y: "base", stroke: colors.grid }),
          // Ridges are drawn from the top so that each stands in front of those above it.
          ...counted.flatMap((each) => ridgeMarks(each, scale, clamp)),
          ...bottomAxisMarks(xAxis),
          Plot.text(names, { ...besides, frameAnchor: "left", textAnchor: "end", dx: -8, fill: colors.ink }),
          Plot.text(medians, { ...besides, frameAnchor: "right", textAnchor: "start", dx: 8, fill: colors.muted }),
        ],
      },
    }],
  });
}

function nameOf({ from, to }: Stretch): string {
  const format = (step: number) => step.toLocaleString("en-US");
  return from === to ? `step ${format(from)}` : `steps ${format(from)}–${format(to)}`;
}

function ridgeMarks(
  { base, bins, color, values }: {
    base: number;
    bins: { from: number; to: number; height: number }[];
    color: string;
    values: number[];
  },
  scale: number,
  clamp: (value: number) => number,
): Plot.Markish[] {
  const outline = bins.flatMap(({ from, to, height }) => [from, to].map((x) => ({ x, y: base + height * scale })));
  const middle = clamp(quantileSorted(values, 0.5)!);
  const there = bins.find(({ from, to }) => middle >= from && middle < to) ?? bins[bins.length - 1];
  return [
    Plot.areaY(outline, { x: "x", y1: base, y2: "y", fill: color, fillOpacity: 0.9 }),
    Plot.line(outline, { x: "x", y: "y", stroke: colors.background, strokeWidth: strokes.thin }),
    Plot.ruleX([middle], {
      y1: base,
      y2: base + there.height * scale,
      stroke: colors.ink,
      strokeWidth: strokes.thin,
    }),
  ];
}
