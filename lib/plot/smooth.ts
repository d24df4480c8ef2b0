/** A value of a metric at a training step. */
export interface Point {
  step: number;
  value: number;
}

/**
 * Debiased exponential moving average, the smoothing of TensorBoard's and Weights & Biases' curves:
 * `s[t] = weight * s[t-1] + (1 - weight) * x[t]` from `s = 0`, divided by `1 - weight^t` as Adam does for its moments, so
 * that the first values are not pulled towards zero.
 *
 * @param weight from 0 (no smoothing) to below 1; about the last `1 / (1 - weight)` values count
 * @throws {RangeError} when `weight` is outside [0, 1)
 */
export function smooth(values: readonly number[], weight: number): number[] {
  if (!(weight >= 0 && weight < 1)) {
    throw new RangeError(`smoothing must be at least 0 and below 1, got ${weight}.`);
  }
  let average = 0;
  let bias = 1;
  return values.map((value) => {
    average = weight * average + (1 - weight) * value;
    bias *= weight;
    return average / (1 - bias);
  });
}

/**
 * Smoothing weight that suits a number of points: the window is a fortieth of the curve, at most 100 points, and
 * a curve of fewer than 80 points stays as it is.
 */
export function defaultSmoothing(count: number): number {
  const window = Math.min(100, count / 40);
  return window < 2 ? 0 : 1 - 1 / window;
}
