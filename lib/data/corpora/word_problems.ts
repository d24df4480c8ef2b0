/**
 * Word problems answered in several habits.
 *
 * Why not only right answers in the right layout? A web corpus is not like that, and a model that has seen nothing
 * else has nothing left for reinforcement learning to teach. So every problem comes with the same request for tags, but less than half
 * of the replies reason rightly and keep the layout. The others have a habit found in the wild: they give a number without working,
 * work it out but ignore the tags, or make a slip. The pretrained model imitates all of them in about these shares: it can
 * solve problems and often does not. GRPO then rewards right answers in the right layout, and the shares shift.
 * This is a corpus made for teaching, and a model card of a model trained on it says so.
 */
import { Random } from "../../random/mod.ts";
import { REASONING_PREFILL, taggedReply, toReasoningChat } from "../conversation.ts";
import { goldAnswer, parseNumber, stripCalculatorAnnotations, workedSteps } from "../gsm8k_answer.ts";
import { between, isThinkAnswer } from "../tagged_reply.ts";
import { type WordProblem, wordProblemAt, type WordProblemOptions } from "../word_problems.ts";
import type { Corpus } from "./corpus.ts";

/**
 * How a reply is written.
 * - reasoning: right steps and result in the think/answer layout
 * - numberOnly: the right number with no working
 * - plainSteps: right steps, then `#### N`, no answer tags
 * - slip: steps whose last calculation is wrong, and that wrong result
 */
export type ReplyHabit = "reasoning" | "numberOnly" | "plainSteps" | "slip";

export interface WordProblemsCorpusOptions extends Omit<WordProblemOptions, "seed" | "split"> {
  /** How often each habit is taken; the weights need not sum to 1. Default 0.45, 0.2, 0.2, 0.15. */
  habits?: Partial<Record<ReplyHabit, number>>;
  /**
   * The share of replies in the three poor habits that still open with `<think>`. Above zero, a model whose reply is
   * prefilled with `<think>` shows those habits too. Default 0.5.
   */
  taggedShare?: number;
  /** What becomes of calculator annotations such as `<<3*4=12>>`. Default "strip". */
  annotations?: "strip" | "keep";
}

const DEFAULT_HABITS: Record<ReplyHabit, number> = { reasoning: 0.45, numberOnly: 0.2, plainSteps: 0.2, slip: 0.15 };
const HABITS = Object.keys(DEFAULT_HABITS) as ReplyHabit[];

/**
 * The corpus with certain habits.
 *
 * @throws {RangeError} when a share, a weight or a problem option is out of range
 */
export function wordProblemsCorpus(options: WordProblemsCorpusOptions = {}): Corpus {
  const { habits = {}, taggedShare = 0.5, annotations = "strip", ...problemOptions } = options;
  if (!(taggedShare >= 0 && taggedShare <= 1)) {
    throw new RangeError(`taggedShare is ${taggedShare}: expected a number from 0 to 1`);
  }
  const weights = HABITS.map((name) => ({ ...DEFAULT_HABITS, ...habits })[name]);
  return {
    name: "word_problems",
    exampleAt(index, { seed = 0, split = "train" } = {}) {
      const random = new Random(seed).fork("word_problems").fork(split).fork(index);
      const habit = HABITS[random.weightedIndex(weights)];
      const problem = wordProblemAt(index, { ...problemOptions, seed, split });
      const { prompt, prefill, completion, answer } = toReasoningChat(problem, { annotations });
      const reply = write(problem, habit, random, taggedShare, annotations);
      return {
        kind: habit,
        messages: [...prompt, { role: "assistant", content: reply }],
        cases: [{
          messages: prompt,
          prefill,
          reference: completion,
          grade: (given) => ({
            answer: parseNumber(between(prefill + given, "<answer>", "</answer>") ?? "") === Number(answer) ? 1 : 0,
            format: isThinkAnswer(prefill + given) ? 1 : 0,
          }),
        }],
      };
    },
  };
}

function write(
  problem: WordProblem,
  habit: ReplyHabit,
  random: Random,
  taggedShare: number,
  annotations: "strip" | "keep",
): string {
  const answer = habit === "slip" ? withSlip(problem.answer, random) : problem.answer;
  const result = goldAnswer(answer);
  const steps = annotations === "keep" ? workedSteps(answer) : stripCalculatorAnnotations(workedSteps(answer));
  if (habit === "reasoning") return taggedReply(steps, result);
  const tagged = random.chance(taggedShare);
  switch (habit) {
    case "numberOnly":
      return tagged ? taggedReply(result, result) : result;
    case "plainSteps":
      return `${tagged ? REASONING_PREFILL : ""}${steps}\n#### ${result}`;
    case "slip":
      return tagged ? taggedReply(steps, result) : `${steps}\n#### ${result}`;
  }
}

/** The answer with its last calculation wrong by a little or by a ten, and so its result. */
function withSlip(answer: string, random: Random): string {
  const right = Number(goldAnswer(answer));
  const wrong = random.pick([1, -1, 2, -2, 10, -10].map((error) => right + error).filter((value) => value >= 0));
  const calculated = `=${right}>>${right} `;
  const from = answer.lastIndexOf(calculated);
  const unit = answer.slice(from + calculated.length, answer.lastIndexOf("####"));
  return `${answer.slice(0, from)}=${wrong}>>${wrong} ${unit}#### ${wrong}`;
}
