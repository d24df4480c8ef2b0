/** How sure a mean over questions is. */
import { Random, type RandomSeed } from "../../random/mod.ts";

/** A mean with its confidence interval. */
export interface MeanInterval {
  mean: number;
  low: number;
  high: number;
  /** Values that it is the mean of. */
  count: number;
}

/** Options of `meanInterval`. */
export interface MeanIntervalOptions {
  /** The interval's coverage, above 0 and below 1. Default 0.95. */
  level?: number;
  /** How often the values are drawn anew. Default 1000. */
  resamples?: number;
  /** The same seed gives the same interval. Default 0. */
  seed?: RandomSeed;
}

/**
 * The mean with its percentile bootstrap interval (Efron & Tibshirani 1993, An Introduction to the Bootstrap, chapter
 * 13): the values are drawn with replacement again and again, and the middle part of the means is kept. With few
 * values it is too narrow, and of values that are all the same it has no width.
 *
 * @throws {RangeError} When there is no value, one is not finite, or an option is out of range.
 */
export function meanInterval(values: readonly number[], options: MeanIntervalOptions = {}): MeanInterval {
  const { level = 0.95, resamples = 1000, seed = 0 } = options;
  if (values.length === 0) throw new RangeError("there are no values: expected at least one");
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) throw new RangeError(`value ${wrong} is ${values[wrong]}: expected a finite number`);
  if (!(level > 0 && level < 1)) throw new RangeError(`level is ${level}: expected a number between 0 and 1`);
  if (!Number.isInteger(resamples) || resamples < 1) {
    throw new RangeError(`resamples: expected a whole number above 0, got ${resamples}`);
  }
  const random = new Random(seed).fork("bootstrap");
  const means = Array.from({ length: resamples }, () => {
    let sum = 0;
    for (let draw = 0; draw < values.length; draw++) sum += random.pick(values);
    return sum / values.length;
  }).sort((a, b) => a - b);
  return {
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
    low: quantile(means, (1 - level) / 2),
    high: quantile(means, (1 + level) / 2),
    count: values.length,
  };
}

/** Between the two nearest of sorted values, in proportion. */
function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return below + (above - below) * (at - Math.floor(at));
}
