/** The functions and constants that an expression may name. */
import { CalculationError } from "./calculation_error.ts";
import { compare, floorOf, type Fraction, fraction, multiply, negate, roundOf } from "./fraction.ts";
import { greatestCommonDivisor } from "./number_theory.ts";
import { rootOf } from "./power.ts";

/** A number of an expression. */
export interface Quantity {
  value: Fraction;
  /** False where digits were left out, as of the square root of 2. */
  isExact: boolean;
}

interface NamedFunction {
  /** How many arguments it takes. */
  counts: readonly [least: number, most: number];
  apply(values: readonly Fraction[]): { value: Fraction; isExact?: boolean };
  /** Whether it rounds: then all digits of the result are right, though those of the argument were not. */
  rounds?: boolean;
}

/** As many as a person writes. */
const MANY = 100;

const FUNCTIONS: Readonly<Record<string, NamedFunction>> = {
  sqrt: { counts: [1, 1], apply: ([x]) => rootOf(x, 2) },
  cbrt: { counts: [1, 1], apply: ([x]) => rootOf(x, 3) },
  abs: { counts: [1, 1], apply: ([x]) => ({ value: x.numerator < 0n ? negate(x) : x }) },
  floor: { counts: [1, 1], apply: ([x]) => ({ value: fraction(floorOf(x)) }), rounds: true },
  ceil: { counts: [1, 1], apply: ([x]) => ({ value: fraction(-floorOf(negate(x))) }), rounds: true },
  round: { counts: [1, 2], apply: ([x, digits]) => ({ value: rounded(x, digits) }), rounds: true },
  min: { counts: [1, MANY], apply: (all) => ({ value: all.reduce((a, b) => compare(a, b) <= 0 ? a : b) }) },
  max: { counts: [1, MANY], apply: (all) => ({ value: all.reduce((a, b) => compare(a, b) >= 0 ? a : b) }) },
  gcd: {
    counts: [1, MANY],
    apply: (all) => ({ value: fraction(whole("gcd", all).reduce(greatestCommonDivisor, 0n)) }),
  },
  lcm: { counts: [1, MANY], apply: (all) => ({ value: fraction(whole("lcm", all).reduce(leastCommonMultiple, 1n)) }) },
};

/** Fifty decimals of pi. */
const PI = fraction(314159265358979323846264338327950288419716939937510n, 10n ** 50n);
const CONSTANTS: Readonly<Record<string, Quantity>> = { pi: { value: PI, isExact: false } };

/** What a name stands for by itself. */
export function constantOf(name: string): Quantity | undefined {
  return Object.hasOwn(CONSTANTS, name) ? CONSTANTS[name] : undefined;
}

/** Whether a name is a function's. */
export function isFunction(name: string): boolean {
  return Object.hasOwn(FUNCTIONS, name);
}

/** All names, for messages. */
export function knownNames(): string[] {
  return [...Object.keys(FUNCTIONS), ...Object.keys(CONSTANTS)];
}

/**
 * Applies the function of that name.
 *
 * @throws {CalculationError} when the number of arguments is wrong, or it is not defined for them
 */
export function applyFunction(name: string, given: readonly Quantity[]): Quantity {
  const { counts: [least, most], apply, rounds = false } = FUNCTIONS[name];
  if (given.length < least || given.length > most) {
    const wanted = least === most ? `${least}` : `${least} to ${most}`;
    throw new CalculationError(`${name} takes ${wanted} ${most === 1 ? "number" : "numbers"}, not ${given.length}`);
  }
  const { value, isExact = true } = apply(given.map((each) => rounds ? settled(each) : each.value));
  return { value, isExact: isExact && (rounds || given.every(({ isExact }) => isExact)) };
}

/** Without the last digits of what is not exact: the square of sqrt(2) would be just below 2, and 1 when rounded down. */
function settled({ value, isExact }: Quantity): Fraction {
  return isExact ? value : rounded(value, fraction(30n));
}

/** Above this a factorial has far too many digits. */
const MAX_FACTORIAL = 449n;

/**
 * 1 * 2 * ... * n
 *
 * @throws {CalculationError} when it is no whole number from 0 to 449, whose factorial has 998 digits
 */
export function factorialOf({ numerator, denominator }: Fraction): Fraction {
  if (denominator !== 1n || numerator < 0n || numerator > MAX_FACTORIAL) {
    throw new CalculationError(`! needs a whole number from 0 to ${MAX_FACTORIAL}`);
  }
  let product = 1n;
  for (let factor = 2n; factor <= numerator; factor++) product *= factor;
  return fraction(product);
}

const MAX_ROUND_DIGITS = 100n;

function rounded(value: Fraction, digits = fraction(0n)): Fraction {
  const [places] = whole("the number of decimals", [digits]);
  if (places < 0n || places > MAX_ROUND_DIGITS) {
    throw new CalculationError(`round needs a number of decimals from 0 to ${MAX_ROUND_DIGITS}`);
  }
  const scale = 10n ** places;
  return fraction(roundOf(multiply(value, fraction(scale))), scale);
}

function whole(name: string, values: readonly Fraction[]): bigint[] {
  if (values.some(({ denominator }) => denominator !== 1n)) throw new CalculationError(`${name} needs whole numbers`);
  return values.map(({ numerator }) => numerator);
}

function leastCommonMultiple(a: bigint, b: bigint): bigint {
  const product = a * b;
  return product === 0n ? 0n : (product < 0n ? -product : product) / greatestCommonDivisor(a, b);
}
