import * as Plot from "@observablehq/plot";
import { thinTicks, valueAxis } from "./axes.ts";
import type { LegendEntry } from "./header.ts";
import { type ChartOptions, drawFigure, emptyFigure, roomForParts } from "./render.ts";
import type { SvgString } from "./svg.ts";
import { ellipsize, textWidth } from "./text.ts";
import { seriesColor, theme } from "./theme.ts";

/** Something that took time. */
export interface TimelineBar {
  /** Which colour it has; kinds are in the legend in the order in which they are first met. */
  kind: string;
  start: number;
  end: number;
  /** Written into the bar where it has room. */
  label?: string;
}

/** What happened in one of several stretches of time, each of which begins at 0. */
export interface TimelineRow {
  name: string;
  /** In any order; they should not overlap. */
  bars: readonly TimelineBar[];
  /** Written after the last bar. */
  note?: string;
}

/** How rows are drawn. */
export interface TimelineOptions extends ChartOptions {
  /** Default: as high as the rows need to be read. */
  height?: number;
  /** What times are in. Default "milliseconds". */
  xLabel?: string;
  /** Kinds in the order of the legend, those without a bar left out. Default: as they are met. */
  kinds?: readonly string[];
}

const { colors, sizes } = theme;
/** Pixels of a row, and of the part of it that its bar takes. */
const ROW = 34;
const BAR_SHARE = 0.64;
/** Pixels around words in a bar. */
const GAP = 5;
/** The narrowest bar in pixels: what took no time to speak of is seen too. */
const NARROWEST = 2;
/** Room in a bar below which a label would be little more than an ellipsis. */
const LEAST_LABEL = 22;
/** Share of the width that notes may take. */
const NOTE_SHARE = 0.3;

/**
 * What happened when: a row for each question to an agent, say, with a bar for each thing that it did. A label that its bar
 * has no room for is cut, or left out; the bar's tooltip has it whole.
 *
 * ```ts
 * timeline([{ name: "What is 6*7?", bars: [{ kind: "call", start: 0, end: 80, label: "calculator" }], note: "42" }]);
 * ```
 *
 * @throws {RangeError} when a bar begins before 0 or ends before it begins
 */
