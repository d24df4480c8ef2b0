/** Powers and roots of fractions. */
import { CalculationError } from "./calculation_error.ts";
import { divide, type Fraction, fraction } from "./fraction.ts";

/** The largest exponent. */
const MAX_EXPONENT = 10_000n;

/** Digits of a numerator or denominator at most. */
export const MAX_DIGITS = 1000;
const LIMIT = 10n ** BigInt(MAX_DIGITS);
/** Bits that so many digits have at least. */
const LIMIT_BITS = 3322;

/**
 * The same fraction.
 *
 * @throws {CalculationError} when it is too long to go on with
 */
export function checkSize(value: Fraction): Fraction {
  const { numerator, denominator } = value;
  if (numerator >= LIMIT || numerator <= -LIMIT || denominator >= LIMIT) throw tooLong();
  return value;
}

function tooLong(): CalculationError {
  return new CalculationError(`the number is too long: it has more than ${MAX_DIGITS} digits`);
}

/**
 * A power with a whole exponent. What would have too many digits is not worked out.
 *
 * @throws {CalculationError} when the exponent is beyond 10,000, the result too long, or 0 is to have a negative exponent
 */
export function powerOf(base: Fraction, exponent: bigint): Fraction {
  if (exponent < 0n) return powerOf(divide({ numerator: 1n, denominator: 1n }, base), -exponent);
  const { numerator, denominator } = base;
  const size = numerator < 0n ? -numerator : numerator;
  if (size <= 1n && denominator === 1n) {
    return { numerator: exponent === 0n ? 1n : exponent % 2n === 0n ? size : numerator, denominator };
  }
  if (exponent > MAX_EXPONENT) throw new CalculationError("the exponent is above 10000");
  const bits = Math.max(size.toString(2).length, denominator.toString(2).length);
  if ((bits - 1) * Number(exponent) > LIMIT_BITS) throw tooLong();
  return { numerator: numerator ** exponent, denominator: denominator ** exponent };
}

/** Digits after the point that an approximated root has at least. */
const ROOT_DIGITS = 40;

/**
 * A root: exact where it is a fraction, else with 40 digits of it.
 *
 * @param degree 2 for the square root; at least 1.
 * @throws {CalculationError} for a negative number with an even degree
 */
export function rootOf(value: Fraction, degree: number): { value: Fraction; isExact: boolean } {
  if (value.numerator < 0n) {
    if (degree % 2 === 0) throw new CalculationError("a negative number has no such root");
    const { value: root, isExact } = rootOf({ ...value, numerator: -value.numerator }, degree);
    return { value: { ...root, numerator: -root.numerator }, isExact };
  }
  const { numerator, denominator } = value;
  const [top, bottom] = [integerRoot(numerator, degree), integerRoot(denominator, degree)];
  const power = BigInt(degree);
  if (top ** power === numerator && bottom ** power === denominator) {
    return { value: { numerator: top, denominator: bottom }, isExact: true };
  }
  // A small number begins with zeros: its root with a share of them.
  const digits = ROOT_DIGITS + Math.ceil(String(denominator).length / degree);
  const scale = 10n ** BigInt(digits);
  return { value: fraction(integerRoot(numerator * scale ** power / denominator, degree), scale), isExact: false };
}

/** The largest whole number whose power is not above a number that is not negative; by Newton's method. */
function integerRoot(value: bigint, degree: number): bigint {
  if (value < 2n || degree === 1) return value;
  const power = BigInt(degree);
  // Begins above the root, so that each step goes down until none does.
  let root = 1n << BigInt(Math.ceil(value.toString(2).length / degree));
  for (;;) {
    const next = ((power - 1n) * root + value / root ** (power - 1n)) / power;
    if (next >= root) return root;
    root = next;
  }
}
