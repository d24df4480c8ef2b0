/** One reply of a chat completion: what the model writes, told apart into text, reasoning and calls. */
import { type ChatEvent, TaggedText, type ToolCallRequest } from "../../agent/mod.ts";
import type { EngineEvent } from "../engine/mod.ts";
import { type DrawnTokenLogProb, tokenLogProb } from "./log_probs.ts";
import type { ChatCompletionCall } from "./openai_chat_request.ts";

/** A call as the API shows it. */
export interface OpenaiToolCall {
  id: string;
  type: "function";
  function: { name: string; arguments: string };
}

/** What came with an event of the engine; empty pieces are left out. */
export interface ReplyDelta {
  content?: string;
  reasoning_content?: string;
  tool_calls?: OpenaiToolCall[];
}

/** Why a reply ended, in the API's words. */
export type OpenaiFinishReason = "stop" | "length" | "tool_calls";

/** A step of a reply. */
export interface ReplyStep {
  delta: ReplyDelta;
  logProbs: DrawnTokenLogProb[];
  finishReason: OpenaiFinishReason | null;
}

/** Takes the engine's events of one reply. */
export class ChatReplyReader {
  #tagged: TaggedText | null = null;
  #calls = 0;

  constructor(private readonly call: Pick<ChatCompletionCall, "messages" | "tools" | "allowsParallelCalls">) {}

  push(event: EngineEvent): ReplyStep {
    switch (event.type) {
      case "start":
        this.#tagged = new TaggedText({ messages: this.call.messages, tools: [...this.call.tools] }, event.begun);
        return { delta: {}, logProbs: [], finishReason: null };
      case "token": {
        const logProb = tokenLogProb(event);
        const events = event.text === "" ? [] : this.#text.push(event.text);
        return { delta: this.#delta(events), logProbs: logProb === null ? [] : [logProb], finishReason: null };
      }
      case "end": {
        const { promptTokens, completionTokens, finishReason } = event;
        const delta = this.#delta(this.#text.end(finishReason, { promptTokens, completionTokens }));
        const reason = finishReason === "stop" && this.#calls > 0 ? "tool_calls" : finishReason;
        return { delta, logProbs: [], finishReason: reason };
      }
    }
  }

  get #text(): TaggedText {
    if (this.#tagged === null) throw new Error("a reply begins with the event start");
    return this.#tagged;
  }

  #delta(events: readonly ChatEvent[]): ReplyDelta {
    let [content, reasoning] = ["", ""];
    const calls: ToolCallRequest[] = [];
    for (const event of events) {
      if (event.type === "text") content += event.text;
      else if (event.type === "reasoning") reasoning += event.text;
      else if (event.type === "invalidCall") content += callText(event.call.raw);
      else if (event.type === "call" && this.call.tools.length === 0) content += callText(writtenCall(event.call));
      else if (event.type === "call" && (this.call.allowsParallelCalls || this.#calls === 0)) {
        this.#calls++;
        calls.push(event.call);
      }
    }
    const delta: ReplyDelta = {};
    if (content !== "") delta.content = content;
    if (reasoning !== "") delta.reasoning_content = reasoning;
    if (calls.length > 0) delta.tool_calls = calls.map(openaiCall);
    return delta;
  }
}

/** What is no call, or was not asked for, is shown as it was written. */
function callText(raw: string): string {
  return `<tool_call>\n${raw.trim()}\n</tool_call>`;
}

function writtenCall({ name, arguments: given }: ToolCallRequest): string {
  return JSON.stringify({ name, arguments: given });
}

function openaiCall({ id, name, arguments: given }: ToolCallRequest): OpenaiToolCall {
  return { id, type: "function", function: { name, arguments: JSON.stringify(given) } };
}
