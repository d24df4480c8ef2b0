/** The tool for calculations. */
import { z } from "zod";
import { decimalText, evaluate, type Fraction, fractionText, type Quantity } from "../../arithmetic/mod.ts";
import { HOUSE_TOOLS } from "../../data/mod.ts";
import { defineTool } from "./define_tool.ts";
import type { Tool } from "./tool.ts";

/** What the calculator gives. */
export interface CalculatorResult {
  /** A number or big integer where that is the exact value, else a fraction such as "7/3" or a long decimal. */
  result: number | bigint | string;
  /** The value rounded, where `result` is text. */
  about?: number;
  /** Where `result` is itself rounded: the exact value, such as that of the square root of 2, cannot be written. */
  rounded?: true;
}

const { name, description } = HOUSE_TOOLS.calculator.function;

/**
 * Works calculations out by `evaluate` of lib/arithmetic: a parser with limits, big integers and fractions, no rounding where
 * none is needed. What it cannot read or will not do is a failed call that says why.
 */
export const calculatorTool: Tool<{ expression: string }, CalculatorResult> = defineTool({
  name,
  description: description!,
  input: z.strictObject({ expression: z.string() }),
  run: ({ expression }) => calculatorResult(evaluate(expression)),
});

/** Digits of a rounded result. */
const DIGITS = 12;

function calculatorResult({ value, isExact }: Quantity): CalculatorResult {
  if (!isExact) return { result: roundedResult(value), rounded: true };
  if (value.denominator === 1n) {
    const { numerator } = value;
    const isSafe = numerator >= Number.MIN_SAFE_INTEGER && numerator <= Number.MAX_SAFE_INTEGER;
    return { result: isSafe ? Number(numerator) : numerator };
  }
  const text = fractionText(value);
  // A decimal that a number holds as it is.
  if (String(Number(text)) === text) return { result: Number(text) };
  const about = Number(aboutText(value));
  return Number.isFinite(about) ? { result: text, about } : { result: text };
}

/** As a number; as text such as "3.16227766017e499" where numbers end before that. */
function roundedResult(value: Fraction): number | string {
  const text = significant(value, DIGITS);
  const number = Number(text);
  if (Number.isFinite(number)) return number;
  const left = text.replace("-", "").length - DIGITS;
  const shifted = { numerator: value.numerator, denominator: value.denominator * 10n ** BigInt(left) };
  const [, sign, first, rest] = /^(-?)(\d)(\d+)/.exec(decimalText(shifted, 0))!;
  return `${sign}${first}.${rest}e${rest.length + left}`;
}

/** Three decimals; of small values, three digits. */
function aboutText(value: Fraction): string {
  const size = Math.abs(Number(significant(value, DIGITS)));
  return size >= 0.1 ? decimalText(value, 3) : significant(value, 3);
}

/** Rounded to so many digits, none of them a zero at the front. */
function significant(value: Fraction, digits: number): string {
  const { numerator, denominator } = value;
  const length = String(numerator < 0n ? -numerator : numerator).length - String(denominator).length;
  const decimals = digits - length;
  return decimalText(value, Math.max(0, decimals));
}
