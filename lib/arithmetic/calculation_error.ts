/** An expression that is none, divides by zero, or is more than a calculator should be made to work out. */
export class CalculationError extends Error {
  override name = "CalculationError";
}
