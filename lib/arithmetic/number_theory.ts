/** Divisors and congruences of big integers. */

/** x and y with a*x + b*y = gcd. */
export interface BezoutIdentity {
  x: bigint;
  y: bigint;
  gcd: bigint;
}

/**
 * Bezout's coefficients by the extended Euclidean algorithm, so `bezoutIdentity(12n, 21n)` is x = 2, y = -1 with the gcd
 * 3. The gcd is never negative.
 */
export function bezoutIdentity(a: bigint, b: bigint): BezoutIdentity {
  let [rest, nextRest] = [a, b];
  let [x, nextX] = [1n, 0n];
  let [y, nextY] = [0n, 1n];
  while (nextRest !== 0n) {
    const quotient = rest / nextRest;
    [rest, nextRest] = [nextRest, rest - quotient * nextRest];
    [x, nextX] = [nextX, x - quotient * nextX];
    [y, nextY] = [nextY, y - quotient * nextY];
  }
  return rest < 0n ? { x: -x, y: -y, gcd: -rest } : { x, y, gcd: rest };
}

/** The greatest common divisor, which is never negative; of 0 and 0 it is 0. */
export function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b];
  return a < 0n ? -a : a;
}

/** All solutions of a congruence from 0 to m - 1: `first`, `first + step` and so on, `count` of them. */
export interface CongruenceSolutions {
  first: bigint;
  step: bigint;
  count: bigint;
}

/**
 * Solves a*x = b modulo m.
 *
 * @param m At least 1.
 * @returns Null where there is no solution: where the gcd of a and m does not divide b.
 */
export function congruenceSolutions(a: bigint, b: bigint, m: bigint): CongruenceSolutions | null {
  const { x, gcd } = bezoutIdentity(remainder(a, m), m);
  if (b % gcd !== 0n) return null;
  const step = m / gcd;
  return { first: remainder(x * (b / gcd), step), step, count: gcd };
}

/** From 0 to m - 1, also for a negative dividend. */
function remainder(a: bigint, m: bigint): bigint {
  return ((a % m) + m) % m;
}
