/** Questions to an agent of the shipped model: what each is for, and how its answer is judged. */
import {
  goldAnswer,
  type GradedCase,
  HOUSE_TOOL_NAMES,
  parseNumber,
  type Split,
  toolCallsCorpus,
  vignetteAnswerIsRight,
  vignetteAt,
  wordProblemAt,
} from "../../data/mod.ts";
import { Random, type RandomSeed } from "../../random/mod.ts";
import type { AnswerPath } from "./cot_agent.ts";

/** The kinds of questions that the shipped model was taught. */
export const AGENT_QUESTION_KINDS = [
  "word problem",
  "vignette",
  "exact sum",
  "body mass",
  "look-up",
  "daily",
  "small talk",
] as const;

/** One of them. */
export type AgentQuestionKind = typeof AGENT_QUESTION_KINDS[number];

/** A question with the way that it should take. */
export interface AgentQuestion {
  kind: AgentQuestionKind;
  question: string;
  /** Null where no expert is for it. */
  route: string | null;
  path: AnswerPath;
  /** Whether an answer is right; missing where that depends on what a tool says today. */
  isRight?: (answer: string) => boolean;
}

/**
 * Generated questions, so many of each kind and all different: word problems and medical vignettes to be reasoned about,
 * requests for the house's tools, and small talk. No question of the split "test" is one of "train".
 */
export function drawAgentQuestions(
  count: number,
  { seed = 0, split = "train" }: { seed?: RandomSeed; split?: Split } = {},
): AgentQuestion[] {
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`count: expected a whole number above 0, got ${count}`);
  }
  const drawn = new Map<string, AgentQuestion>();
  const left = new Map<AgentQuestionKind, number>(AGENT_QUESTION_KINDS.map((kind) => [kind, count]));
  const take = (question: AgentQuestion | null) => {
    const wanted = question === null ? 0 : left.get(question.kind)!;
    if (question === null || wanted === 0 || drawn.has(question.question)) return;
    drawn.set(question.question, question);
    left.set(question.kind, wanted - 1);
  };
  const options = { seed, split };
  for (let index = 0; drawn.size < AGENT_QUESTION_KINDS.length * count; index++) {
    take(wordProblem(index, options));
    take(vignette(index, options));
    take(chatQuestion(index, options));
  }
  return AGENT_QUESTION_KINDS.flatMap((kind) => [...drawn.values()].filter((question) => question.kind === kind));
}

interface DrawOptions {
  seed: RandomSeed;
  split: Split;
}

function wordProblem(index: number, options: DrawOptions): AgentQuestion {
  const { question, answer } = wordProblemAt(index, options);
  const gold = parseNumber(goldAnswer(answer));
  return {
    kind: "word problem",
    question,
    route: "math",
    path: "reasoning",
    isRight: (reply) => parseNumber(reply) === gold,
  };
}

function vignette(index: number, options: DrawOptions): AgentQuestion {
  const row = vignetteAt(index, { ...options, chapters: "all" });
  return {
    kind: "vignette",
    question: row.Question,
    route: "medical",
    path: "reasoning",
    isRight: (reply) => vignetteAnswerIsRight(row, reply),
  };
}

const KIND_OF_TOOL: Record<typeof HOUSE_TOOL_NAMES[number], AgentQuestionKind> = {
  calculator: "exact sum",
  bezout: "exact sum",
  congruence: "exact sum",
  bmi: "body mass",
  search: "look-up",
  weather: "daily",
  today: "daily",
};

/** The beginning of a chat with tools, where it is one request for a tool of the house or none at all; else null. */
function chatQuestion(index: number, options: DrawOptions): AgentQuestion | null {
  const { kind, messages, cases } = toolCallsCorpus.exampleAt(index, options);
  const start = messages.findIndex(({ role }) => role === "user");
  const asked = String(messages[start].content);
  if (kind === "no tool") {
    // Chats of both splits begin alike, with other tools on offer: of the questions themselves, each split has its half.
    if (new Random(`small talk: ${asked}`).chance(0.5) !== (options.split === "test")) return null;
    const [first] = cases.filter(({ messages: { length } }) => length === start + 1);
    // Some of these chats ask for what no tool is offered for, and another agent has one.
    if (first === undefined || /\b(?:no tool|which|what is your)\b/i.test(first.reference)) return null;
    const question: AgentQuestion = { kind: "small talk", question: asked, route: null, path: "reply" };
    const isRight = isRightBy(first);
    // What it can do depends on the tools that it has, and to some things any friendly word is right.
    if (!/^I can /.test(first.reference) && !isRight("No.")) question.isRight = isRight;
    return question;
  }
  const calls = messages[start + 1]?.tool_calls ?? [];
  const isOneTurn = messages.filter(({ role }) => role === "user").length === 1;
  if (kind !== "single call" || !isOneTurn || calls.length !== 1) return null;
  const { name, arguments: given } = calls[0].function;
  const tool = HOUSE_TOOL_NAMES.find((known) => known === name);
  if (tool === undefined) return null;
  const ofTool = KIND_OF_TOOL[tool];
  return {
    kind: ofTool,
    question: asked,
    route: routeOf(ofTool, JSON.stringify(given)),
    path: "tools",
    // The others depend on documents, on the weather and on the day.
    ...(ofTool === "exact sum" || ofTool === "body mass" ? { isRight: isRightBy(cases.at(-1)!) } : {}),
  };
}

function isRightBy({ grade }: GradedCase): (reply: string) => boolean {
  return (reply) => Object.values(grade(reply)).every((share) => share === 1);
}

/** Words of mathematics in a query; documents are asked about medicines and illnesses besides. */
const MATHEMATICS = /theorem|triangle|circle|sphere|numbers|polyhedra|derivative|identity|conjecture/;

function routeOf(kind: AgentQuestionKind, given: string): string | null {
  if (kind === "look-up") return MATHEMATICS.test(given) ? "math" : "medical";
  return kind === "exact sum" ? "math" : kind === "daily" ? null : "medical";
}
