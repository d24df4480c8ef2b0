/** One thing asked of an auditor's model: again where the reply cannot be read, and never longer than the time limit. */
import type { ChatMessage } from "../../tokenizer/mod.ts";
import {
  addUsage,
  ChatEndpointError,
  type ChatModel,
  type ChatRequest,
  type ChatUsage,
  CountedReply,
  PromptTooLongError,
} from "../chat/mod.ts";
import type { AuditFailure, AuditorReply } from "./audit.ts";
import { checkTimeLimit, inTime } from "./in_time.ts";

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
  const { model: { name }, timeoutMs, signal } = question;
  const usage: ChatUsage = { promptTokens: 0, completionTokens: 0 };
  const outcome = await inTime((own) => askUntilRead(question, usage, own), { name, timeoutMs, signal, kindOf });
  return { ...("failure" in outcome ? outcome : outcome.value), usage };
}

async function askUntilRead<Value>(
  { model, messages, maxTokens, maxRetries, read, again }: Question<Value>,
  usage: ChatUsage,
  signal: AbortSignal,
): Promise<{ value: Value } | { failure: AuditFailure }> {
  let request: Pick<ChatRequest, "messages" | "temperature" | "seed"> = { messages, temperature: 0 };
  for (let retry = 0;; retry++) {
    const asked = new CountedReply(model, { ...request, maxTokens });
    const reply = await asked.read(signal).finally(() => addUsage(usage, asked.usage));
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

function kindOf(error: unknown): AuditFailure["kind"] {
  if (error instanceof PromptTooLongError) return "too long";
  return error instanceof ChatEndpointError && error.kind === "timeout" ? "timeout" : "endpoint";
}

/** @throws {RangeError} For a number that cannot be. */
export function checkedOptions(
  { timeoutMs = 60_000, maxRetries = 2, maxTokens = 1024 }: ChatAuditorOptions,
): Required<Omit<ChatAuditorOptions, "name">> {
  checkTimeLimit(timeoutMs);
  for (const [name, value, least] of [["maxRetries", maxRetries, 0], ["maxTokens", maxTokens, 1]] as const) {
    if (!Number.isSafeInteger(value) || value < least) {
      throw new RangeError(`${name}: expected a whole number, ${least} or more, got ${value}`);
    }
  }
  return { timeoutMs, maxRetries, maxTokens };
}
