/**
 * Arithmetic without rounding: whole numbers and decimals, + - * / and brackets. For the results in generated chats and
 * for their grading; it is deliberately no larger than that. `lib/arithmetic` works them out, and knows more signs.
 */
import { CalculationError, evaluate, type Fraction } from "../../arithmetic/mod.ts";

export { CalculationError, type Fraction, fractionText, sameFraction } from "../../arithmetic/mod.ts";

const MAX_LENGTH = 200;

/** What has no place in these expressions: another character, a point without digits around it, the sign of a power. */
const STRANGE = /[^\d\s.+*/()\-]|(?<!\d)\.|\.(?!\d)|(?<=\*)\*/u;

/**
 * The exact value of an expression such as `(12.5+3)*4/7`.
 *
 * @throws {CalculationError} naming the character it does not understand, or "division by zero"
 */
export function calculate(expression: string): Fraction {
  if (expression.length > MAX_LENGTH) throw new CalculationError(`longer than ${MAX_LENGTH} characters`);
  const strange = STRANGE.exec(expression)?.[0];
  if (strange !== undefined) throw new CalculationError(`unexpected ${strange}`);
  return evaluate(expression).value;
}

/** The numbers in an expression in ascending order, each as a number: `12.50*2` gives [2, 12.5]. */
export function numbersInExpression(expression: string): number[] {
  return (expression.match(/\d+(?:\.\d+)?/g) ?? []).map(Number).sort((a, b) => a - b);
}
