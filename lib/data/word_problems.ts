import { Random, type RandomSeed } from "../random/mod.ts";
import { numbersIn, ProblemBuilder, type Template, type WordProblem } from "./word_problems/problem_builder.ts";
import { ONE_STEP } from "./word_problems/templates_one_step.ts";
import { THREE_STEPS } from "./word_problems/templates_three_steps.ts";
import { TWO_STEPS } from "./word_problems/templates_two_steps.ts";

export type { WordProblem } from "./word_problems/problem_builder.ts";

/** Every story there is. */
export const WORD_PROBLEM_TEMPLATES: readonly Template[] = [...ONE_STEP, ...TWO_STEPS, ...THREE_STEPS];

/** What kind of problems, and which stream of them. */
export interface WordProblemOptions {
  /** Default 0. */
  seed?: RandomSeed;
  /** Default "train". A template with the same numbers belongs to one split only: no test question occurs in train. */
  split?: "train" | "test";
  /** How many calculations the answers take, both ends included. Default 1 to 3. */
  steps?: { min: number; max: number };
  /** No number in a question or an answer is larger. Default 200, at least 20. */
  maxNumber?: number;
}

/**
 * Problem number `index` of a stream: any one can be had without the ones before it, so a run resumes by its index.
 * The number of steps is drawn first, then the template, then its names, things and numbers.
 *
 * @throws {RangeError} when steps or maxNumber cannot be met
 */
export function wordProblemAt(index: number, options: WordProblemOptions = {}): WordProblem {
  const { seed = 0, split = "train", steps = { min: 1, max: 3 }, maxNumber = 200 } = options;
  if (
    !Number.isInteger(steps.min) || !Number.isInteger(steps.max) || steps.min < 1 || steps.max > 3 ||
    steps.min > steps.max
  ) {
    throw new RangeError(`steps ${steps.min} to ${steps.max}: expected whole numbers from 1 to 3`);
  }
  if (!Number.isInteger(maxNumber) || maxNumber < 20) {
    throw new RangeError(`maxNumber is ${maxNumber}: expected a whole number of at least 20`);
  }
  const random = new Random(seed).fork(split).fork(index);
  const count = random.integer(steps.min, steps.max);
  for (;;) {
    const template = random.pick(TEMPLATES_BY_STEPS[count - 1]);
    // Drawing again within the template keeps templates equally frequent; a template that small numbers do not suit
    // (a bound of 20 leaves few products) gives way to another one in the end.
    for (let attempt = 0; attempt < 500; attempt++) {
      const builder = new ProblemBuilder(random, maxNumber);
      template.write(builder);
      const problem = builder.finish(template);
      if (problem !== null && splitOf(problem) === split) return problem;
    }
  }
}

/**
 * A set of word problems in GSM8K's format: the first `count` different questions of the stream that `seed` gives. The same options
 * give the same problems, and a larger count continues a smaller one.
 *
 * @throws {RangeError} when steps or maxNumber cannot be met, or allow too few different questions
 */
export function generateWordProblems(options: WordProblemOptions & { count: number }): WordProblem[] {
  const { count, ...stream } = options;
  if (!Number.isInteger(count) || count < 0) throw new RangeError(`count is ${count}: expected a whole number`);
  const problems: WordProblem[] = [];
  const seen = new Set<string>();
  for (let index = 0; problems.length < count; index++) {
    if (index > 1000 + 20 * count) {
      throw new RangeError(
        `only ${seen.size} different questions found, ${count} wanted: raise maxNumber or allow more steps`,
      );
    }
    const problem = wordProblemAt(index, stream);
    if (seen.has(problem.question)) continue;
    seen.add(problem.question);
    problems.push(problem);
  }
  return problems;
}

const TEMPLATES_BY_STEPS = [ONE_STEP, TWO_STEPS, THREE_STEPS];

/** One instance in ten is held out: a template with certain numbers, whatever the names and things in it. */
function splitOf({ template, question }: WordProblem): "train" | "test" {
  const instance = `${template}:${numbersIn(question).join(",")}`;
  return new Random(instance).bits() % 10 === 0 ? "test" : "train";
}
