// @ts-types="@types/d3-array"
import { nice, quantileSorted, ticks, tickStep } from "d3-array";
import * as Plot from "@observablehq/plot";
import { textWidth } from "./text.ts";
import { theme } from "./theme.ts";

/** Pixels of height that a tick label needs for itself. */
const TICK_ROOM = 17;

/** A value axis: what it spans, where its ticks are, and how they are written. */
export interface ValueAxis {
  /** Default "linear". */
  type?: "linear" | "log";
  domain: [number, number];
  ticks: number[];
  format: (value: number) => string;
  /** Width in pixels of the widest tick label. */
  labelWidth: number;
}

/**
 * Writes axis values so that neighbouring ticks differ: 0.25, 1,200, 25k, 2e-6.
 *
 * @param step distance between ticks
 * @param largest largest absolute value on the axis
 */
export function tickFormat(step: number, largest: number): (value: number) => string {
  const decimals = (unit: number) => Math.min(20, Math.max(0, -Math.floor(Math.log10(step / unit) + 1e-9)));
  const plain = (value: number, unit: number, suffix: string) =>
    value === 0 ? "0" : `${grouped(value / unit, decimals(unit))}${suffix}`;
  if (largest >= 1e12 || largest < 1e-3) return (value) => scientific(value, step);
  if (largest >= 1e9) return (value) => plain(value, 1e9, "G");
  if (largest >= 1e6) return (value) => plain(value, 1e6, "M");
  if (largest >= 1e4) return (value) => plain(value, 1e3, "k");
  return (value) => plain(value, 1, "");
}

/** A single number with about three significant digits: 0.412, 23.1, 1,204, 25.3k, 1.2e-6. */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (Number.isInteger(value) && size < 1e4) return tickFormat(1, size)(value);
  const step = 10 ** (Math.floor(Math.log10(size)) - 2);
  return tickFormat(size >= 1e4 ? step : Math.min(1, step), size)(value);
}

/**
 * An axis for a range of values. A constant series gets room above and below; zero is on the axis when it is near.
 *
 * @param height pixels between the ends of the axis
 * @param options `exact` keeps the range as it is, `whole` allows ticks at whole numbers only, `format` replaces the
 * number format
 */
export function valueAxis(
  [low, high]: readonly [number, number],
  height: number,
  options: { exact?: boolean; whole?: boolean; format?: (value: number) => string } = {},
): ValueAxis {
  const size = Math.max(Math.abs(low), Math.abs(high));
  // Ticks between numbers this close would differ in digits that doubles do not have.
  if (size < 1e-300) [low, high] = [0, 1];
  else if (high - low < 1e-12 * size) [low, high] = [low - 0.5 * size, high + 0.5 * size];
  if (low > 0 && low < 0.35 * high) low = 0;
  if (high < 0 && high > 0.35 * low) high = 0;
  const count = Math.max(2, Math.min(8, Math.round(height / 40)));
  // Rounding the ends to half a tick instead of a whole one leaves less of the chart empty.
  const domain = (options.exact ? [low, high] : nice(low, high, 2 * count)) as [number, number];
  // A short axis may fall between two ticks; ask for more until there are two to read a distance from.
  let asked = count;
  const marked = () => ticks(domain[0], domain[1], asked).filter((tick) => !options.whole || Number.isInteger(tick));
  while (marked().length < 2 && asked < 10) asked++;
  // In a chart with a tall header even those may be too many.
  const every = Math.ceil((marked().length * TICK_ROOM) / Math.max(1, height + TICK_ROOM));
  const at = marked().filter((_, index) => index % every === 0);
  const step = tickStep(domain[0], domain[1], asked) * every;
  const largest = Math.max(Math.abs(domain[0]), Math.abs(domain[1]));
  const format = options.format ?? tickFormat(options.whole ? Math.max(1, step) : step, largest);
  return {
    domain,
    ticks: at,
    format,
    labelWidth: Math.max(...at.map((tick) => textWidth(format(tick), theme.sizes.small))),
  };
}

/**
 * A horizontal axis: from 0 when the first place is near it.
 *
 * @param width pixels between the ends of the axis
 * @param options `whole` allows ticks at whole numbers only, as steps and tokens need them
 */
