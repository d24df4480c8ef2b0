/**
 * The texts that the house model is pretrained on: word problems answered in several habits, and arithmetic drills.
 *
 * Why not only right answers in the right layout? A web corpus is not like that, and a model that has seen nothing
 * else has nothing left for reinforcement learning to teach. So every problem comes with the same request for tags, but less than half
 * of the replies reason rightly and keep the layout. The others have a habit found in the wild: they give a number without working,
 * work it out but ignore the tags, or make a slip. The pretrained model imitates all of them in about these shares: it can
 * solve problems and often does not. GRPO then rewards right answers in the right layout, and the shares shift.
 * This is a corpus made for teaching, and a model card of a model trained on it says so.
 */
import { Random, type RandomSeed } from "../random/mod.ts";
import { type ChatMessage, REASONING_PREFILL, REASONING_PROMPT, taggedReply } from "./conversation.ts";
import { goldAnswer, stripCalculatorAnnotations, workedSteps } from "./gsm8k_answer.ts";
import { type WordProblem, wordProblemAt, type WordProblemOptions } from "./word_problems.ts";

/**
 * How a reply is written.
 * - reasoning: right steps and result in the think/answer layout
 * - numberOnly: the right number with no working
 * - plainSteps: right steps, then `#### N`, no answer tags
 * - slip: steps whose last calculation is wrong, and that wrong result
 */
export type ReplyHabit = "reasoning" | "numberOnly" | "plainSteps" | "slip";

/** One training text: a chat to be rendered with the model's chat template. */
export interface PretrainingDocument {
  index: number;
  habit: ReplyHabit | "drill";
  messages: ChatMessage[];
}

export interface PretrainingOptions extends WordProblemOptions {
  /** How often each habit is taken; the weights need not sum to 1. Default 0.45, 0.2, 0.2, 0.15. */
  weights?: Partial<Record<ReplyHabit, number>>;
  /**
   * The share of replies in the three poor habits that still open with `<think>`. Above zero, a model whose reply is
   * prefilled with `<think>` shows those habits too. Default 0.5.
   */
  taggedShare?: number;
  /** Arithmetic drills on top, as a share of the problems. Default 0.1. */
  drillShare?: number;
  /** What becomes of calculator annotations such as `<<3*4=12>>`. Default "strip". */
  annotations?: "strip" | "keep";
}

const DEFAULT_WEIGHTS: Record<ReplyHabit, number> = { reasoning: 0.45, numberOnly: 0.2, plainSteps: 0.2, slip: 0.15 };
const HABITS = Object.keys(DEFAULT_WEIGHTS) as ReplyHabit[];
const DRILL_LINES = 10;

/**
 * An endless stream of training texts. A run that stopped after `n` of them goes on with `start: n`.
 *
 * @throws {RangeError} when a share, a weight or a problem option is out of range
 */
export function* pretrainingDocuments(
  options: PretrainingOptions & { start?: number } = {},
): Generator<PretrainingDocument, never, undefined> {
  const { start = 0, ...stream } = options;
  for (let index = start;; index++) yield pretrainingDocumentAt(index, stream);
}

/** Text number `index` of the stream. */
export function pretrainingDocumentAt(index: number, options: PretrainingOptions = {}): PretrainingDocument {
  const { seed = 0, split = "train", taggedShare = 0.5, drillShare = 0.1, maxNumber = 200 } = options;
  for (const [name, share] of Object.entries({ taggedShare, drillShare })) {
    if (!(share >= 0 && share <= 1)) throw new RangeError(`${name} is ${share}: expected a number from 0 to 1`);
  }
  const random = documentRandom(seed, split, index);
  if (random.chance(drillShare / (1 + drillShare))) {
    return { index, habit: "drill", messages: drill(random, maxNumber) };
  }
  const weights = { ...DEFAULT_WEIGHTS, ...options.weights };
  const habit = HABITS[random.weightedIndex(HABITS.map((name) => weights[name]))];
  const problem = wordProblemAt(index, options);
  const reply = write(problem, habit, random, taggedShare, options.annotations ?? "strip");
  const messages: ChatMessage[] = [
    { role: "system", content: REASONING_PROMPT },
    { role: "user", content: problem.question },
    { role: "assistant", content: reply },
  ];
  return { index, habit, messages };
}

function documentRandom(seed: RandomSeed, split: string, index: number): Random {
  return new Random(seed).fork("pretraining").fork(split).fork(index);
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

/** Lines such as "7*8=56", to learn the tables: the same kinds of calculation that problems need. */
function drill(random: Random, maxNumber: number): ChatMessage[] {
  const lines = Array.from({ length: DRILL_LINES }, () => drillLine(random, maxNumber));
  return [{ role: "user", content: "Calculate." }, { role: "assistant", content: lines.join("\n") }];
}

function drillLine(random: Random, maxNumber: number): string {
  // Half of the sums and products are of small numbers, as most in problems are.
  const small = random.chance(0.5);
  const sum = random.integer(4, small ? Math.min(40, maxNumber) : maxNumber);
  const addend = random.integer(2, sum - 2);
  const left = random.integer(2, small ? Math.min(12, Math.floor(maxNumber / 2)) : Math.floor(maxNumber / 2));
  const right = random.integer(2, Math.max(2, Math.min(12, Math.floor(maxNumber / left))));
  switch (random.integer(0, 3)) {
    case 0:
      return `${sum - addend}+${addend}=${sum}`;
    case 1:
      return `${sum}-${addend}=${sum - addend}`;
    case 2:
      return random.chance(0.5) ? `${left}*${right}=${left * right}` : `${right}*${left}=${left * right}`;
    default:
      return random.chance(0.5) ? `${left * right}/${left}=${right}` : `${left * right}/${right}=${left}`;
  }
}
