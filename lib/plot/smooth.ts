/**
 * Debiased exponential moving average, the smoothing of TensorBoard's and Weights & Biases' curves:
 * `s[t] = weight * s[t-1] + (1 - weight) * x[t]` from `s = 0`, divided by `1 - weight^t` as Adam does for its moments,
 * so that the first values are not pulled towards zero.
 *
 * ```ts
 * smooth([4, 1, 7], 0.5); // [4, 2, 4.857...]
 * ```
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
 * Smoothing weight that suits a number of points: the window grows with the root of their number, so that a run of 50
 * noisy steps shows its direction (window 4) and a run of 10,000 follows its turns (window 60). Fewer than 20 points
 * stay as they are.
 */
export function defaultSmoothing(count: number): number {
  return count < 20 ? 0 : 1 - 1 / (0.6 * Math.sqrt(count));
}
