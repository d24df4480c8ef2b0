/** What a model writes as it is, with the tags of calls and reasoning in it, as events. */
import type { ChatMessage } from "../../tokenizer/mod.ts";
import { ReplyParser } from "../calls/mod.ts";
import type { ChatEvent, ChatRequest, ChatUsage, FinishReason } from "./chat_model.ts";

/** Takes a reply's text in pieces. */
export class TaggedText {
  readonly #parser: ReplyParser;
  #hasCalls = false;

  /**
   * @param request What the reply answers: its calls are numbered on, and its tools say which parameters they have.
   * @param begun What the reply begins with already; it is no part of the events.
   */
  constructor({ messages, tools = [] }: Pick<ChatRequest, "messages" | "tools">, begun = "") {
    const parameters = new Map(
      tools.map(({ function: { name, parameters } }) => [name, Object.keys(parameters?.properties ?? {})]),
    );
    this.#parser = new ReplyParser({
      firstCall: nextCallNumber(messages),
      parameterNames: (tool) => parameters.get(tool),
    });
    if (begun !== "") this.#parser.push(begun);
  }

  push(text: string): ChatEvent[] {
    return this.#noted(this.#parser.push(text));
  }

  /** What was held back, and the end. */
  end(reason: FinishReason, usage: ChatUsage): ChatEvent[] {
    const events = this.#noted(this.#parser.end());
    const finishReason = reason === "stop" && this.#hasCalls ? "toolCalls" : reason;
    return [...events, { type: "end", finishReason, usage }];
  }

  /** Takes an endpoint's event: its text is read, all else goes through. */
  pass(event: ChatEvent): ChatEvent[] {
    if (event.type === "text") return this.push(event.text);
    if (event.type === "end") return this.end(event.finishReason, event.usage);
    return [event];
  }

  #noted(events: ChatEvent[]): ChatEvent[] {
    this.#hasCalls ||= events.some(({ type }) => type === "call" || type === "invalidCall");
    return events;
  }
}

/** The first N whose `call_N` no call of the conversation has, nor any after it. */
export function nextCallNumber(messages: readonly ChatMessage[]): number {
  let highest = 0;
  for (const { tool_calls: calls = [] } of messages) {
    for (const { id = "" } of calls) highest = Math.max(highest, Number(/^call_(\d{1,9})$/.exec(id)?.[1] ?? 0));
  }
  return highest + 1;
}
