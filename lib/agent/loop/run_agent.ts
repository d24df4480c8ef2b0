/** The loop of an agent: the model's turn, the tools that it called, its next turn, until there is an answer. */
import type { ChatMessage, ToolDefinition } from "../../tokenizer/mod.ts";
import {
  addEvent,
  type ChatEvent,
  type ChatModel,
  type ChatReply,
  type ChatRequest,
  type ChatUsage,
  emptyReply,
  estimateTextTokens,
  replyMessage,
  resultMessage,
} from "../chat/mod.ts";
import {
  type Approve,
  resultText,
  type Tool,
  toolDefinitions,
  type ToolLimits,
  type ToolOutcome,
} from "../tools/mod.ts";
import { type BudgetLimits, RunBudget } from "./budget.ts";
import type { AgentEvent, AgentRun, StopReason } from "./events.ts";
import { trimHistory } from "./history.ts";
import { RepetitionWatch } from "./repetition.ts";
import { runCalls } from "./run_calls.ts";
import { untilAborted } from "./until_aborted.ts";

/** What an agent works with. */
export interface AgentOptions extends BudgetLimits {
  model: ChatModel;
  /** The conversation, whose last message is the user's. A system message comes first, where there is one. */
  messages: readonly ChatMessage[];
  /** Default: none. */
  tools?: readonly Tool[];
  /** How replies are drawn; `maxTokens` of one reply, default 512. */
  generation?: Pick<ChatRequest, "temperature" | "topP" | "maxTokens" | "stop" | "seed" | "prefill">;
  /** Asked before a call that changes something, or that has an address in it after strangers had their say. Default: it is refused. */
  approve?: Approve;
  /** Of each call. */
  toolLimits?: ToolLimits;
  /** Whether strangers wrote some of the messages. Default false; results of tools that say so count by themselves. */
  afterUntrusted?: boolean;
  /** Tokens of the chat that the model is given; the oldest exchanges are left out. Default: no limit. */
  contextTokens?: number;
  /** Turns in a row without one call that could be run, after which the run ends. Default 3. */
  maxInvalid?: number;
  /** Calls of one turn at most; those beyond are answered by an error. Default 8. */
  maxCalls?: number;
  /** Shared with other runs, instead of limits of its own; stays the caller's. The run's own `signal` counts besides. */
  budget?: RunBudget;
}

/**
 * Runs an agent. Whatever the model writes and whatever tools do, the run ends within its budget with a reason: invalid calls go
 * back to the model as errors, a tool that fails is a result, and a model that throws is the reason `model failed`. Calls
 * of one turn run at once, those with side effects one after the other.
 *
 * Whoever stops reading the events stops the run.
 *
 * @throws {RangeError} For limits that cannot be, or messages that do not fit `contextTokens`; {TypeError} for two tools of one name.
 *
 * @example
 * ```ts
 * for await (const event of runAgent({ model, tools: [calculator], messages: [{ role: "user", content: "What is 6*7?" }] })) {
 *   if (event.type === "result") console.log(event.call.name, event.outcome.text);
 *   if (event.type === "stop") console.log(event.run.reason, event.run.answer);
 * }
 * ```
 */
