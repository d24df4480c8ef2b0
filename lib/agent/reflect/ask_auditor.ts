/** One thing asked of an auditor's model: again where the reply cannot be read, and never longer than the time limit. */
import type { ChatMessage } from "../../tokenizer/mod.ts";
import {
  addEvent,
  ChatEndpointError,
  type ChatModel,
  type ChatReply,
  type ChatRequest,
  type ChatUsage,
  emptyReply,
  estimateTextTokens,
  PromptTooLongError,
} from "../chat/mod.ts";
import { withTimeLimit } from "../tools/mod.ts";
import type { AuditFailure, AuditorReply } from "./audit.ts";

/** How auditors of chat models ask. */
export interface ChatAuditorOptions {
  /** For logs and tables. Default: the model's name. */
  name?: string;
  /** Milliseconds for one critique or one mended draft, with all retries. Default 60,000. */
  timeoutMs?: number;
  /** Replies asked for after the first, where one cannot be read. Default 2. */
  maxRetries?: number;
  /** Tokens of a reply at most. Default 1024, and 256 for the house form. */
  maxTokens?: number;
}

/** A reply as it was read, or what is wrong with it. */
export type ReadAs<Value> = { value: Value } | { problem: string };

/** What is asked, and how its reply is read. */
export interface Question<Value> extends Required<Pick<ChatAuditorOptions, "timeoutMs" | "maxRetries" | "maxTokens">> {
  model: ChatModel;
  messages: readonly ChatMessage[];
  read(text: string): ReadAs<Value>;
  /** What is asked after a reply that could not be read, `retry` being 1 for the first time. */
  again(text: string, problem: string, retry: number): Pick<ChatRequest, "messages" | "temperature" | "seed">;
  signal?: AbortSignal;
}

/**
 * Asks until a reply can be read.
 *
 * @throws The signal's reason when it is aborted, and nothing else.
 */
export async function askAuditor<Value>(question: Question<Value>): Promise<AuditorReply<Value>> {
  const { model, timeoutMs, signal } = question;
  const usage: ChatUsage = { promptTokens: 0, completionTokens: 0 };
  const outcome = await withTimeLimit((own) => askUntilRead(question, usage, own), { timeoutMs, signal });
  signal?.throwIfAborted();
  switch (outcome.kind) {
    case "done":
      return { ...outcome.value, usage };
    case "thrown":
      return { failure: failureOf(outcome.error, model.name), usage };
    default:
      return { failure: { kind: "timeout", message: `${model.name}: no reply in ${timeoutMs / 1000} s` }, usage };
  }
}

async function askUntilRead<Value>(
  { model, messages, maxTokens, maxRetries, read, again }: Question<Value>,
  usage: ChatUsage,
  signal: AbortSignal,
): Promise<{ value: Value } | { failure: AuditFailure }> {
  let request: Pick<ChatRequest, "messages" | "temperature" | "seed"> = { messages, temperature: 0 };
  for (let retry = 0;; retry++) {
    const reply = await oneReply(model, { ...request, maxTokens, signal }, usage);
    const answer = reply.finishReason === "length"
      ? { problem: "it was cut off, being too long" }
      : reply.finishReason === "filtered"
      ? { problem: "the provider held it back" }
      : read(reply.text);
    if ("value" in answer) return answer;
    if (retry >= maxRetries) {
      const said = JSON.stringify(reply.text.trim().slice(-200));
      const message = `${model.name}: none of ${
        retry + 1
      } replies could be read; of the last, ${answer.problem}: ${said}`;
      return { failure: { kind: "malformed", message } };
    }
    request = again(reply.text, answer.problem, retry + 1);
  }
}

/** Adds to the usage also where the reply breaks off. */
async function oneReply(model: ChatModel, request: ChatRequest, usage: ChatUsage): Promise<ChatReply> {
  const reply = emptyReply();
  let hasEnded = false;
  try {
    for await (const event of model.stream(request)) {
      addEvent(reply, event);
      hasEnded ||= event.type === "end";
      // A model that takes no heed of the signal is left here.
      request.signal?.throwIfAborted();
    }
    if (!hasEnded) throw new Error("the reply has no end");
    return reply;
  } finally {
    const spent = hasEnded ? reply.usage : {
      promptTokens: model.countTokens(request.messages),
      completionTokens: estimateTextTokens(reply.reasoning + reply.text),
      isEstimated: true,
    };
    usage.promptTokens += spent.promptTokens;
    usage.completionTokens += spent.completionTokens;
    if (spent.isEstimated) usage.isEstimated = true;
  }
}

function failureOf(error: unknown, name: string): AuditFailure {
  const message = `${name}: ${error instanceof Error ? error.message : String(error)}`;
  if (error instanceof PromptTooLongError) return { kind: "too long", message };
  if (error instanceof ChatEndpointError && error.kind === "timeout") return { kind: "timeout", message };
  return { kind: "endpoint", message };
}

/** @throws {RangeError} For a number that cannot be. */
export function checkedOptions(
  { timeoutMs = 60_000, maxRetries = 2, maxTokens = 1024 }: ChatAuditorOptions,
): Required<Omit<ChatAuditorOptions, "name">> {
  if (!(timeoutMs > 0 && timeoutMs < 2 ** 31)) {
    throw new RangeError(`timeoutMs: expected milliseconds, above 0 and below ${2 ** 31}, got ${timeoutMs}`);
  }
  for (const [name, value, least] of [["maxRetries", maxRetries, 0], ["maxTokens", maxTokens, 1]] as const) {
    if (!Number.isSafeInteger(value) || value < least) {
      throw new RangeError(`${name}: expected a whole number, ${least} or more, got ${value}`);
    }
  }
  return { timeoutMs, maxRetries, maxTokens };
}
