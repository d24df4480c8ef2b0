/** What the tools for divisors and congruences give, in numbers. */
import { bezoutIdentity, congruenceSolutions } from "../../arithmetic/mod.ts";

/** x and y with a*x + b*y = gcd. */
export interface Bezout {
  x: number;
  y: number;
  gcd: number;
}

/**
 * Bezout's coefficients by the extended Euclidean algorithm, so `bezout(12, 21)` is x = 2, y = -1 with the gcd 3. The
 * gcd is never negative.
 *
 * @param a whole, at most 2^53 - 1 in size, as is `b`
 */
export function bezout(a: number, b: number): Bezout {
  const { x, y, gcd } = bezoutIdentity(BigInt(a), BigInt(b));
  return { x: Number(x), y: Number(y), gcd: Number(gcd) };
}

/**
 * All x from 0 to m - 1 with a*x = b modulo m, in ascending order; none where the gcd of a and m does not divide b.
 *
 * @param m at least 1
 */
export function solveCongruence(a: number, b: number, m: number): number[] {
  const solutions = congruenceSolutions(BigInt(a), BigInt(b), BigInt(m));
  if (solutions === null) return [];
  const [first, step] = [Number(solutions.first), Number(solutions.step)];
  return Array.from({ length: Number(solutions.count) }, (_, index) => first + index * step);
}
