import { goldAnswer, stripCalculatorAnnotations, workedSteps } from "./gsm8k_answer.ts";
import type { Gsm8kRow } from "./gsm8k.ts";

/** One turn of a chat, as chat templates take it. */
export interface ChatMessage {
  role: "system" | "user" | "assistant" | "tool";
  content: string;
}

/** Asks for reasoning, then the result, each between its tags. Short, because the house model reads it in every text. */
export const REASONING_PROMPT = "Think between <think> and </think>. " +
  "Then write only the final number between <answer> and </answer>.";

/** The same for checkpoints that know no such format yet: it shows the layout as well. */
export const REASONING_PROMPT_WITH_LAYOUT =
  "Solve the problem. First reason step by step between <think> and </think>. " +
  "Then write the final number alone, with no unit, between <answer> and </answer>. " +
  "Your reply has exactly this layout:\n<think>\nyour reasoning\n</think>\n<answer>\nthe number\n</answer>";

/** What the assistant's turn begins with, so that the model starts inside its reasoning. */
export const REASONING_PREFILL = "<think>\n";

/** A problem as a chat to be completed. */
export interface ReasoningChat {
  /** The system prompt and the question. */
  prompt: ChatMessage[];
  /** The beginning of the assistant's turn, given to the model. */
  prefill: string;
  /** A right rest of the turn: what supervised training learns. */
  completion: string;
  /** The result as a bare number without thousands commas: the `answer` column of the reward functions. */
  answer: string;
}

export interface ReasoningChatOptions {
  /** Default: REASONING_PROMPT. */
  systemPrompt?: string;
  /** What becomes of calculator annotations such as `<<3*4=12>>`. Default "strip". */
  annotations?: "strip" | "keep";
}

/**
 * Turns a row of GSM8K, or a generated word problem, into a chat.
 *
 * @throws {Error} when the answer has no `####`
 */
export function toReasoningChat(row: Gsm8kRow, options: ReasoningChatOptions = {}): ReasoningChat {
  const { systemPrompt = REASONING_PROMPT, annotations = "strip" } = options;
  const steps = workedSteps(row.answer);
  const answer = goldAnswer(row.answer).replaceAll(",", "");
  return {
    prompt: [{ role: "system", content: systemPrompt }, { role: "user", content: row.question }],
    prefill: REASONING_PREFILL,
    completion: taggedReply(annotations === "strip" ? stripCalculatorAnnotations(steps) : steps, answer)
      .slice(REASONING_PREFILL.length),
    answer,
  };
}

/** A whole assistant turn in the think/answer layout. */
export function taggedReply(reasoning: string, answer: string): string {
  return `${REASONING_PREFILL}${reasoning}\n</think>\n<answer>\n${answer}\n</answer>`;
}
