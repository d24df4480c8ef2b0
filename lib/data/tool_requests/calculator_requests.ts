import type { Random } from "../../random/mod.ts";
import { calculate, fractionText } from "./calculate.ts";
import { pickNumbered, type ToolRequest } from "./request.ts";
import { HOUSE_TOOLS } from "./tools.ts";

/** A calculation in words or signs, or a small everyday sum. */
export function calculatorRequest(random: Random): ToolRequest {
  for (;;) {
    const { form, question, expression, unit = "" } = random.pick(KINDS)(random);
    if (!isReadable(expression)) continue;
    return calculationOf(random, `calculator:${form}`, question, expression, unit);
  }
}

/** A request whose expression is known already. */
export function calculationOf(
  random: Random,
  template: string,
  question: string,
  expression: string,
  unit = "",
): ToolRequest {
  const value = calculatedText(expression);
  const [instead, result] = value.includes("/")
    ? [
      `${value}, about ${roundedText(expression)}`,
      JSON.stringify({ result: value, about: roundedNumber(expression) }),
    ]
    : [value, `{"result":${value}}`];
  const answers = unit === ""
    ? [`${expression} = ${instead}.`, `The result is ${instead}.`, `It is ${instead}.`, `That is ${instead}.`]
    : [`It is ${instead} ${unit}.`, `That makes ${instead} ${unit}.`, `The answer is ${instead} ${unit}.`];
  return {
    tool: HOUSE_TOOLS.calculator,
    instance: `${template}:${expression}`,
    question,
    call: { name: "calculator", arguments: { expression } },
    result,
    answer: random.pick(answers),
    fullAnswer: `${expression} = ${instead}.`,
    key: { needed: [value] },
    purpose: "do calculations",
    again: (random) => {
      const next = readableExpression(random);
      const [form, question] = pickNumbered(random, [`And ${next}?`, `Now ${next}.`, `What about ${next}?`]);
      return calculationOf(random, `calculator again:${form}`, question, next);
    },
  };
}

/** What the calculator gives. */
export function calculatedText(expression: string): string {
  return fractionText(calculate(expression));
}

function roundedNumber(expression: string): number {
  const { numerator, denominator } = calculate(expression);
  return Math.round(Number(numerator) / Number(denominator) * 1000) / 1000;
}

function roundedText(expression: string): string {
  return String(roundedNumber(expression));
}

/** Whether the result is a number to read out: at most 9 digits, at most 4 of them decimals, or a small fraction. */
function isReadable(expression: string): boolean {
  const value = calculatedText(expression);
  const isFraction = value.includes("/");
  return value.length <= (isFraction ? 7 : 9) && (isFraction || (value.split(".")[1] ?? "").length <= 4);
}

interface Calculation {
  /** Which wording. */
  form: string;
  question: string;
  expression: string;
  unit?: string;
}

type Kind = (random: Random) => Calculation;

const ASK = [
  (e: string) => `What is ${e}?`,
  (e: string) => `Calculate ${e}.`,
  (e: string) => `Work out ${e}.`,
  (e: string) => `How much is ${e}?`,
  (e: string) => `Can you compute ${e}?`,
  (e: string) => `Please calculate ${e} for me.`,
  (e: string) => `I need the value of ${e}.`,
  (e: string) => `Tell me what ${e} is.`,
];

/** An expression in signs, as people type it. */
const signs: Kind = (random) => {
  const expression = readableExpression(random);
  const shown = random.pick([
    expression,
    spaced(expression, "*", "/"),
    spaced(expression, "x", "/"),
    spaced(expression, "×", "÷"),
  ]);
  const [ask, say] = pickNumbered(random, ASK);
  return { form: `signs ${ask} ${shown}`, question: say(shown), expression };
};

function spaced(expression: string, times: string, over: string): string {
  return expression.replace(/[-+*/]/g, (sign) => ` ${sign === "*" ? times : sign === "/" ? over : sign} `);
}