export async function* runAgent(options: AgentOptions): AsyncGenerator<AgentEvent, void, undefined> {
  const { model, tools = [], generation = {}, approve, toolLimits: limits, maxInvalid = 3, maxCalls = 8 } = options;
  for (const [name, limit] of Object.entries({ maxInvalid, maxCalls })) {
    if (!Number.isInteger(limit) || limit < 1) {
      throw new RangeError(`${name}: expected a whole number above 0, got ${limit}`);
    }
  }
  const definitions = toolDefinitions(tools);
  const ownBudget = options.budget === undefined ? new RunBudget(options) : undefined;
  const budget = options.budget ?? ownBudget!;
  const used = budget.snapshot();
  const left = new AbortController();
  const signals = [budget.signal, left.signal, ...options.signal ? [options.signal] : []];
  const signal = AbortSignal.any(signals);
  const limitReached = () => budget.reached() ?? (options.signal?.aborted ? "aborted" : null);
  const added: ChatMessage[] = [];
  const repetition = new RepetitionWatch();
  let afterUntrusted = options.afterUntrusted ?? false;
  let invalidTurns = 0;
  let answer: string | null = null;
  const now = () => ({ at: budget.milliseconds, step: budget.steps });
  const stop = (reason: StopReason, message?: string): AgentEvent => {
    const run: AgentRun = { reason, answer, messages: added, ...budget.since(used) };
    return { ...now(), type: "stop", run: message === undefined ? run : { ...run, message } };
  };

  try {
    for (;;) {
      const reached = limitReached();
      if (reached) return yield stop(reached);
      let chat: ReturnType<typeof fitted>;
      try {
        chat = fitted([...options.messages, ...added], options, definitions);
      } catch (error) {
        // A chat that does not fit at first is the caller's mistake; one that grew too long by calls and results is not.
        if (added.length > 0 && error instanceof RangeError) return yield stop("token limit", error.message);
        throw error;
      }
      if (chat.removed > 0) yield { ...now(), type: "trimmed", messages: chat.removed };
      budget.steps++;

      const reply = emptyReply();
      const request: ChatRequest = {
        ...generation,
        messages: chat.messages,
        tools: definitions,
        maxTokens: Math.min(generation.maxTokens ?? 512, budget.tokensLeft),
        signal,
      };
      try {
        for await (const event of turnEvents(reply, { model, request, signal, budget })) yield { ...now(), ...event };
      } catch (error) {
        answer = reply.text.trim() || null;
        const limit = signal.aborted ? limitReached() : null;
        return yield limit ? stop(limit) : stop("model failed", error instanceof Error ? error.message : String(error));
      }
      answer = reply.text.trim() || null;
      added.push(replyMessage(reply));
      if (reply.calls.length === 0 && reply.invalidCalls.length === 0) return yield stop(reasonOf(reply, budget));

      const outcomes: ToolOutcome[] = [];
      for await (const event of runCalls(reply.calls, { tools, signal, approve, limits, maxCalls, afterUntrusted })) {
        if (event.type === "result") {
          outcomes.push(event.outcome);
          added.push(resultMessage(event.call, event.outcome.text));
          afterUntrusted ||= event.outcome.untrusted;
        }
        yield { ...now(), ...event };
      }
      for (const { problem } of reply.invalidCalls) {
        // It quotes what the model wrote, which must not close the tags around results.
        added.push({ role: "tool", content: resultText({ error: problem }, Infinity) });
      }
      invalidTurns = outcomes.some(couldRun) ? 0 : invalidTurns + 1;
      if (invalidTurns >= maxInvalid) return yield stop("invalid calls");
      if (reply.calls.length > 0 && repetition.isRepeated(reply.calls, outcomes)) return yield stop("repeating");
    }
  } finally {
    // Whoever leaves early waits for no tool.
    left.abort();
    ownBudget?.[Symbol.dispose]();
  }
}

/** The model's turn, put together in `reply` and paid for: also one that breaks off, or that nobody reads to its end. */
async function* turnEvents(
  reply: ChatReply,
  { model, request, signal, budget }: {
    model: ChatModel;
    request: ChatRequest;
    signal: AbortSignal;
    budget: RunBudget;
  },
): AsyncGenerator<Exclude<ChatEvent, { type: "end" }>, void, undefined> {
  let isPaid = false;
  try {
    for await (const event of untilAborted(model.stream(request), signal)) {
      addEvent(reply, event);
      if (event.type === "end") {
        budget.spend(event.usage);
        isPaid = true;
      } else yield event;
    }
  } finally {
    if (!isPaid) budget.spend(usageSoFar(reply, model, request));
  }
}

/** About what a reply took that has no end; nothing where nothing came of it. */
function usageSoFar(
  { text, reasoning, calls, invalidCalls }: ChatReply,
  model: ChatModel,
  { messages, tools }: ChatRequest,
): ChatUsage {
  const called = [...calls, ...invalidCalls].map((call) => JSON.stringify(call)).join("");
  const completionTokens = estimateTextTokens(reasoning + text + called);
  if (completionTokens === 0) return { promptTokens: 0, completionTokens };
  return { promptTokens: model.countTokens(messages, tools), completionTokens, isEstimated: true };
}

function fitted(
  messages: readonly ChatMessage[],
  { model, contextTokens }: AgentOptions,
  definitions: readonly ToolDefinition[],
): { messages: readonly ChatMessage[]; removed: number } {
  if (contextTokens === undefined) return { messages, removed: 0 };
  const countTokens = (kept: readonly ChatMessage[]) => model.countTokens(kept, definitions);
  return trimHistory(messages, { maxTokens: contextTokens, countTokens });
}

/** Why a turn without calls was the last. */
function reasonOf({ text, finishReason }: ChatReply, budget: RunBudget): StopReason {
  if (finishReason === "filtered") return "filtered";
  if (finishReason === "length") return budget.tokensLeft === 0 ? "token limit" : "length";
  return text.trim() === "" ? "empty reply" : "answered";
}

/** Whether a call was one of a tool that is there, with arguments that it takes. */
function couldRun(outcome: ToolOutcome): boolean {
  return outcome.ok || (outcome.kind !== "unknown tool" && outcome.kind !== "invalid arguments");
}
