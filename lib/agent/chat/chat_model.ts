/** What an agent asks of a language model, whichever it is: ours, one behind an endpoint, or a script. */
import type { ChatMessage, ToolDefinition } from "../../tokenizer/mod.ts";
import type { InvalidCall, ToolCallRequest } from "../calls/mod.ts";

/** A chat to go on with, and how. */
export interface ChatRequest {
  messages: readonly ChatMessage[];
  /** Tools that the model may call. Default: none. */
  tools?: readonly ToolDefinition[];
  /** Default 0: the likeliest token each time. */
  temperature?: number;
  /** Nucleus sampling. Default 1: all tokens. */
  topP?: number;
  /** Tokens of the reply at most. Default 512. */
  maxTokens?: number;
  /** Texts at which the reply ends; they are left out of it. */
  stop?: readonly string[];
  /** The same seed draws the same reply, where the model can promise that. */
  seed?: number;
  /**
   * Text that the reply begins with, such as `<think>\n`: given to the model and no part of the events. A model that cannot
   * begin so throws; `canPrefill` says which can.
   */
  prefill?: string;
  signal?: AbortSignal;
}

/** Tokens that a reply took. */
export interface ChatUsage {
  promptTokens: number;
  /** Reasoning included. */
  completionTokens: number;
  /** The endpoint did not say: a third of the bytes are taken for it. */
  isEstimated?: boolean;
}

/** Why a reply ended: by itself or at a stop text, at `maxTokens`, with calls to be answered, or because the provider held it back. */
export type FinishReason = "stop" | "length" | "toolCalls" | "filtered";

/**
 * A piece of a reply. Pieces of text and reasoning come as they are written, calls whole; `end` comes last and once. Tags of
 * calls and of reasoning are in no text.
 */
export type ChatEvent =
  | { type: "reasoning"; text: string }
  | { type: "text"; text: string }
  | { type: "call"; call: ToolCallRequest }
  | { type: "invalidCall"; call: InvalidCall }
  | { type: "end"; finishReason: FinishReason; usage: ChatUsage };

/** A language model that goes on with a chat. */
export interface ChatModel {
  /** For messages, logs and tables. */
  readonly name: string;
  /** Whether a reply can begin with `prefill`. Default false. */
  readonly canPrefill?: boolean;
  /**
   * The assistant's next turn.
   *
   * @throws The signal's reason when it is aborted, and what went wrong when the model or its endpoint fails. What a model
   *   writes is never a reason to throw.
   */
  stream(request: ChatRequest): AsyncIterable<ChatEvent>;
  /** Tokens of a chat as the model reads it. Where a model cannot tell, a third of the bytes are taken for it. */
  countTokens(messages: readonly ChatMessage[], tools?: readonly ToolDefinition[]): number;
  dispose?(): Promise<void>;
}
