import type { Random } from "../../random/mod.ts";
import { calculatorRequest } from "../tool_requests/calculator_requests.ts";
import { bezoutRequest, congruenceRequest } from "../tool_requests/mathematics_requests.ts";
import { drawRequest } from "../tool_requests/request.ts";
import { wordProblemAt } from "../word_problems.ts";
import { type DrawQuestion, drawWording } from "./question.ts";

/** Word problems, calculations, number theory, school algebra and geometry, and definitions. */
export const MATH_QUESTIONS: readonly DrawQuestion[] = [
  (random, split) => {
    const { question } = wordProblemAt(random.integer(0, 1e9), { seed: "routing", split });
    return { question, instance: question, split };
  },
  (random, split) => {
    const family = random.pick([calculatorRequest, calculatorRequest, bezoutRequest, congruenceRequest]);
    const { question, instance } = drawRequest(random, family, split);
    return { question, instance, split };
  },
  (random) => drawWording(random, "algebra", algebra(random)),
  (random) => drawWording(random, "geometry", geometry(random)),
  (random) => drawWording(random, "numbers", numbers(random)),
  (random) => drawWording(random, "definition", definitions(random)),
];

function algebra(random: Random): string[] {
  const [a, b, c, d] = drawNumbers(random);
  return [
    `Solve ${a}x + ${b} = ${c} for x.`,
    `What is x if ${a}x - ${b} = ${c}?`,
    `Find x and y with x + y = ${c} and x - y = ${b}.`,
    `Solve x^2 + ${a}x + ${b} = 0.`,
    `Expand (x + ${a})(x - ${b}).`,
    `Factor x^2 - ${a * a}.`,
    `What is the derivative of ${a}x^${d}?`,
    `Find the integral of ${a}x^${d} from 0 to ${b}.`,
    `If f(x) = ${a}x + ${b}, what is f(${c})?`,
    `What is the slope of the line y = ${a}x - ${b}?`,
    `For which x is ${a}x + ${b} larger than ${c}?`,
    `A number plus ${a} is ${b + a}. Which number is it?`,
    `What is the limit of ${a}/x for large x?`,
    `Write the equation of a line through (${a}, ${b}) and (${c}, ${d}).`,
  ];
}

function geometry(random: Random): string[] {
  const [a, b, c] = drawNumbers(random);
  return [
    `What is the area of a rectangle with sides ${a} and ${b}?`,
    `A triangle has the base ${a} and the height ${b}. What is its area?`,
    `Find the perimeter of a square with the side ${a}.`,
    `What is the volume of a box of ${a} by ${b} by ${c}?`,
    `A right triangle has legs of ${a} and ${b}. How long is the third side?`,
    `What is the circumference of a circle with radius ${a}?`,
    `Two angles of a triangle are ${a + 20} and ${b % 50 + 20} degrees. What is the third?`,
    `How many diagonals has a polygon with ${a + 3} corners?`,
  ];
}

function numbers(random: Random): string[] {
  const [a, b, c, d] = drawNumbers(random);
  return [
    `Is ${a * b + d} a prime number?`,
    `Write ${a * b} as a product of primes.`,
    `What is the next number: ${a}, ${a + d}, ${a + 2 * d}, ${a + 3 * d}?`,
    `Simplify the fraction ${a * d}/${b * d}.`,
    `What is the remainder of ${c + 100} divided by ${a + 2}?`,
    `What is the median of ${a}, ${b}, ${c}, ${d} and ${a + b}?`,
    `What is ${a}/${a + b} as a percentage?`,
    `What is the probability of rolling a ${random.integer(1, 6)} ${random.pick(["twice", "three times"])} with a die?`,
    `In how many ways can ${a + 2} people stand in a row?`,
    `What is the square root of ${a * a}?`,
    `What is ${a} to the power of ${d}?`,
    `Find the least common multiple of ${a} and ${b}.`,
    `What is log base ${d} of ${c}?`,
    `How many numbers between ${a} and ${a + c} are divisible by ${d + 1}?`,
    `Round ${c}.${b} to the next ten.`,
    `Which is larger, ${a}/${b} or ${b}/${c}?`,
    `Add the numbers from ${a} to ${a + b}.`,
    `I roll ${d} dice. How likely is a sum of ${d + b % 5 + 1}?`,
  ];
}

const TERMS = [
  ...["a prime number", "a rational number", "the greatest common divisor", "a congruence", "a vector", "a matrix"],
  ...["the derivative", "an integral", "a logarithm", "a polynomial", "an equation", "the Pythagorean theorem"],
  ...["Bezout's identity", "the Euclidean algorithm", "a right angle", "the number pi", "a fraction", "a percentage"],
  ...["a parallelogram", "the mean of numbers", "a quadratic equation", "modular arithmetic", "a geometric series"],
];

function definitions(random: Random): string[] {
  const term = random.pick(TERMS);
  const kind = random.pick(["even", "odd"]);
  const bare = term.replace(/^(?:a|an|the) /, "");
  return [
    `What is ${term}?`,
    `Explain ${term} with an example.`,
    `What does ${term} mean in mathematics?`,
    `How do I calculate with ${term}?`,
    `Teach me the rules for ${term}.`,
    `Give me an exercise about ${term}.`,
    `Which formula has to do with ${term}?`,
    `Prove that the sum of two ${kind} numbers is even.`,
    `I do not understand ${term}. Can you help me?`,
    `My homework is about the ${bare}. Where do I start?`,
  ];
}

function drawNumbers(random: Random): [number, number, number, number] {
  return [random.integer(2, 15), random.integer(2, 40), random.integer(20, 300), random.integer(2, 6)];
}
