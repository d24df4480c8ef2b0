import type { Random } from "../../random/mod.ts";
import { bezout, solveCongruence } from "./number_theory.ts";
import { pickNumbered, type ToolRequest } from "./request.ts";
import { HOUSE_TOOLS } from "./tools.ts";

/** Asks for Bezout's coefficients, or only for the greatest common divisor. */
export function bezoutRequest(random: Random): ToolRequest {
  const [a, b] = twoNumbers(random);
  const [form, question] = pickNumbered(random, [
    `Find x and y with ${a}x + ${b}y = gcd(${a}, ${b}).`,
    `Find integers x and y such that ${a}*x + ${b}*y is the gcd of ${a} and ${b}.`,
    `What are the Bezout coefficients of ${a} and ${b}?`,
    `Give me the Bezout identity for ${a} and ${b}.`,
    `Run the extended Euclidean algorithm on ${a} and ${b}.`,
    `How can I write the gcd of ${a} and ${b} as a combination of the two?`,
    `What is the greatest common divisor of ${a} and ${b}?`,
    `What is gcd(${a}, ${b})?`,
    `Which is the largest number that divides both ${a} and ${b}?`,
  ]);
  return bezoutOf(random, [a, b], `bezout:${form}`, question, form >= 6);
}

function bezoutOf(
  random: Random,
  [a, b]: [number, number],
  template: string,
  question: string,
  gcdOnly: boolean,
): ToolRequest {
  const result = bezout(a, b);
  const { x, y, gcd } = result;
  const answer = gcdOnly
    ? random.pick([
      `The greatest common divisor of ${a} and ${b} is ${gcd}.`,
      `The gcd of ${a} and ${b} is ${gcd}.`,
    ])
    : random.pick([
      `x = ${x} and y = ${y}, and the gcd is ${gcd}.`,
      `The gcd of ${a} and ${b} is ${gcd}, with x = ${x} and y = ${y}.`,
      `One solution is x = ${x} and y = ${y}. The gcd is ${gcd}.`,
    ]);
  return {
    tool: HOUSE_TOOLS.bezout,
    instance: `${template}:${a},${b}`,
    question,
    call: { name: "bezout", arguments: { a, b } },
    result: JSON.stringify(result),
    answer,
    fullAnswer: gcdOnly ? answer : `For ${a} and ${b}, x = ${x} and y = ${y}, and the gcd is ${gcd}.`,
    key: { needed: gcdOnly ? [String(gcd)] : [`x = ${x}`, `y = ${y}`, String(gcd)] },
    purpose: gcdOnly ? "find common divisors" : "find Bezout coefficients",
    again: (random) => {
      const [c, d] = twoNumbers(random);
      const [form, question] = pickNumbered(random, [
        `And for ${c} and ${d}?`,
        `Now the same for ${c} and ${d}.`,
        `What about ${c} and ${d}?`,
      ]);
      return bezoutOf(random, [c, d], `bezout again:${form}`, question, gcdOnly);
    },
  };
}

/** Two different numbers, mostly with a common factor. */
function twoNumbers(random: Random): [number, number] {
  for (;;) {
    const factor = random.chance(0.7) ? random.integer(2, 15) : 1;
    const most = random.pick([12, 30, 60]);
    const [a, b] = [factor * random.integer(2, most), factor * random.integer(2, most)];
    if (a !== b) return [a, b];
  }
}

/** Asks for all solutions of a linear congruence; one in five has none. */
export function congruenceRequest(random: Random): ToolRequest {
  const numbers = congruenceNumbers(random);
  const [a, b, m] = numbers;
  const [form, question] = pickNumbered(random, [
    `Solve ${a}x = ${b} mod ${m}.`,
    `Solve ${a}x = ${b} (mod ${m}).`,
    `Find all x with ${a}*x = ${b} modulo ${m}.`,
    `Which x solve ${a}x ≡ ${b} (mod ${m})?`,
    `What are the solutions of the congruence ${a}x = ${b} mod ${m}?`,
    `For which x does ${a}*x leave the remainder ${b} when divided by ${m}?`,
    `Solve the linear congruence with a = ${a}, b = ${b} and m = ${m}.`,
  ]);
  return congruenceOf(random, numbers, `congruence:${form}`, question);
}

function congruenceOf(
  random: Random,
  numbers: readonly [number, number, number],
  template: string,
  question: string,
): ToolRequest {
  const [a, b, m] = numbers;
  const solutions = solveCongruence(a, b, m);
  const list = solutions.map((x) => `x = ${x}`);
  const all = list.length < 2 ? list[0] : `${list.slice(0, -1).join(", ")} and ${list.at(-1)}`;
  const answer = solutions.length === 0
    ? random.pick(["There is no solution.", `The congruence ${a}x = ${b} mod ${m} has no solution.`])
    : solutions.length === 1
    ? random.pick([`The only solution modulo ${m} is ${all}.`, `There is one solution: ${all}.`])
    : random.pick([`The solutions modulo ${m} are ${all}.`, `Modulo ${m} there are these solutions: ${all}.`]);
  return {
    tool: HOUSE_TOOLS.congruence,
    instance: `${template}:${a},${b},${m}`,
    question,
    call: { name: "congruence", arguments: { a, b, m } },
    result: JSON.stringify({ solutions }),
    answer,
    fullAnswer: `${a}x = ${b} mod ${m} has ${
      ["no solution", `the solution ${all}`][list.length] ?? `the solutions ${all}`
    }.`,
    key: solutions.length === 0
      ? { needed: ["no solution"], forbidden: ["solutions are", "x = 0", "x = 1"] }
      : { needed: list, forbidden: ["no solution"] },
    purpose: "solve congruences",
    again: (random) => {
      const other = congruenceNumbers(random);
      const [form, question] = pickNumbered(random, [
        `And ${other[0]}x = ${other[1]} mod ${other[2]}?`,
        `Now ${other[0]}x = ${other[1]} mod ${other[2]}, please.`,
      ]);
      return congruenceOf(random, other, `congruence again:${form}`, question);
    },
  };
}

const MOST_SOLUTIONS = 5;

function congruenceNumbers(random: Random): [a: number, b: number, m: number] {
  const wantsNone = random.chance(0.2);
  for (;;) {
    const m = random.integer(4, random.pick([20, 60, 150]));
    const [a, b] = [random.integer(2, m - 1), random.integer(1, m - 1)];
    const count = solveCongruence(a, b, m).length;
    if (wantsNone ? count === 0 : count > 0 && count <= MOST_SOLUTIONS) return [a, b, m];
  }
}
