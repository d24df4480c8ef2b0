import type { Random } from "../../random/mod.ts";
import { PEOPLE, type Person } from "./vocabulary.ts";

/** One family of problems: a story whose names, things and numbers are drawn anew each time. */
export interface Template {
  /** Unique among all templates. */
  name: string;
  /** How many calculations the answer takes. */
  steps: 1 | 2 | 3;
  /** Draws the story, asks the question and works the answer, by the builder's methods. */
  write(problem: ProblemBuilder): void;
}

/** A question with its worked answer in GSM8K's format. */
export interface WordProblem {
  question: string;
  answer: string;
  /** Name of the template. */
  template: string;
  steps: number;
}

/** No number in a problem is smaller: "1 apples" is never written, and no result is zero. */
const SMALLEST = 2;

/**
 * Draws a problem's parts and records its calculations. A calculation that leaves the bounds (below 2, above
 * `maxNumber`, a division with a remainder) rejects the whole problem; the caller draws again.
 */
export class ProblemBuilder {
  readonly #random: Random;
  readonly #maxNumber: number;
  #question = "";
  #lines: string[] = [];
  #result = NaN;
  #rejected = false;

  constructor(random: Random, maxNumber: number) {
    this.#random = random;
    this.#maxNumber = maxNumber;
  }

  person(): Person {
    return this.#random.pick(PEOPLE);
  }

  /** Different people. */
  people(count: number): Person[] {
    return this.#random.sample(PEOPLE, count);
  }

  pick<T>(items: readonly T[]): T {
    return this.#random.pick(items);
  }

  /** Different items. */
  several<T>(items: readonly T[], count: number): T[] {
    return this.#random.sample(items, count);
  }

  /** A number to add or subtract: half the time of one digit, else up to 20 (more when maxNumber is above 200). */
  amount(): number {
    const largest = Math.min(this.#maxNumber / 2, Math.max(20, this.#maxNumber / 10));
    return this.#oneDigitOr(0.5, Math.floor(largest));
  }

  /** A number to multiply or divide by: mostly of one digit, else up to 12, and its square at most maxNumber. */
  factor(): number {
    return this.#oneDigitOr(0.8, Math.floor(Math.min(12, Math.sqrt(this.#maxNumber))));
  }

  /** 2, 3 or 4. */
  few(): number {
    return this.#random.integer(SMALLEST, 4);
  }

  #oneDigitOr(oneDigit: number, largest: number): number {
    const small = largest < 10 || this.#random.chance(oneDigit);
    return small ? this.#random.integer(SMALLEST, Math.min(9, largest)) : this.#random.integer(10, largest);
  }

  /** The problem's text. */
  ask(question: string): void {
    this.#question = question;
  }

  /** A line "before left+right=<<left+right=sum>>sum after." @returns the sum */
  add(before: string, left: number, right: number, after: string): number {
    return this.#work(before, left, "+", right, left + right, after);
  }

  /** A line with left-right. @returns the difference */
  subtract(before: string, left: number, right: number, after: string): number {
    return this.#work(before, left, "-", right, left - right, after);
  }

  /** A line with left*right. @returns the product */
  multiply(before: string, left: number, right: number, after: string): number {
    return this.#work(before, left, "*", right, left * right, after);
  }

  /** A line with left/right. @returns the quotient */
  divide(before: string, left: number, right: number, after: string): number {
    return this.#work(before, left, "/", right, left / right, after);
  }

  #work(before: string, left: number, operator: string, right: number, value: number, after: string): number {
    // Operands too: a template may find one by subtraction ("9 boys and the rest girls").
    if (![left, right, value].every((number) => this.#isAllowed(number))) this.#rejected = true;
    const expression = `${left}${operator}${right}`;
    this.#lines.push(`${before} ${expression}=<<${expression}=${value}>>${value} ${after}.`);
    this.#result = value;
    return value;
  }

  #isAllowed(number: number): boolean {
    return Number.isInteger(number) && number >= SMALLEST && number <= this.#maxNumber;
  }

  /** The finished problem, or null when it was rejected or a number in its text is too large. */
  finish(template: Template): WordProblem | null {
    const allowed = numbersIn(this.#question).every((number) => this.#isAllowed(number));
    if (this.#rejected || !allowed) return null;
    const answer = [...this.#lines, `#### ${this.#result}`].join("\n");
    return { question: this.#question, answer, template: template.name, steps: template.steps };
  }
}

/** The numbers of a text in their order. */
export function numbersIn(text: string): number[] {
  return Array.from(text.matchAll(/\d+/g), (match) => Number(match[0]));
}
