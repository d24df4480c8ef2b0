// @ts-types="@types/d3-array"
import { ticks, tickStep } from "d3-array";
import { thinTicks, tickFormat, type ValueAxis } from "./axes.ts";

/** A bin and how many values, or what share of them, it holds. */
export interface Bin {
  from: number;
  to: number;
  height: number;
}

const FEWEST_BINS = 5;

/**
 * Edges of equal bins at round values, the same for all groups. Whole numbers get bins of whole width, and where each
 * has its own bin, it stands in the middle of it. Where values lie on both sides of zero, zero is in the middle of a bin:
 * advantages are often exactly zero, and their histogram should lean to neither side.
 *
 * @param bins about how many
 */
export function binEdges(values: readonly number[], bins: number): number[] {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  const whole = values.every(Number.isInteger);
  // Between numbers that differ by less than this there are no round values that doubles can hold.
  const narrowest = 1e-9 * Math.max(Math.abs(low), Math.abs(high));
  const span = Math.max(narrowest, high - low || (whole ? 1 : Math.abs(low) * 0.1 || 1));
  const step = Math.max(whole ? 1 : 1e-300, tickStep(0, span, bins));
  const centred = whole ? step === 1 : low < 0 && high > 0;
  const shift = centred ? step / 2 : 0;
  // A bar alone would fill the chart: there are always a few places beside it.
  const [lowest, highest] = [low, high].map((value) => Math.floor((value + shift) / step));
  const empty = Math.max(0, FEWEST_BINS - (highest - lowest + 1));
  const first = lowest - Math.floor(empty / 2);
  const last = highest + 1 + Math.ceil(empty / 2);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step - shift).toPrecision(12)));
}

/** How many of the values each bin holds; a value on an edge counts in the bin that begins there. */
export function countInBins(values: readonly number[], edges: readonly number[]): Bin[] {
  const bins = edges.slice(1).map((to, i): Bin => ({ from: edges[i], to, height: 0 }));
  const step = (edges[edges.length - 1] - edges[0]) / bins.length;
  for (const value of values) {
    let index = Math.max(0, Math.min(bins.length - 1, Math.floor((value - edges[0]) / step)));
    // The division may be off by a last digit right at an edge.
    if (value < bins[index].from && index > 0) index--;
    else if (value >= bins[index].to && index < bins.length - 1) index++;
    bins[index].height++;
  }
  return bins;
}

/**
 * Ticks over the bins; at whole numbers where the bins stand for one number each.
 *
 * @param width pixels between the ends of the axis
 */
export function binAxis(edges: readonly number[], width: number): Omit<ValueAxis, "labelWidth"> {
  const [low, high] = [edges[0], edges[edges.length - 1]];
  const count = Math.max(2, Math.round(width / 90));
  const oneNumberEach = !Number.isInteger(low) && edges[1] - low === 1;
  const step = tickStep(low, high, count);
  const at = ticks(low, high, count).filter((tick) => !oneNumberEach || Number.isInteger(tick));
  const format = tickFormat(oneNumberEach ? Math.max(1, step) : step, Math.max(Math.abs(low), Math.abs(high)));
  return { domain: [low, high], ticks: thinTicks(at, [low, high], width, format), format };
}
