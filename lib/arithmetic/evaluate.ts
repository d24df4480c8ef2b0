/** The value of an expression. */
import { CalculationError } from "./calculation_error.ts";
import { expressionTokens, type Token, unexpected } from "./expression_tokens.ts";
import { add, divide, floorOf, type Fraction, fraction, multiply, negate, subtract } from "./fraction.ts";
import { applyFunction, constantOf, factorialOf, isFunction, knownNames, type Quantity } from "./functions.ts";
import { checkSize, powerOf, rootOf } from "./power.ts";

/**
 * Works an expression out, without rounding wherever the result is a fraction.
 *
 * - `+ - * / ^`, brackets, `!`, `mod`; also `× · ÷ − ** ² ³ √`, and `x` between two numbers. `^` binds strongest and from
 *   the right: `-2^2` is -4. `mod` goes by the sign of the divisor: `-7 mod 3` is 2.
 * - `%` before a number or a bracket is `mod`; else it is a hundredth: `15% of 80`, `80 * 15%`. A percentage can be added
 *   to percentages only, since people mean different things by `50 + 10%`.
 * - Numbers as `12`, `1.5`, `.5`, `1,234.5`, `1e6`.
 * - sqrt, cbrt, abs, floor, ceil, round(x, decimals), min, max, gcd, lcm; pi.
 *
 * Left out on purpose: logarithms and angles, whose values are never exact; letters that stand for numbers; a factor
 * written without a sign, `2(3 + 4)`.
 *
 * @throws {CalculationError} saying what it does not understand or will not do; 1,000 characters, 400 numbers and signs, 50
 *   levels of brackets, exponents of 10,000 and numbers of 1,000 digits are the limits
 */
export function evaluate(expression: string): Quantity {
  const parser = new Parser(expressionTokens(expression));
  const { value, isExact } = parser.whole();
  return { value, isExact };
}

const MAX_DEPTH = 50;
/** Of exponents such as 1/3. */
const MAX_ROOT = 100n;

interface Term extends Quantity {
  /** Whether it is written in hundredths. */
  isPercent?: boolean;
}

class Parser {
  #at = 0;
  #depth = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  whole(): Quantity {
    const value = this.#sum();
    const left = this.#next();
    if (left !== undefined) throw this.#unexpected(left);
    return value;
  }

  #sum(): Term {
    let left = this.#product();
    for (let sign = this.#sign("+", "-"); sign !== undefined; sign = this.#sign("+", "-")) {
      const right = this.#product();
      if (left.isPercent !== right.isPercent) {
        throw new CalculationError("a percentage of what? write it as 10% of 50");
      }
      const value = sign === "+" ? add(left.value, right.value) : subtract(left.value, right.value);
      left = { ...joined(value, left, right), isPercent: left.isPercent };
    }
    return left;
  }

  #product(): Term {
    let left = this.#signed();
    for (let sign = this.#sign("*", "/", "%", "mod"); sign !== undefined; sign = this.#sign("*", "/", "%", "mod")) {
      const right = this.#signed();
      const [a, b] = [left.value, right.value];
      left = joined(sign === "*" ? multiply(a, b) : sign === "/" ? divide(a, b) : modulo(a, b), left, right);
    }
    return left;
  }

  #signed(): Term {
    return this.#nested(() => {
      const sign = this.#sign("+", "-");
      if (sign === undefined) return this.#power();
      const term = this.#signed();
      return sign === "+" ? term : { ...term, value: negate(term.value) };
    });
  }

  #power(): Term {
    const base = this.#postfix();
    if (this.#sign("^") === undefined) return base;
    const exponent = this.#signed();
    return { ...raised(base, exponent.value), isPercent: undefined };
  }

  #postfix(): Term {
    let term: Term = this.#primary();
    for (;;) {
      if (this.#sign("!") !== undefined) {
        term = { value: factorialOf(term.value), isExact: term.isExact };
      } else if (this.#isSign("%") && !this.#beginsOperand(this.tokens[this.#at + 1])) {
        this.#at++;
        term = { value: checkSize(divide(term.value, fraction(100n))), isExact: term.isExact, isPercent: true };
      } else {
        return term;
      }
    }
  }

  #primary(): Quantity {
    const token = this.#next();
    if (token === undefined) throw new CalculationError("the expression is not complete");
    this.#at++;
    if (token.kind === "number") return { value: checkSize(token.value), isExact: true };
    if (token.kind === "name") return this.#named(token);
    if (token.text === "√") return this.#nested(() => applyFunction("sqrt", [this.#primary()]));
    if (token.text !== "(") throw unexpected(token.text);
    const value = this.#sum();
    this.#close();
    // In brackets it is a number like others.
    return { value: value.value, isExact: value.isExact };
  }

  #named({ text }: Token): Quantity {
    const constant = constantOf(text);
    if (constant !== undefined) return constant;
    if (!isFunction(text)) throw unexpected(text.slice(0, 30), `known names are ${knownNames().join(" ")}`);
    if (this.#sign("(") === undefined) throw new CalculationError(`a bracket is missing after ${text}`);
    const values: Quantity[] = [];
    do values.push(this.#sum()); while (this.#sign(",") !== undefined);
    this.#close();
    const { value, isExact } = applyFunction(text, values);
    return { value: checkSize(value), isExact };
  }

  #close(): void {
    if (this.#sign(")") !== undefined) return;
    const token = this.#next();
    throw token === undefined ? new CalculationError("a bracket is not closed") : this.#unexpected(token);
  }

  /** For a piece that comes where a sign should. */
  #unexpected(token: Token): CalculationError {
    const before = this.tokens[this.#at - 1];
    const lacksSign = before !== undefined && this.#beginsOperand(token);
    return unexpected(token.text.slice(0, 30), lacksSign ? `a sign is missing after ${before.text}` : undefined);
  }

  #beginsOperand(token: Token | undefined): boolean {
    return token !== undefined && (token.kind !== "sign" || token.text === "(" || token.text === "√");
  }

  #nested<Value>(parse: () => Value): Value {
    if (++this.#depth > MAX_DEPTH) throw new CalculationError("nested too deeply");
    const value = parse();
    this.#depth--;
    return value;
  }

  #next(): Token | undefined {
    return this.tokens[this.#at];
  }

  #isSign(text: string): boolean {
    const token = this.#next();
    return token?.kind === "sign" && token.text === text;
  }

  /** Goes past one of these signs. */
  #sign<Text extends string>(...texts: Text[]): Text | undefined {
    const found = texts.find((text) => this.#isSign(text));
    if (found !== undefined) this.#at++;
    return found;
  }
}

function joined(value: Fraction, left: Quantity, right: Quantity): Quantity {
  return { value: checkSize(value), isExact: left.isExact && right.isExact };
}

function modulo(a: Fraction, b: Fraction): Fraction {
  return subtract(a, multiply(b, fraction(floorOf(divide(a, b)))));
}

function raised({ value, isExact }: Quantity, exponent: Fraction): Quantity {
  const { numerator, denominator } = exponent;
  if (denominator === 1n) return { value: checkSize(powerOf(value, numerator)), isExact };
  if (denominator > MAX_ROOT) {
    throw new CalculationError(
      `the exponent has to be a whole number, or a fraction with a denominator to ${MAX_ROOT}`,
    );
  }
  if (value.numerator < 0n) throw new CalculationError("a negative number has no power with such an exponent");
  const root = rootOf(value, Number(denominator));
  return { value: checkSize(powerOf(root.value, numerator)), isExact: isExact && root.isExact };
}