/** Two numbers joined by words. */
const words: Kind = (random) => {
  const [a, b] = [amount(random), amount(random)];
  // A number up to ten may be written out.
  const said = (value: string) => random.chance(0.3) ? WRITTEN[Number(value)] ?? value : value;
  const [form, [phrase, expression]] = pickNumbered(random, [
    [`${said(a)} plus ${said(b)}`, `${a}+${b}`],
    [`${said(a)} times ${said(b)}`, `${a}*${b}`],
    [`${said(a)} minus ${said(b)}`, `${a}-${b}`],
    [`${said(a)} divided by ${said(b)}`, `${a}/${b}`],
    [`the sum of ${said(a)} and ${said(b)}`, `${a}+${b}`],
    [`the product of ${said(a)} and ${said(b)}`, `${a}*${b}`],
    [`the difference of ${said(a)} and ${said(b)}`, `${a}-${b}`],
    [`${a} percent of ${b}`, `${a}*${b}/100`],
    [`${a}% of ${b}`, `${a}*${b}/100`],
    [`half of ${a}`, `${a}/2`],
    [`double ${a}`, `2*${a}`],
    [`${a} squared`, `${a}*${a}`],
    [`the average of ${a} and ${b}`, `(${a}+${b})/2`],
  ]);
  const [ask, say] = pickNumbered(random, ASK);
  return { form: `words ${form} ${ask}`, question: say(phrase), expression };
};

const WRITTEN = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

/** Everyday sums. */
const everyday: Kind = (random) => {
  const [a, b, c] = [random.integer(2, 40), random.integer(2, 40), random.integer(2, 99)];
  const [large, price, side] = [random.integer(50, 900), money(random), money(random)];
  const goods = random.pick(["books", "pens", "tickets", "lamps", "chairs", "cups"]);
  const sweets = random.pick(["sweets", "cookies", "nuts", "cards"]);
  const [form, [question, expression, unit]] = pickNumbered(random, [
    [`One ticket costs ${price} euros. What do ${a} tickets cost?`, `${a}*${price}`, "euros"],
    [`I buy ${a} ${goods} at ${b} each and a bag for ${c}. How much do I pay?`, `${a}*${b}+${c}`, ""],
    [`Share ${large} ${sweets} among ${a} children. How many does each get?`, `${large}/${a}`, sweets],
    [`I drove ${large} km in ${a} hours. What was my average speed in km per hour?`, `${large}/${a}`, "km per hour"],
    [`A room is ${price} m long and ${side} m wide. What is its area?`, `${price}*${side}`, "square metres"],
    [`I had ${large} euros and spent ${b} and ${c}. What is left?`, `${large}-${b}-${c}`, "euros"],
    [`There are ${a} rows of ${b} seats. How many seats are there?`, `${a}*${b}`, "seats"],
    [`How many hours are ${a} days?`, `${a}*24`, "hours"],
    [`How many minutes are ${a} hours and ${c} minutes?`, `${a}*60+${c}`, "minutes"],
    [`The bill is ${price} euros and we are ${b} people. What does each pay?`, `${price}/${b}`, "euros"],
  ]);
  return { form: `everyday ${form}`, question, expression, unit };
};

const KINDS: readonly Kind[] = [signs, signs, words, everyday];

/** One to three signs, sometimes brackets, sometimes decimals. */
function readableExpression(random: Random): string {
  for (;;) {
    const [a, b, c, d] = Array.from({ length: 4 }, () => amount(random));
    const [p, q, r] = Array.from({ length: 3 }, () => random.pick(["+", "-", "*", "*", "/"]));
    const [, expression] = pickNumbered(random, [
      `${a}${p}${b}`,
      `${a}${p}${b}`,
      `${a}${p}${b}${q}${c}`,
      `(${a}${p}${b})${q}${c}`,
      `${a}${p}(${b}${q}${c})`,
      `${a}${p}${b}${q}${c}${r}${d}`,
    ]);
    if (!/\/\([^)]*\)/.test(expression) && isReadable(expression)) return expression;
  }
}

/** A positive number, of one to four digits, sometimes with decimals, as it is written. */
function amount(random: Random): string {
  const whole = random.integer(2, random.pick([9, 20, 100, 1000, 9999]));
  return random.chance(0.15) ? String(whole % 100 + random.integer(1, 9) / 10) : String(whole);
}

/** Such as 4.5 or 12.75. */
function money(random: Random): string {
  return `${random.integer(1, 30)}.${random.pick(["5", "2", "4", "8", "25", "75", "95"])}`;
}
