/** Bringing numbers of a whole round to one scale. */
import { mean, standardDeviation } from "./step.ts";

/** Added to the variance before its root is taken, as in TRL. */
const EPSILON = 1e-8;

/**
 * Divides all numbers of all rows by their common standard deviation (unbiased), after taking their mean away.
 *
 * @param rows One list for each episode; every number counts the same, however rows are cut.
 * @param options.shiftMean Default true; false puts the mean back, so that rewards keep their sign.
 */
export function whitened(
  rows: readonly (readonly number[])[],
  { shiftMean = true }: { shiftMean?: boolean } = {},
): number[][] {
  const all = rows.flat();
  const center = mean(all);
  const inverse = 1 / Math.sqrt(standardDeviation(all) ** 2 + EPSILON);
  return rows.map((row) => row.map((value) => (value - center) * inverse + (shiftMean ? 0 : center)));
}
