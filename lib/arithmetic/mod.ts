/**
 * Exact arithmetic: fractions of big integers, expressions as people type them, divisors and congruences. Imports nothing,
 * so every other folder may use it.
 *
 * @module
 */
export { CalculationError } from "./calculation_error.ts";
export { evaluate } from "./evaluate.ts";
export { decimalText, type Fraction, fraction, fractionText, sameFraction } from "./fraction.ts";
export type { Quantity } from "./functions.ts";
export {
  type BezoutIdentity,
  bezoutIdentity,
  type CongruenceSolutions,
  congruenceSolutions,
  greatestCommonDivisor,
} from "./number_theory.ts";
