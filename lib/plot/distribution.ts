// @ts-types="@types/d3-array"
import { quantileSorted } from "d3-array";
import * as Plot from "@observablehq/plot";
import { bottomAxisMarks, leftAxisMarks, progressAxis, robustRange, valueAxis } from "./axes.ts";
import { binEdges, countInBins } from "./bins.ts";
import type { LegendEntry } from "./header.ts";
import { type ChartOptions, drawFigure, emptyFigure } from "./render.ts";
import type { StepRow } from "./rows.ts";
import { joinSteps, samplesByStep, type Stretch } from "./samples.ts";
import type { SvgString } from "./svg.ts";
import { theme } from "./theme.ts";

/** Options of a chart of how values are spread at each step. */
export interface DistributionOptions extends ChartOptions {
  /** Name and unit of the value axis. Default: the metric's name. */
  yLabel?: string;
  /** About how many bins the values fall into. Default 24. */
  bins?: number;
  /** At most how many columns the steps are joined into. Default 48. */
  columns?: number;
}

const { colors, strokes, ramp } = theme;

/**
 * How values are spread over a run: a column for each stretch of steps, darker where more of its values lie, with lines
 * at the median and the middle 80 %. For what a step has many of: lengths, rewards or advantages of its completions.
 *
 * ```ts
 * const { completions } = await readRun("outputs/01-grpo-gsm8k-001");
 * distributionOverSteps(completions, "advantage", { title: "Advantages" });
 * ```
 *
 * @param rows one for each completion with `step` and the metric, or one for each step with an array of values
 * @throws {RangeError} when `bins` or `columns` is not a positive number
 */
export function distributionOverSteps(
  rows: readonly StepRow[],
  metric: string,
  options: DistributionOptions = {},
): SvgString {
  const { width = theme.chart.width, height = theme.chart.height, bins = 24, columns = 48 } = options;
  if (!(bins > 0 && columns > 0)) {
    throw new RangeError(`distributionOverSteps needs positive numbers of bins and columns, got ${bins}, ${columns}.`);
  }
  const stretches = joinSteps(samplesByStep(rows, metric), columns);
  const frame = { title: options.title ?? metric, subtitle: options.subtitle, width, height };
  if (stretches.length === 0) return emptyFigure(frame, `no data yet for ${metric}`);

  const all = stretches.flatMap(({ values }) => values);
  const [low, high] = robustRange(all);
  const clamped = (values: readonly number[]) => values.map((value) => Math.max(low, Math.min(high, value)));
  const edges = binEdges(clamped(all), bins);
  const yAxis = valueAxis([edges[0], edges[edges.length - 1]], height - 130, { exact: true });
  const marginLeft = Math.ceil(yAxis.labelWidth) + 9;
  const xAxis = {
    ...progressAxis(
      [stretches[0].from - 0.5, stretches[stretches.length - 1].to + 0.5],
      width - 2 * theme.chart.padding - marginLeft - 14,
      { whole: true },
    ),
  };
  // A first column that starts at half a step would otherwise leave a gap at 0.
  xAxis.domain = [stretches[0].from - 0.5, Math.max(xAxis.domain[1], stretches[stretches.length - 1].to + 0.5)];
  xAxis.ticks = xAxis.ticks.filter((tick) => tick >= xAxis.domain[0]);
  const cells = cellsOf(stretches, (values) => countInBins(clamped(values), edges));
  const outside = all.filter((value) => value < low || value > high).length;
  return drawFigure({
    ...frame,
    note: `${all.length.toLocaleString("en-US")} values`,
    legend: options.legend === false ? [] : legendOf(cells.largest),
    parts: [{
      valueLabel: (options.yLabel ?? metric) +
        (outside > 0 ? `, ${outside.toLocaleString("en-US")} beyond the ends counted there` : ""),
      baseLabel: "step",
      options: {
        marginLeft,
        marginRight: 14,
        marginTop: 26,
        marginBottom: 36,
        x: { domain: xAxis.domain, axis: null },
        y: { domain: yAxis.domain, axis: null },
        marks: [
          ...leftAxisMarks(yAxis),
          Plot.rect(cells.filled, {
            x1: "x1",
            x2: "x2",
            y1: "from",
            y2: "to",
            fill: (cell: { shade: number }) => ramp[cell.shade],
            shapeRendering: "crispEdges",
          }),
          ...quantileMarks(stretches, [low, high]),
          ...bottomAxisMarks(xAxis),
        ],
      },
    }],
  });
}

interface Cell {
  x1: number;
  x2: number;
  from: number;
  to: number;
  shade: number;
}

/** Cells that hold something, shaded by the share of their column's values in equal classes up to the largest share. */
function cellsOf(
  stretches: readonly Stretch[],
  count: (values: readonly number[]) => { from: number; to: number; height: number }[],
): { filled: Cell[]; largest: number } {
  const counted = stretches.map(({ from, to, values }) => ({
    x1: from - 0.5,
    x2: to + 0.5,
    bins: count(values).filter((bin) => bin.height > 0).map((bin) => ({ ...bin, share: bin.height / values.length })),
  }));
  const shares = counted.flatMap(({ bins }) => bins.map(({ share }) => share)).sort((a, b) => a - b);
  // One step in which all values agree must not leave the others pale; what lies above gets the darkest shade too.
  const largest = shares.length < 40 ? shares[shares.length - 1] : quantileSorted(shares, 0.98)!;
  const filled = counted.flatMap(({ x1, x2, bins }) =>
    bins.map(({ from, to, share }) => ({
      x1,
      x2,
      from,
      to,
      shade: Math.min(ramp.length - 1, Math.floor((share / largest) * ramp.length)),
    }))
  );
  return { filled, largest };
}

function legendOf(largest: number): LegendEntry[] {
  const percent = `${(largest * 100).toFixed(largest < 0.1 ? 1 : 0)}%`;
  return [
    { label: `0 to ${percent} of the values of a step`, color: ramp[0], shape: "ramp" },
    { label: "median", color: colors.ink, shape: "line" },
    { label: "middle 80%", color: colors.ink, shape: "line", dash: "3 3" },
  ];
}

function quantileMarks(stretches: readonly Stretch[], [low, high]: readonly [number, number]): Plot.Markish[] {
  const line = (share: number, style: Plot.LineYOptions) =>
    Plot.lineY(
      stretches.map(({ from, to, values }) => ({
        x: (from + to) / 2,
        y: Math.max(low, Math.min(high, quantileSorted(values, share)!)),
      })),
      { x: "x", y: "y", stroke: colors.ink, ...style },
    );
  const dashed = { strokeWidth: strokes.thin, strokeDasharray: "3 3" };
  // The median runs over the darkest cells: a light edge keeps it visible there.
  const halo = { stroke: colors.background, strokeOpacity: 0.8, strokeWidth: strokes.smooth + 2.5 };
  return [line(0.1, dashed), line(0.9, dashed), line(0.5, halo), line(0.5, { strokeWidth: strokes.smooth })];
}