export function timeline(rows: readonly TimelineRow[], options: TimelineOptions = {}): SvgString {
  const { width = theme.chart.width, xLabel = "milliseconds", title = "Timeline", subtitle } = options;
  checkRows(rows);
  const met = new Set(rows.flatMap(({ bars }) => bars.map(({ kind }) => kind)));
  const kinds = [...new Set([...(options.kinds ?? []).filter((kind) => met.has(kind)), ...met])];
  const frame = { title, subtitle, width };
  if (met.size === 0) return emptyFigure({ ...frame, height: options.height ?? theme.chart.height }, "no data yet");

  const colorOf = (kind: string) => seriesColor(kinds.indexOf(kind));
  const head = {
    ...frame,
    legend: options.legend === false
      ? []
      : kinds.map((label): LegendEntry => ({ label, color: colorOf(label), shape: "square" })),
  };
  const [marginTop, marginBottom, marginRight] = [4, 36, 8];
  // What stands above takes as much in a drawing of any height.
  const above = 4000 - roomForParts({ ...head, height: 4000 });
  const height = options.height ?? Math.ceil(above + marginTop + marginBottom + rows.length * ROW);
  const names = rows.map(({ name }) => ellipsize(name, width / 3, sizes.small));
  const marginLeft = Math.ceil(Math.max(...names.map((name) => textWidth(name, sizes.small)))) + 14;
  const inner = width - 2 * theme.chart.padding - marginLeft - marginRight;
  const notes = rows.map(({ note = "" }) => ellipsize(note, inner * NOTE_SHARE, sizes.small));

  const ends = rows.map(({ bars }) => Math.max(0, ...bars.map(({ end }) => end)));
  const last = rightEnd(ends, notes, inner);
  const scale = inner / last;
  const axis = valueAxis([0, last], inner, { exact: true });
  const ticks = thinTicks(axis.ticks, [0, last], inner, axis.format);
  const bars = rows.flatMap((row, at) =>
    row.bars.map((bar): PlacedBar => ({ ...bar, label: bar.label?.replace(/\s+/g, " ").trim(), row: at }))
  );
  // Narrow ones on top: else a neighbour would cover them.
  const drawn = bars.toSorted((a, b) => (b.end - b.start) - (a.end - a.start));
  const rightOf = ({ start, end }: PlacedBar) => Math.max(end, start + NARROWEST / scale);
  const labelled = bars.filter(({ start, end }) => (end - start) * scale - 2 * GAP >= LEAST_LABEL);
  const y = {
    y1: ({ row }: PlacedBar) => row + (1 - BAR_SHARE) / 2,
    y2: ({ row }: PlacedBar) => row + (1 + BAR_SHARE) / 2,
  };
  return drawFigure({
    ...head,
    height,
    parts: [{
      baseLabel: xLabel,
      options: {
        marginLeft,
        marginRight,
        marginTop,
        marginBottom,
        x: { domain: [0, last], axis: null },
        y: { domain: [rows.length, 0], axis: null },
        marks: [
          Plot.ruleX(ticks, { stroke: colors.grid }),
          Plot.text(ticks, {
            x: (tick: number) => tick,
            frameAnchor: "bottom",
            text: axis.format,
            dy: 16,
            fontSize: sizes.small,
            fill: colors.muted,
          }),
          Plot.frame({ anchor: "left", stroke: colors.axis }),
          Plot.rect(drawn, {
            ...y,
            x1: "start",
            x2: rightOf,
            fill: ({ kind }: PlacedBar) => colorOf(kind),
            // Dark words are read well on it.
            fillOpacity: 0.34,
            stroke: ({ kind }: PlacedBar) => colorOf(kind),
            strokeWidth: theme.strokes.raw,
            title: ({ kind, label, start, end }: PlacedBar) =>
              `${label === undefined ? kind : `${kind}: ${label}`}, ${axis.format(start)} to ${axis.format(end)}`,
          }),
          Plot.text(labelled, {
            x: ({ start, end }: PlacedBar) => (start + end) / 2,
            y: ({ row }: PlacedBar) => row + 0.5,
            text: ({ start, end, label = "" }: PlacedBar) =>
              ellipsize(label, (end - start) * scale - 2 * GAP, sizes.small),
            fontSize: sizes.small,
            fill: colors.ink,
          }),
          Plot.text(names, {
            x: 0,
            y: (_: string, index: number) => index + 0.5,
            text: (name: string) => name,
            textAnchor: "end",
            dx: -8,
            fontSize: sizes.small,
            fill: colors.ink,
          }),
          Plot.text(notes, {
            x: (_: string, index: number) => ends[index],
            y: (_: string, index: number) => index + 0.5,
            text: (note: string) => note,
            textAnchor: "start",
            dx: NARROWEST + GAP,
            fontSize: sizes.small,
            fill: colors.muted,
          }),
        ],
      },
    }],
  });
}

interface PlacedBar extends TimelineBar {
  row: number;
}

/** Where the axis ends, so that each row's note has room behind its last bar. */
function rightEnd(ends: readonly number[], notes: readonly string[], width: number): number {
  const wanted = ends.map((end, index) => {
    const room = notes[index] === "" ? 0 : textWidth(notes[index], sizes.small) + NARROWEST + 2 * GAP;
    return end * width / (width - room);
  });
  return Math.max(...wanted) || 1;
}

function checkRows(rows: readonly TimelineRow[]): void {
  for (const { name, bars } of rows) {
    for (const { kind, start, end } of bars) {
      if (start >= 0 && end >= start && Number.isFinite(end)) continue;
      throw new RangeError(`"${kind}" of "${name}" lasts from ${start} to ${end}: expected 0 or more, then no less.`);
    }
  }
}
