/** Questions about the body mass index, which a tool works out. */
import type { ChatMessage } from "../../tokenizer/mod.ts";
import type { ToolCallRequest } from "../calls/mod.ts";
import type { ChatModel, ChatUsage } from "../chat/mod.ts";
import { runAgent } from "../loop/mod.ts";
import { bmiTool } from "../tools/mod.ts";

const ASKS_BY_NAME = /\b(?:bmi|body[- ]mass index)\b/i;
const WEIGHT = /\b\d{1,3}(?:[.,]\d+)?\s?(?:kg|kilos?|kilograms?|lbs?|pounds?)\b/i;
const HEIGHT = /\b(?:[12][.,]\d{1,2}\s?(?:m|metres?|meters?)|1\d\d\s?(?:cm|centimet(?:er|re)s)|[4-7]\s?(?:feet|ft|'))/i;
const ASKS_ABOUT_WEIGHT = /\b(?:overweight|underweight|too (?:heavy|thin|fat)|my weight|healthy weight|obese)\b/i;

/** Whether a message asks for a body mass index: by name with a number in it, or about a weight with the height told. */
export function asksForBodyMass(message: string): boolean {
  if (ASKS_BY_NAME.test(message)) return WEIGHT.test(message) || /\d.*\d/.test(message);
  return ASKS_ABOUT_WEIGHT.test(message) && WEIGHT.test(message) && HEIGHT.test(message);
}

/** What a call of the tool gave. */
export interface BodyMassAnswer {
  text: string;
  /** The call with its result, for the conversation. */
  call: ToolCallRequest;
  result: string;
  usage: ChatUsage;
}

/** More turns than these no model needs for one call. */
const MOST_STEPS = 3;

/**
 * Lets the model call the tool. Its own words are the answer where they hold the number that the tool gave; else the result is said in words
 * of ours.
 *
 * @returns Null where the model called nothing that could be worked out.
 * @throws The signal's reason.
 */
export async function answerBodyMass(
  model: ChatModel,
  message: string,
  { signal }: { signal?: AbortSignal } = {},
): Promise<BodyMassAnswer | null> {
  const messages: ChatMessage[] = [{ role: "user", content: message }];
  const usage: ChatUsage = { promptTokens: 0, completionTokens: 0 };
  const generation = { temperature: 0, maxTokens: 200 };
  let found: { call: ToolCallRequest; result: string; bmi: number; class: string } | null = null;
  let answer = "";
  for await (const event of runAgent({ model, messages, tools: [bmiTool], generation, maxSteps: MOST_STEPS, signal })) {
    if (event.type === "result" && event.outcome.ok) {
      const { bmi, class: name } = event.outcome.result as { bmi: number; class: string };
      found = { call: event.call, result: event.outcome.text, bmi, class: name };
    } else if (event.type === "stop") {
      signal?.throwIfAborted();
      answer = event.run.answer ?? "";
      Object.assign(usage, event.run.usage);
    }
  }
  if (found === null) return null;
  const plain =
    `Your body mass index is ${found.bmi}: ${found.class} by the Chinese standard for adults (WS/T 428-2013).`;
  const text = answer.includes(String(found.bmi)) ? answer.trim() : plain;
  return { text, call: found.call, result: found.result, usage };
}
