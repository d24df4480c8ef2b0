/** A session's messages as models read them. */
import type { ChatMessage } from "../../tokenizer/mod.ts";
import type { SessionMessage } from "./session.ts";

/** Stands for what the person took out of memory. */
const LEFT_OUT = "…";

/** What of a message models may read: its text without what the person took out of memory. */
export function readableText({ content, withheld = [] }: Pick<SessionMessage, "content" | "withheld">): string {
  let [text, at] = ["", 0];
  for (const { start, end } of withheld.toSorted((one, other) => one.start - other.start)) {
    if (start > at || at === 0) text += `${content.slice(at, start)}${LEFT_OUT}`;
    at = Math.max(at, end);
  }
  return text + content.slice(at);
}

/** Messages of a session for a chat model, without reasoning of earlier turns and without what the person took out of memory. */
export function modelMessages(messages: readonly SessionMessage[]): ChatMessage[] {
  return messages.map((message) => {
    const { role, toolCalls, toolCallId, name } = message;
    return {
      role,
      content: readableText(message),
      ...(toolCalls === undefined ? {} : { tool_calls: toolCalls }),
      ...(toolCallId === undefined ? {} : { tool_call_id: toolCallId }),
      ...(name === undefined ? {} : { name }),
    };
  });
}

/** A turn of a conversation: a message of the person with all that follows until the next one. */
export interface Turn {
  /** From 1. */
  turn: number;
  messages: SessionMessage[];
}

/** The turns of a conversation. What comes before the person's first message belongs to the first turn. */
export function turnsOf(messages: readonly SessionMessage[]): Turn[] {
  const turns: Turn[] = [];
  for (const message of messages) {
    const hasBegun = turns.length > 0 && turns[turns.length - 1].messages.some(({ role }) => role === "user");
    if (turns.length === 0 || (message.role === "user" && hasBegun)) {
      turns.push({ turn: turns.length + 1, messages: [message] });
    } else turns[turns.length - 1].messages.push(message);
  }
  return turns;
}