export function progressAxis(
  [low, high]: readonly [number, number],
  width: number,
  { whole }: { whole: boolean },
): Omit<ValueAxis, "labelWidth"> {
  const nearZero = Math.max(whole ? 1 : 0, 0.06 * high);
  const from = low >= 0 && low <= nearZero ? 0 : low;
  const room = whole ? 1 : Math.abs(high) * 0.1 || 1;
  // A place alone stands in the middle.
  const domain: [number, number] = low === high ? [low - room, high + room] : [from, high];
  const count = Math.max(2, Math.round(width / 90));
  const at = ticks(domain[0], domain[1], count).filter((tick) => !whole || Number.isInteger(tick));
  const step = tickStep(domain[0], domain[1], count);
  const format = tickFormat(whole ? Math.max(1, step) : step, Math.max(...domain.map(Math.abs)));
  return { domain, ticks: thinTicks(at, domain, width, format), format };
}

/**
 * Every tick of a horizontal axis, or every second, third, ... where labels would touch.
 *
 * @param width pixels between the ends of the axis
 */
export function thinTicks(
  at: readonly number[],
  [from, to]: readonly [number, number],
  width: number,
  format: (value: number) => string,
): number[] {
  if (at.length < 2) return [...at];
  const distance = ((at[1] - at[0]) / (to - from)) * width;
  const widest = Math.max(...at.map((tick) => textWidth(format(tick), theme.sizes.small)));
  const every = Math.max(1, Math.ceil((widest + 8) / distance));
  return at.filter((_, index) => index % every === 0);
}

/**
 * The range to draw, so that a few spikes do not flatten the rest of a curve: with at least 40 values, an end that lies
 * further from the middle 96 % than three times their spread is cut a little outside them.
 */
export function robustRange(values: readonly number[]): [number, number] {
  const sorted = [...values].sort((a, b) => a - b);
  const low = sorted[0];
  const high = sorted[sorted.length - 1];
  if (sorted.length < 40) return [low, high];
  const from = quantileSorted(sorted, 0.02)!;
  const to = quantileSorted(sorted, 0.98)!;
  const spread = to - from;
  if (spread === 0) return [low, high];
  return [from - low > 3 * spread ? from - 0.15 * spread : low, high - to > 3 * spread ? to + 0.15 * spread : high];
}

const { colors, sizes } = theme;
const tickText = { fontSize: sizes.small, color: colors.muted, tickSize: 0, label: null } as const;

/** Grid lines and tick labels of a value axis on the left. */
export function leftAxisMarks(axis: ValueAxis): Plot.Markish[] {
  return [
    Plot.gridY(axis.ticks, { stroke: colors.grid, strokeOpacity: 1 }),
    Plot.axisY(axis.ticks, { ...tickText, tickFormat: axis.format, tickPadding: 7 }),
  ];
}

/** The line at the bottom and, unless `labels` is false, tick labels below it. */
export function bottomAxisMarks(axis: Omit<ValueAxis, "labelWidth">, labels = true): Plot.Markish[] {
  const line = Plot.frame({ anchor: "bottom", stroke: colors.axis, insetLeft: 0 });
  if (!labels) return [line];
  return [line, Plot.axisX(axis.ticks, { ...tickText, tickFormat: axis.format, tickPadding: 7 })];
}

/** The line at zero where the axis runs through it. */
export function zeroLine(axis: ValueAxis): Plot.Markish[] {
  return axis.domain[0] < 0 && axis.domain[1] > 0 ? [Plot.ruleY([0], { stroke: colors.axis })] : [];
}

/** A dashed line at a value, if there is one and the axis runs through it. */
export function referenceLine({ domain }: ValueAxis, value: number | undefined): Plot.Markish[] {
  if (value === undefined || value <= domain[0] || value >= domain[1]) return [];
  return [Plot.ruleY([value], { stroke: colors.muted, strokeDasharray: "2 3" })];
}

function grouped(value: number, decimals: number): string {
  const [whole, fraction] = Math.abs(value).toFixed(decimals).split(".");
  const digits = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return `${value < 0 ? "−" : ""}${digits}${fraction ? `.${fraction}` : ""}`;
}

function scientific(value: number, step: number): string {
  if (value === 0) return "0";
  const exponent = Math.floor(Math.log10(Math.abs(value)) + 1e-9);
  const decimals = Math.max(0, Math.min(6, exponent - Math.floor(Math.log10(step) + 1e-9)));
  return Math.abs(value).toExponential(decimals).replace(/\.?0+e/, "e").replace("e+", "e").replace("e-", "e−")
    .replace(/^/, value < 0 ? "−" : "");
}
