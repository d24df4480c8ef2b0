/** A conversation in the form that every endpoint's is made from: calls have ids, and each has its result. */
import type { ChatMessage, ToolCall } from "../../tokenizer/mod.ts";
import { withoutResultTags } from "./result_tags.ts";

/** A call in a conversation. */
export interface TurnCall {
  id: string;
  name: string;
  arguments: Readonly<Record<string, unknown>>;
}

/** What came of a call. */
export interface TurnResult {
  /** Of the call. */
  id: string;
  name: string;
  text: string;
}

/** One turn. Results of one turn's calls stand together, in the order of the calls, right after it. */
export type Turn =
  | { role: "system"; text: string }
  | { role: "user"; text: string }
  | { role: "assistant"; text: string; reasoning: string; calls: TurnCall[] }
  | { role: "results"; results: TurnResult[] };

/**
 * Reads a conversation.
 *
 * Results are found by their call's id, else by its name, else by their order. An endpoint refuses a call without a result, so
 * one is put in that says so; and it refuses a result without a call, as the error of a call that could not be read, so
 * that comes as the user's words, between the tags that models know, which its own text cannot close.
 *
 * @throws {TypeError} For a role or a content that no endpoint takes, naming the message.
 */
export function readTurns(messages: readonly ChatMessage[]): Turn[] {
  const turns: Turn[] = [];
  let open: { call: TurnCall; result: TurnResult | null }[] = [];
  const close = () => {
    if (open.length === 0) return;
    const results = open.map(({ call: { id, name }, result }) => result ?? { id, name, text: NO_RESULT });
    turns.push({ role: "results", results });
    open = [];
  };
  const orphans: Turn[] = [];
  for (const [index, message] of messages.entries()) {
    const text = textOf(message, index);
    if (message.role === "tool") {
      const waiting = open.filter(({ result }) => result === null);
      const entry = message.tool_call_id !== undefined
        ? waiting.find(({ call }) => call.id === message.tool_call_id)
        : waiting.find(({ call }) => message.name === undefined || call.name === message.name);
      if (entry) entry.result = { id: entry.call.id, name: entry.call.name, text };
      else orphans.push({ role: "user", text: `<tool_response>\n${withoutResultTags(text)}\n</tool_response>` });
      continue;
    }
    close();
    turns.push(...orphans.splice(0));
    if (message.role === "assistant") {
      const calls = (message.tool_calls ?? []).map((call, place) => readCall(call, `call_${index}_${place}`, index));
      turns.push({ role: "assistant", text, reasoning: message.reasoning_content ?? "", calls });
      open = calls.map((call) => ({ call, result: null }));
    } else if (message.role === "system" || message.role === "user") {
      turns.push({ role: message.role, text });
    } else {
      throw new TypeError(
        `messages[${index}]: the roles are system, user, assistant and tool, not ${JSON.stringify(message.role)}`,
      );
    }
  }
  close();
  return [...turns, ...orphans];
}

const NO_RESULT = `{"error":"this call has no result"}`;

function textOf({ content, role }: ChatMessage, index: number): string {
  if (content === undefined || content === null) return "";
  if (typeof content === "string") return content;
  return content.map((part) => {
    if (part.type === "text" && typeof part.text === "string") return part.text;
    const kind = JSON.stringify(part.type);
    throw new TypeError(`messages[${index}] (${role}): only text can be sent, not a part of type ${kind}`);
  }).join("");
}

function readCall({ id, function: { name, arguments: given } }: ToolCall, ownId: string, index: number): TurnCall {
  if (typeof given !== "string") return { id: id ?? ownId, name, arguments: given };
  try {
    const value: unknown = given.trim() === "" ? {} : JSON.parse(given);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return { id: id ?? ownId, name, arguments: value as Record<string, unknown> };
    }
  } catch { /* The error below says it. */ }
  throw new TypeError(`messages[${index}]: the arguments of its call of ${name} are no JSON object`);
}
