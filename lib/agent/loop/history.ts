/** A conversation kept short enough for its model. */
import type { ChatMessage } from "../../tokenizer/mod.ts";

/** A conversation that fits, and how much was left out for that. */
export interface TrimmedHistory {
  messages: ChatMessage[];
  /** How many messages are gone. */
  removed: number;
}

/**
 * Leaves the oldest exchanges out until a conversation fits. An exchange is a user's message with all that follows until the next
 * one, so that no call is without its result and no result without its call. System messages stay, and so does the last
 * exchange, of which only the oldest calls go, each with its results.
 *
 * @param options.maxTokens What the messages may have, as `countTokens` counts them.
 * @throws {RangeError} When even the system messages with the last user's message do not fit.
 */
export function trimHistory(
  messages: readonly ChatMessage[],
  { maxTokens, countTokens }: { maxTokens: number; countTokens: (messages: readonly ChatMessage[]) => number },
): TrimmedHistory {
  const system = messages.filter(({ role }) => role === "system");
  const exchanges = exchangesOf(messages.filter(({ role }) => role !== "system"));
  const last = turnsOf(exchanges.pop() ?? []);
  const fits = () => countTokens([...system, ...exchanges.flat(), ...last.flat()]) <= maxTokens;
  while (!fits() && exchanges.length > 0) exchanges.shift();
  // The first turn of the last exchange is the user's message.
  while (!fits() && last.length > 2) last.splice(1, 1);
  if (!fits()) {
    const tokens = countTokens([...system, ...last.flat()]);
    throw new RangeError(
      `the last messages have ${tokens} tokens, and ${maxTokens} are allowed: shorten the message, the system prompt, ` +
        "or what tools may return",
    );
  }
  const kept = [...system, ...exchanges.flat(), ...last.flat()];
  return { messages: kept, removed: messages.length - kept.length };
}

/** From each user's message to the next one. */
function exchangesOf(messages: readonly ChatMessage[]): ChatMessage[][] {
  const exchanges: ChatMessage[][] = [];
  for (const message of messages) {
    if (message.role === "user" || exchanges.length === 0) exchanges.push([message]);
    else exchanges.at(-1)!.push(message);
  }
  return exchanges;
}

/** The user's message, then each turn of the assistant with the results of its calls. */
function turnsOf(exchange: readonly ChatMessage[]): ChatMessage[][] {
  const turns: ChatMessage[][] = [];
  for (const message of exchange) {
    if (message.role === "tool" && turns.length > 0) turns.at(-1)!.push(message);
    else turns.push([message]);
  }
  return turns;
}
