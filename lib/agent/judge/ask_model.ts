/** One judgement of a chat model: asked, read, and asked again where the reply cannot be read. */
import type { ChatMessage } from "../../tokenizer/mod.ts";
import {
  ChatEndpointError,
  type ChatModel,
  type ChatReply,
  type ChatRequest,
  CountedReply,
  saidBy,
} from "../chat/mod.ts";
import { withTimeLimit } from "../tools/mod.ts";
import type { JudgeFailure } from "./judge.ts";
import type { CostCounter } from "./judge_cost.ts";
import { askedAgain } from "./judge_task.ts";
import type { ReplyForm } from "./reply_form.ts";

/** How to ask. */
export interface AskOptions {
  model: ChatModel;
  generation: Pick<ChatRequest, "temperature" | "maxTokens">;
  /** Calls after the first. */
  maxRetries: number;
  /** Milliseconds for one call. */
  timeout: number;
  counter: CostCounter;
  signal: AbortSignal;
}

/**
 * Asks until a reply has the form.
 *
 * @throws The signal's reason when it is aborted, and nothing else: what the model throws becomes a failure.
 */
export async function askModel<Verdict>(
  messages: readonly ChatMessage[],
  form: ReplyForm<Verdict>,
  options: AskOptions,
): Promise<{ value: Verdict } | JudgeFailure> {
  const { model: { name }, maxRetries, counter } = options;
  let chat = messages;
  for (let retry = 0;; retry++) {
    if (retry > 0) counter.retries++;
    const outcome = await oneReply(chat, options);
    if ("failure" in outcome) {
      if (!outcome.brokeOff || retry >= maxRetries) return { failure: outcome.failure, message: outcome.message };
      continue;
    }
    const { text, finishReason } = outcome;
    if (finishReason === "filtered") {
      return { failure: "refused", message: `${name}: the provider held the judgement back` };
    }
    // What is cut off may end in an object that was only quoted.
    const read = finishReason === "length" ? { problem: "it was cut off, being too long" } : form.read(text);
    if ("value" in read) return read;
    if (retry >= maxRetries) {
      const said = text.trim() === "" ? "nothing" : JSON.stringify(text.trim().slice(-200));
      const message = `${name}: none of ${retry + 1} replies could be read; of the last, ${read.problem}: ${said}`;
      return { failure: "malformed", message };
    }
    chat = askedAgain(messages, text, read.problem);
  }
}

/** A failure of one call. */
interface CallFailure extends JudgeFailure {
  /** Whether a part of the reply had come: nobody has tried that again yet, as chat models do with what fails before. */
  brokeOff: boolean;
}

async function oneReply(messages: readonly ChatMessage[], options: AskOptions): Promise<ChatReply | CallFailure> {
  const { model, generation, timeout, counter, signal } = options;
  signal.throwIfAborted();
  counter.calls++;
  const reply = new CountedReply(model, { messages, ...generation });
  const waited = await withTimeLimit((own) => reply.read(own), { timeoutMs: timeout, signal });
  if (waited.kind === "done") {
    counter.addUsage(reply.usage);
    return waited.value;
  }
  const { hasBegun, hasEnded } = reply;
  if (hasBegun && !hasEnded) counter.addUsage(reply.usage);
  signal.throwIfAborted();
  if (waited.kind !== "thrown") {
    return { failure: "timeout", message: `${model.name}: no judgement came in ${timeout / 1000} s`, brokeOff: false };
  }
  const failure = failureOf(waited.error, model.name);
  return { ...failure, brokeOff: hasBegun && failure.failure === "endpoint" };
}

function failureOf(error: unknown, name: string): JudgeFailure {
  if (error instanceof ChatEndpointError) {
    const failure = error.kind === "timeout" ? "timeout" : error.kind === "busy" ? "rateLimit" : "endpoint";
    return { failure, message: error.message };
  }
  return { failure: "endpoint", message: `${name}: ${saidBy(error)}` };
}
