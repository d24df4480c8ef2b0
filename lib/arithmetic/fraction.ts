/** Fractions of big integers, in lowest terms: arithmetic without rounding. */
import { CalculationError } from "./calculation_error.ts";
import { greatestCommonDivisor } from "./number_theory.ts";

/** A fraction in lowest terms; the denominator is positive. */
export interface Fraction {
  numerator: bigint;
  denominator: bigint;
}

/**
 * The fraction in lowest terms.
 *
 * @throws {CalculationError} "division by zero"
 */
export function fraction(numerator: bigint, denominator = 1n): Fraction {
  if (denominator === 0n) throw new CalculationError("division by zero");
  if (denominator < 0n) [numerator, denominator] = [-numerator, -denominator];
  const divisor = greatestCommonDivisor(numerator, denominator);
  return divisor === 1n ? { numerator, denominator } : {
    numerator: numerator / divisor,
    denominator: denominator / divisor,
  };
}

/** a + b */
export function add(a: Fraction, b: Fraction): Fraction {
  return fraction(a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator);
}

/** a - b */
export function subtract(a: Fraction, b: Fraction): Fraction {
  return add(a, negate(b));
}

/** a * b */
export function multiply(a: Fraction, b: Fraction): Fraction {
  return fraction(a.numerator * b.numerator, a.denominator * b.denominator);
}

/**
 * a / b
 *
 * @throws {CalculationError} "division by zero"
 */
export function divide(a: Fraction, b: Fraction): Fraction {
  return fraction(a.numerator * b.denominator, a.denominator * b.numerator);
}

/** -a */
export function negate({ numerator, denominator }: Fraction): Fraction {
  return { numerator: -numerator, denominator };
}

/** The largest whole number that is not above it. */
export function floorOf({ numerator, denominator }: Fraction): bigint {
  const quotient = numerator / denominator;
  return numerator < 0n && quotient * denominator !== numerator ? quotient - 1n : quotient;
}

/** The whole number next to it; of two, the one farther from 0. */
export function roundOf({ numerator, denominator }: Fraction): bigint {
  const size = numerator < 0n ? -numerator : numerator;
  const rounded = (2n * size + denominator) / (2n * denominator);
  return numerator < 0n ? -rounded : rounded;
}

/** Below 0 where a is less than b, above where it is more. */
export function compare(a: Fraction, b: Fraction): number {
  const [left, right] = [a.numerator * b.denominator, b.numerator * a.denominator];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Whether two fractions in lowest terms are the same. */
export function sameFraction(a: Fraction, b: Fraction): boolean {
  return a.numerator === b.numerator && a.denominator === b.denominator;
}

/** A finite decimal where it is one, such as "2.125"; else the fraction, such as "7/3". */
export function fractionText({ numerator, denominator }: Fraction): string {
  let rest = denominator;
  let digits = 0;
  for (const prime of [2n, 5n]) {
    let count = 0;
    for (; rest % prime === 0n; count++) rest /= prime;
    digits = Math.max(digits, count);
  }
  return rest === 1n ? decimalText({ numerator, denominator }, digits) : `${numerator}/${denominator}`;
}

/** With exactly so many decimals, rounded; of two that are equally near, the one farther from 0. */
export function decimalText({ numerator, denominator }: Fraction, decimals: number): string {
  const scaled = roundOf({ numerator: numerator * 10n ** BigInt(decimals), denominator });
  const text = String(scaled < 0n ? -scaled : scaled).padStart(decimals + 1, "0");
  const end = text.length - decimals;
  return `${scaled < 0n ? "-" : ""}${text.slice(0, end)}${decimals === 0 ? "" : `.${text.slice(end)}`}`;
}
