/**
 * Arithmetic without rounding: whole numbers and decimals, + - * / and brackets. For the results in generated chats and
 * for their grading; it is deliberately no larger than that.
 */

/** A fraction in lowest terms; the denominator is positive. */
export interface Fraction {
  numerator: bigint;
  denominator: bigint;
}

/** An expression that is none, or divides by zero. */
export class CalculationError extends Error {
  override name = "CalculationError";
}

const MAX_LENGTH = 200;
const MAX_DEPTH = 30;

/**
 * The exact value of an expression such as `(12.5+3)*4/7`.
 *
 * @throws {CalculationError} naming the character it does not understand, or "division by zero"
 */
export function calculate(expression: string): Fraction {
  if (expression.length > MAX_LENGTH) throw new CalculationError(`longer than ${MAX_LENGTH} characters`);
  const tokens = tokensOf(expression);
  let at = 0;
  let depth = 0;

  function sum(): Fraction {
    let value = product();
    while (tokens[at] === "+" || tokens[at] === "-") {
      const sign = tokens[at++] === "+" ? 1n : -1n;
      const right = product();
      value = fraction(
        value.numerator * right.denominator + sign * right.numerator * value.denominator,
        value.denominator * right.denominator,
      );
    }
    return value;
  }

  function product(): Fraction {
    let value = factor();
    while (tokens[at] === "*" || tokens[at] === "/") {
      const divides = tokens[at++] === "/";
      const right = factor();
      if (divides && right.numerator === 0n) throw new CalculationError("division by zero");
      value = divides
        ? fraction(value.numerator * right.denominator, value.denominator * right.numerator)
        : fraction(value.numerator * right.numerator, value.denominator * right.denominator);
    }
    return value;
  }

  function factor(): Fraction {
    if (++depth > MAX_DEPTH) throw new CalculationError("nested too deeply");
    const token = tokens[at++];
    let value: Fraction;
    if (token === "-") {
      const { numerator, denominator } = factor();
      value = { numerator: -numerator, denominator };
    } else if (token === "(") {
      value = sum();
      if (tokens[at++] !== ")") throw new CalculationError("a bracket is not closed");
    } else if (token !== undefined && /^\d/.test(token)) {
      const [whole, decimals = ""] = token.split(".");
      value = fraction(BigInt(whole + decimals), 10n ** BigInt(decimals.length));
    } else {
      throw new CalculationError(token === undefined ? "the expression is not complete" : `unexpected ${token}`);
    }
    depth--;
    return value;
  }

  const value = sum();
  if (at < tokens.length) throw new CalculationError(`unexpected ${tokens[at]}`);
  return value;
}

/** The numbers in an expression in ascending order, each as a number: `12.50*2` gives [2, 12.5]. */
export function numbersInExpression(expression: string): number[] {
  return (expression.match(/\d+(?:\.\d+)?/g) ?? []).map(Number).sort((a, b) => a - b);
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
  if (rest !== 1n) return `${numerator}/${denominator}`;
  const scaled = numerator * 10n ** BigInt(digits) / denominator;
  const text = String(scaled < 0n ? -scaled : scaled).padStart(digits + 1, "0");
  const decimals = digits === 0 ? "" : `.${text.slice(-digits)}`;
  return `${scaled < 0n ? "-" : ""}${text.slice(0, text.length - digits)}${decimals}`;
}

/** Whether two fractions in lowest terms are the same. */
export function sameFraction(a: Fraction, b: Fraction): boolean {
  return a.numerator === b.numerator && a.denominator === b.denominator;
}

function tokensOf(expression: string): string[] {
  const tokens: string[] = [];
  const pattern = /\s*(\d+(?:\.\d+)?|[-+*/()])/y;
  const end = expression.trimEnd().length;
  while (pattern.lastIndex < end) {
    const from = pattern.lastIndex;
    const match = pattern.exec(expression);
    if (match === null) throw new CalculationError(`unexpected ${expression.slice(from).trimStart()[0]}`);
    tokens.push(match[1]);
  }
  return tokens;
}

function fraction(numerator: bigint, denominator: bigint): Fraction {
  if (denominator < 0n) [numerator, denominator] = [-numerator, -denominator];
  let [a, b] = [numerator < 0n ? -numerator : numerator, denominator];
  while (b !== 0n) [a, b] = [b, a % b];
  return a <= 1n ? { numerator, denominator } : { numerator: numerator / a, denominator: denominator / a };
}
