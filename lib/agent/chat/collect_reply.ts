/** A whole reply, and what of it the conversation keeps. */
import type { ChatMessage } from "../../tokenizer/mod.ts";
import type { InvalidCall, ToolCallRequest } from "../calls/mod.ts";
import type { ChatEvent, ChatUsage, FinishReason } from "./chat_model.ts";

/** A reply that has ended. */
export interface ChatReply {
  text: string;
  reasoning: string;
  calls: ToolCallRequest[];
  invalidCalls: InvalidCall[];
  finishReason: FinishReason;
  usage: ChatUsage;
}

/** A reply of which nothing has come. */
export function emptyReply(): ChatReply {
  const usage = { promptTokens: 0, completionTokens: 0 };
  return { text: "", reasoning: "", calls: [], invalidCalls: [], finishReason: "stop", usage };
}

/** Adds what has come to a reply. */
export function addEvent(reply: ChatReply, event: ChatEvent): void {
  if (event.type === "text") reply.text += event.text;
  else if (event.type === "reasoning") reply.reasoning += event.text;
  else if (event.type === "call") reply.calls.push(event.call);
  else if (event.type === "invalidCall") reply.invalidCalls.push(event.call);
  else [reply.finishReason, reply.usage] = [event.finishReason, event.usage];
}

/**
 * Reads a reply to its end.
 *
 * @param events From `ChatModel.stream`.
 * @param onEvent Called with each event as it comes.
 * @throws What the model throws.
 */
export async function collectReply(
  events: AsyncIterable<ChatEvent>,
  onEvent?: (event: ChatEvent) => void,
): Promise<ChatReply> {
  const reply = emptyReply();
  for await (const event of events) {
    addEvent(reply, event);
    onEvent?.(event);
  }
  return reply;
}

/**
 * A reply as the conversation keeps it: its text, what was meant as a call as it was written, and its calls. Put the result
 * of each call after it by `resultMessage`.
 *
 * @param options.keepReasoning Default false: models are not trained to read the reasoning of earlier turns.
 */
export function replyMessage(
  { text, reasoning, calls, invalidCalls }: Pick<ChatReply, "text" | "reasoning" | "calls" | "invalidCalls">,
  { keepReasoning = false }: { keepReasoning?: boolean } = {},
): ChatMessage {
  const content = [text.trim(), ...invalidCalls.map(({ raw }) => raw)].filter((part) => part !== "").join("\n");
  const message: ChatMessage = { role: "assistant", content };
  if (keepReasoning && reasoning.trim() !== "") message.reasoning_content = reasoning.trim();
  if (calls.length > 0) {
    message.tool_calls = calls.map(({ id, name, arguments: given }) => ({
      id,
      type: "function",
      function: { name, arguments: { ...given } },
    }));
  }
  return message;
}

/**
 * What came of a call, for the conversation.
 *
 * @param text JSON, as tools give it.
 */
export function resultMessage({ id, name }: Pick<ToolCallRequest, "id" | "name">, text: string): ChatMessage {
  return { role: "tool", tool_call_id: id, name, content: text };
}
