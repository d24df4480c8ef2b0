/** What happens in an agent's run, as a notebook, a service and a log can each show it. */
import type { ChatMessage } from "../../tokenizer/mod.ts";
import type { InvalidCall, ToolCallRequest } from "../calls/mod.ts";
import type { BudgetUse } from "./budget.ts";
import type { CallEvent } from "./run_calls.ts";

/**
 * Why a run ended. `answered` is the only one with a whole answer.
 * - `step limit`, `token limit`, `time limit`: the run's budget is spent; `token limit` also where calls and results have become too
 *   long for `contextTokens`, which the run's `message` says.
 * - `aborted`: the caller stopped it.
 * - `length`: the reply was cut at the tokens of one reply.
 * - `empty reply`: the model said nothing and called nothing.
 * - `invalid calls`: too many turns in a row without one call that could be run.
 * - `repeating`: the model made the same calls with the same results again and again.
 * - `filtered`: the provider held the reply back.
 * - `model failed`: the model or its endpoint threw; the run's `message` says what.
 */
export type StopReason =
  | "answered"
  | "step limit"
  | "token limit"
  | "time limit"
  | "aborted"
  | "length"
  | "empty reply"
  | "invalid calls"
  | "repeating"
  | "filtered"
  | "model failed";

/** What a run came to. */
export interface AgentRun extends BudgetUse {
  reason: StopReason;
  /** The visible text of the last turn; null when that turn only called, or there was none. */
  answer: string | null;
  /** The turns that the run added to the conversation, to be kept as its history. Every call in them has its result. */
  messages: ChatMessage[];
  /** What went wrong, where something did. */
  message?: string;
}

/** When something happened: milliseconds since the run's budget was made, and the budget's turn of the model, from 1. */
export interface EventTime {
  at: number;
  step: number;
}

/** Something that happened. Pieces of reasoning and text come as they are written; `stop` comes last and once. */
export type AgentEvent =
  & EventTime
  & (
    | { type: "reasoning"; text: string }
    | { type: "text"; text: string }
    | { type: "call"; call: ToolCallRequest }
    | { type: "invalidCall"; call: InvalidCall }
    | CallEvent
    /** What was left out of the history, to make the chat fit. */
    | { type: "trimmed"; messages: number }
    | { type: "stop"; run: AgentRun }
  );
