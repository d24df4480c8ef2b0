/** What an expression is made of. */
import { CalculationError } from "./calculation_error.ts";
import { type Fraction, fraction } from "./fraction.ts";

/** A piece of an expression. */
export type Token =
  | { kind: "number"; text: string; value: Fraction }
  /** `+ - * / ^ % ! √ ( ) ,` and `mod` */
  | { kind: "sign"; text: string }
  /** Lower case. */
  | { kind: "name"; text: string };

const MAX_LENGTH = 1000;
const MAX_TOKENS = 400;
/** Of a number such as 1e50. */
const MAX_SCALE = 300;

/** Ways of writing the same sign. */
const SIGNS: Readonly<Record<string, string>> = {
  ...Object.fromEntries([..."+-*/^%!√()"].map((sign) => [sign, sign])),
  ...{ "×": "*", "·": "*", "⋅": "*", "∗": "*", "÷": "/", "∕": "/", "−": "-", "–": "-", "**": "^" },
};

const SPACE = /\s+/y;
const NUMBER = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
/** With a comma before each three digits. */
const GROUPED = /\d{1,3}(?:,\d{3})+(?![\d,])(?:\.\d*)?/y;
const NAME = /\p{L}+/uy;
/** What can stand right after a multiplication that is written as x. */
const OPERAND = /^\s*(?:[\d.(√π]|\p{L})/u;
const RAISED: Readonly<Record<string, string>> = { "²": "2", "³": "3" };

/**
 * Takes an expression apart. A comma before three digits groups them, `1,234.5`, but between the brackets of a function
 * it separates arguments. An equals sign at the end is left out.
 *
 * @throws {CalculationError} naming what it does not understand, or that the expression is too long
 */
export function expressionTokens(expression: string): Token[] {
  if (expression.length > MAX_LENGTH) throw new CalculationError(`longer than ${MAX_LENGTH} characters`);
  const text = expression.replace(/\s*=\s*$/, "");
  const tokens: Token[] = [];
  /** For each open bracket, whether it is a function's. */
  const brackets: boolean[] = [];
  let at = 0;

  const match = (pattern: RegExp) => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  const push = (token: Token, length: number) => {
    if (tokens.length === MAX_TOKENS) throw new CalculationError(`more than ${MAX_TOKENS} numbers and signs`);
    tokens.push(token);
    at += length;
  };

  for (;;) {
    at += match(SPACE)?.length ?? 0;
    if (at >= text.length) return tokens;
    const number = (brackets.at(-1) ? undefined : match(GROUPED)) ?? match(NUMBER);
    if (number !== undefined) {
      push({ kind: "number", text: number, value: numberOf(number) }, number.length);
      continue;
    }
    const name = match(NAME)?.toLowerCase();
    if (name !== undefined) {
      push(wordToken(name, tokens.at(-1), text, at), name.length);
      continue;
    }
    const character = String.fromCodePoint(text.codePointAt(at)!);
    if (Object.hasOwn(RAISED, character)) {
      const raised = RAISED[character];
      push({ kind: "sign", text: "^" }, 0);
      push({ kind: "number", text: raised, value: fraction(BigInt(raised)) }, character.length);
      continue;
    }
    if (brackets.at(-1) && (character === "," || character === ";")) {
      push({ kind: "sign", text: "," }, 1);
      continue;
    }
    const written = text.startsWith("**", at) ? "**" : character;
    if (!Object.hasOwn(SIGNS, written)) throw unexpected(character, hintFor(character));
    if (written === "(") brackets.push(tokens.at(-1)?.kind === "name");
    if (written === ")") brackets.pop();
    push({ kind: "sign", text: SIGNS[written] }, written.length);
  }
}

/** The value of a number as it is written. */
function numberOf(text: string): Fraction {
  const [digits, exponent = "0"] = text.replaceAll(",", "").toLowerCase().split("e");
  const [whole, decimals = ""] = digits.split(".");
  const scale = Number(exponent);
  if (Math.abs(scale) > MAX_SCALE) throw new CalculationError(`the exponent of ${text} is above ${MAX_SCALE}`);
  const shift = 10n ** BigInt(Math.abs(scale));
  const value = BigInt(whole + decimals) * (scale > 0 ? shift : 1n);
  return fraction(value, 10n ** BigInt(decimals.length) * (scale < 0 ? shift : 1n));
}

/** A word: a name, or one of those that are signs. */
function wordToken(word: string, before: Token | undefined, text: string, at: number): Token {
  switch (word) {
    case "mod":
      return { kind: "sign", text: "mod" };
    case "of":
      return { kind: "sign", text: "*" };
    case "π":
      return { kind: "name", text: "pi" };
    case "x": {
      // "3 x 4" is a product, "3x - 4" has an unknown in it, and 0x10 is written in another system.
      const isHexadecimal = /(?<![\d.])0[xX][\da-fA-F]/.test(text.slice(Math.max(0, at - 2), at + 2));
      if (isOperandEnd(before) && OPERAND.test(text.slice(at + 1)) && !isHexadecimal) {
        return { kind: "sign", text: "*" };
      }
      throw unexpected("x", "write * to multiply");
    }
    default:
      return { kind: "name", text: word };
  }
}

function isOperandEnd(token: Token | undefined): boolean {
  if (token === undefined) return false;
  return token.kind === "sign" ? [")", "%", "!"].includes(token.text) : true;
}

function hintFor(character: string): string | undefined {
  switch (character) {
    case ",":
      return "write decimals with a point";
    case ":":
      return "write / to divide";
    case "=":
      return "write only what is to be worked out";
    case "[":
    case "{":
      return "write round brackets";
    case "$":
    case "€":
    case "£":
    case "°":
      return "write numbers without units";
    default:
      return undefined;
  }
}

/** The error for a piece that cannot stand where it does. */
export function unexpected(text: string, hint?: string): CalculationError {
  return new CalculationError(`unexpected ${text}${hint === undefined ? "" : ` (${hint})`}`);
}
