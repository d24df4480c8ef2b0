import { REASONING_PREFILL, type ReasoningChat, taggedReply } from "../conversation.ts";
import type { VignetteRow } from "./vignette.ts";

/** Asks for reasoning, then the answer, each between its tags. Short, because the house model reads it in every text. */
export const MEDICAL_REASONING_PROMPT = "You are a medical assistant. Think between <think> and </think>. " +
  "Then write one sentence between <answer> and </answer>.";

/** How a row becomes a chat. */
export interface VignetteChatOptions {
  /** Default: MEDICAL_REASONING_PROMPT. */
  systemPrompt?: string;
}

/**
 * Turns a vignette, or a row of the public medical-o1 data set, into a chat to be completed. Its `answer` is the short gold
 * answer, or the whole Response for rows that have none.
 */
export function toVignetteChat(
  row: VignetteRow & { answer?: string },
  options: VignetteChatOptions = {},
): ReasoningChat {
  const { systemPrompt = MEDICAL_REASONING_PROMPT } = options;
  return {
    prompt: [{ role: "system", content: systemPrompt }, { role: "user", content: row.Question.trim() }],
    prefill: REASONING_PREFILL,
    completion: taggedReply(row.Complex_CoT.trim(), row.Response.trim()).slice(REASONING_PREFILL.length),
    answer: row.answer ?? row.Response.trim(),
  };
}
