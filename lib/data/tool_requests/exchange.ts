import type { Random } from "../../random/mod.ts";
import type { ToolDefinition } from "../../tokenizer/mod.ts";
import type { RequestedCall } from "./call.ts";
import type { AnswerKey } from "./grade.ts";
import type { ToolRequest } from "./request.ts";

/** What is said from a user's request to the final answer. */
export interface Exchange {
  /** The tools that it needs. */
  tools: readonly ToolDefinition[];
  question: string;
  steps: readonly Step[];
  answer: string;
  key: AnswerKey;
}

/** Calls of one assistant's turn, and what the tools give for them. */
export interface Step {
  calls: readonly RequestedCall[];
  results: readonly string[];
  /** A mistake that is mended in the next step: it is not learned. */
  isMistake?: boolean;
}

/** One call and its result. */
export function exchangeOf({ tool, question, call, result, answer, key }: ToolRequest): Exchange {
  return { tools: [tool], question, steps: [{ calls: [call], results: [result] }], answer, key };
}

/** Several requests in one message: their calls are made at once. */
export function atOnce(random: Random, requests: readonly ToolRequest[], areAlike: boolean): Exchange {
  const questions = requests.map(({ question }) => question);
  const question = areAlike ? questions.join(" ") : random.pick([
    questions.join(" "),
    questions.join(" Also: "),
    `${requests.length === 2 ? "Two" : "Three"} things. ${questions.join(" ")}`,
    questions.join(" And another question: "),
  ]);
  return {
    tools: requests.map(({ tool }) => tool),
    question,
    steps: [{ calls: requests.map(({ call }) => call), results: requests.map(({ result }) => result) }],
    answer: requests.map(({ answer, fullAnswer }) => fullAnswer ?? answer).join(" "),
    key: { needed: requests.flatMap(({ key }) => key.needed) },
  };
}
