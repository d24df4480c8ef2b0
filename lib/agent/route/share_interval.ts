/** How sure a share is. */

/** A confidence interval of a share, within 0 and 1. */
export interface ShareInterval {
  low: number;
  high: number;
}

/** The normal distribution's 97.5 % point: what leaves 2.5 % on either side. */
const Z = 1.959963984540054;

/**
 * Wilson's score interval at 95 % (Wilson 1927, JASA 22:209): of `count` cases `right` were right. It has a width for
 * a share of 0 or 1 too, where an interval around the share would have none, and routers are often near 1.
 *
 * @throws {RangeError} When there is no case, or more are right than there are.
 */
export function shareInterval(right: number, count: number): ShareInterval {
  if (!(count > 0 && right >= 0 && right <= count)) {
    throw new RangeError(`${right} of ${count}: expected at least one case, and not more right than there are`);
  }
  const share = right / count;
  const scale = 1 + Z ** 2 / count;
  const middle = (share + Z ** 2 / (2 * count)) / scale;
  const reach = (Z / scale) * Math.sqrt(share * (1 - share) / count + Z ** 2 / (4 * count ** 2));
  // At the ends the formula is exact but for the last digits.
  return { low: Math.max(0, middle - reach), high: Math.min(1, middle + reach) };
}
