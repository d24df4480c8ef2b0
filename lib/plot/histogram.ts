// @ts-types="@types/d3-array"
import { median } from "d3-array";
import * as Plot from "@observablehq/plot";
import { bottomAxisMarks, formatNumber, leftAxisMarks, valueAxis } from "./axes.ts";
import { type Bin, binAxis, binEdges, countInBins } from "./bins.ts";
import type { LegendEntry } from "./header.ts";
import { type ChartOptions, drawFigure, emptyFigure } from "./render.ts";
import { isDrawable } from "./rows.ts";
import type { SvgString } from "./svg.ts";
import { seriesColor, theme } from "./theme.ts";

/** Options of a histogram. */
export interface HistogramOptions extends ChartOptions {
  /** What is counted and its unit: the name of the horizontal axis. Default "value". */
  xLabel?: string;
  /** About how many bars; they end at round values. Default 24. */
  bins?: number;
}

/** Numbers of one kind, or of several named groups to be compared. */
export type HistogramValues =
  | Iterable<number | null | undefined>
  | { readonly groups: Readonly<Record<string, Iterable<number | null | undefined>>> };

interface Group {
  name: string;
  values: number[];
  skipped: number;
  color: string;
}

const { colors, opacities } = theme;

/**
 * How values such as lengths or advantages are spread, with the median marked. Several groups are drawn over each other
 * as shares of their own size, so that groups of different sizes compare. Values that are missing, NaN or infinite are
 * left out and counted.
 *
 * ```ts
 * histogram([12, 30, 31, 44], { title: "Completion length", xLabel: "tokens" });
 * histogram({ groups: { "step 1": [-1, 0.2, 0.8], "step 200": [-0.1, 0, 0.1] } }, { xLabel: "advantage" });
 * ```
 *
 * @throws {RangeError} when `bins` is not a positive number
 */
export function histogram(values: HistogramValues, options: HistogramOptions = {}): SvgString {
  const { width = theme.chart.width, height = theme.chart.height, bins = 24, xLabel = "value" } = options;
  if (!(bins > 0)) throw new RangeError(`histogram needs a positive number of bins, got ${bins}.`);
  const comparison = "groups" in values;
  const groups = groupsOf(values);
  const filled = groups.filter((group) => group.values.length > 0);
  const frame = { title: options.title ?? "Histogram", subtitle: options.subtitle, width, height };
  if (filled.length === 0) return emptyFigure(frame, "no data yet");

  const edges = binEdges(filled.flatMap((group) => group.values), bins);
  const bars = filled.map((group) => {
    const counted = countInBins(group.values, edges);
    const unit = comparison ? group.values.length : 1;
    return { ...group, bars: counted.map((bin) => ({ ...bin, height: bin.height / unit })) };
  });
  const yAxis = valueAxis(
    [0, Math.max(...bars.flatMap((group) => group.bars.map((bar) => bar.height)))],
    height - 130,
    {
      whole: !comparison,
      format: comparison ? (share) => `${+(share * 100).toFixed(1)}%` : undefined,
    },
  );
  const xAxis = binAxis(edges, width);
  return drawFigure({
    ...frame,
    note: comparison ? undefined : summary(filled[0]),
    legend: options.legend === false || !comparison ? [] : groups.map((group): LegendEntry => ({
      label: `${group.name}: ${summary(group)}`,
      color: group.color,
      shape: "square",
    })),
    parts: [{
      valueLabel: comparison ? "share" : "count",
      baseLabel: xLabel,
      options: {
        marginLeft: Math.ceil(yAxis.labelWidth) + 9,
        marginRight: 14,
        marginTop: 26,
        marginBottom: 36,
        x: { domain: xAxis.domain, axis: null },
        y: { domain: yAxis.domain, axis: null },
        marks: [
          ...leftAxisMarks(yAxis),
          ...bars.flatMap((group) => comparison ? outlineMarks(group) : barMarks(group)),
          ...bottomAxisMarks(xAxis),
          ...filled.map((group) =>
            Plot.ruleX([median(group.values)!], {
              stroke: comparison ? group.color : colors.ink,
              strokeWidth: theme.strokes.thin,
              strokeDasharray: "4 3",
            })
          ),
        ],
      },
    }],
  });
}

function groupsOf(values: HistogramValues): Group[] {
  const named = "groups" in values ? Object.entries(values.groups) : [["", values] as const];
  return named.map(([name, each], index) => {
    const all = [...each];
    const finite = all.filter(isDrawable);
    return { name, values: finite, skipped: all.length - finite.length, color: seriesColor(index) };
  });
}

function barMarks({ bars, color }: { bars: Bin[]; color: string }): Plot.Markish[] {
  return [
    Plot.rect(bars.filter((bar) => bar.height > 0), {
      x1: "from",
      x2: "to",
      y1: 0,
      y2: "height",
      fill: color,
      fillOpacity: opacities.bar,
      insetLeft: 0.5,
      insetRight: 0.5,
    }),
  ];
}

/** A translucent area with a strong edge, so that the group behind can be read too. */
function outlineMarks({ bars, color }: { bars: Bin[]; color: string }): Plot.Markish[] {
  const outline = [
    { at: bars[0].from, height: 0 },
    ...bars.flatMap((bar) => [{ at: bar.from, height: bar.height }, { at: bar.to, height: bar.height }]),
    { at: bars[bars.length - 1].to, height: 0 },
  ];
  return [
    Plot.areaY(outline, { x: "at", y1: 0, y2: "height", fill: color, fillOpacity: 0.22 }),
    Plot.line(outline, { x: "at", y: "height", stroke: color, strokeWidth: 1.5, strokeLinejoin: "miter" }),
  ];
}

function summary({ values, skipped }: Group): string {
  const parts = [`n = ${values.length.toLocaleString("en-US")}`];
  if (values.length > 0) parts.push(`median ${formatNumber(median(values)!)}`);
  if (skipped > 0) parts.push(`${skipped} left out`);
  return parts.join(", ");
}
