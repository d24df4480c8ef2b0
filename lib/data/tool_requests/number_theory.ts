/** x and y with a*x + b*y = gcd. */
export interface Bezout {
  x: number;
  y: number;
  gcd: number;
}

/**
 * Bezout's coefficients by the extended Euclidean algorithm, so `bezout(12, 21)` is x = 2, y = -1 with the gcd 3. The
 * gcd is never negative.
 */
export function bezout(a: number, b: number): Bezout {
  let [rest, nextRest] = [a, b];
  let [x, nextX] = [1, 0];
  let [y, nextY] = [0, 1];
  while (nextRest !== 0) {
    const quotient = Math.trunc(rest / nextRest);
    [rest, nextRest] = [nextRest, rest - quotient * nextRest];
    [x, nextX] = [nextX, x - quotient * nextX];
    [y, nextY] = [nextY, y - quotient * nextY];
  }
  const sign = rest < 0 ? -1 : 1;
  // Adding 0 turns -0 into 0.
  return { x: sign * x + 0, y: sign * y + 0, gcd: sign * rest + 0 };
}

/**
 * All x from 0 to m - 1 with a*x = b modulo m, in ascending order; none where the gcd of a and m does not divide b.
 *
 * @param m at least 1
 */
export function solveCongruence(a: number, b: number, m: number): number[] {
  const { x, gcd } = bezout(remainder(a, m), m);
  if (b % gcd !== 0) return [];
  const step = m / gcd;
  const first = remainder(x * remainder(b / gcd, step), step);
  return Array.from({ length: gcd }, (_, index) => first + index * step);
}

/** From 0 to m - 1, also for a negative dividend. */
function remainder(a: number, m: number): number {
  return ((a % m) + m) % m;
}
