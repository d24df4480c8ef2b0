import type { HistogramMessage } from "./event.ts";

const BUCKETS = 30;

/**
 * Counts values into at most 30 buckets of equal width, in TensorBoard's form. Whole numbers, such as lengths, get
 * buckets that hold the same number of whole numbers each, so that no gap is an artefact. Values that are not finite are
 * left out.
 *
 * @returns undefined when no value is finite
 */
export function histogramOf(values: ArrayLike<number>): HistogramMessage | undefined {
  const finite = Array.from(values).filter(Number.isFinite);
  if (finite.length === 0) return undefined;
  let [min, max, sum, sumSquares, whole] = [Infinity, -Infinity, 0, 0, true];
  for (const value of finite) {
    [min, max] = [Math.min(min, value), Math.max(max, value)];
    sum += value;
    sumSquares += value * value;
    whole &&= Number.isInteger(value) && Math.abs(value) < 2 ** 31;
  }
  const bucketLimit = whole ? wholeLimits(min, max) : limits(min, max);
  const bucket = new Array<number>(bucketLimit.length).fill(0);
  for (const value of finite) bucket[bucketLimit.findIndex((limit) => value <= limit)]++;
  return { min, max, num: finite.length, sum, sumSquares, bucketLimit, bucket };
}

function limits(min: number, max: number): number[] {
  const width = (max - min) / BUCKETS;
  // One value, or too far apart for a number to say how far.
  if (width === 0 || width === Infinity) return [max];
  return Array.from({ length: BUCKETS }, (_, i) => i === BUCKETS - 1 ? max : Math.min(max, min + width * (i + 1)));
}

/** Limits halfway between whole numbers. */
function wholeLimits(min: number, max: number): number[] {
  const width = Math.ceil((max - min + 1) / BUCKETS);
  return Array.from({ length: Math.ceil((max - min + 1) / width) }, (_, i) => min - 0.5 + width * (i + 1));
}
