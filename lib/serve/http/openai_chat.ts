/** `POST /v1/chat/completions`. */
import type { EngineEvent } from "../engine/mod.ts";
import { checkPromptLength, generated } from "./generation.ts";
import type { DrawnTokenLogProb } from "./log_probs.ts";
import type { Merged } from "./merge.ts";
import { type ChatCompletionCall, chatCompletionSchema, readChatCompletion } from "./openai_chat_request.ts";
import { ChatReplyReader, type OpenaiFinishReason, type OpenaiToolCall } from "./openai_chat_reply.ts";
import { newId, nowSeconds, openaiUsage } from "./openai_fields.ts";
import { openaiStream } from "./openai_stream.ts";
import { readBody } from "./read_body.ts";
import type { Exchange, ServiceContext } from "./service_context.ts";

/** What all parts of an answer say. */
interface Head {
  id: string;
  created: number;
  model: string;
}

type ReplyEvents = AsyncGenerator<Merged<EngineEvent>, void>;

/**
 * Goes on with a chat.
 *
 * @throws {ApiError} Before the answer begins.
 */
export async function chatCompletions(context: ServiceContext, exchange: Exchange): Promise<Response> {
  const { limits, metrics, admission } = context;
  const body = await readBody(exchange.request, chatCompletionSchema, limits);
  const engine = context.engine();
  const call = readChatCompletion(body, limits);
  const ticket = admission.enter(exchange.client, call.requests.length);
  const lifetime = context.lifetime(exchange);
  const { signal } = lifetime;
  const free = () => ticket.leave();
  const head: Head = { id: newId("chatcmpl"), created: nowSeconds(), model: call.model };
  const readers = call.requests.map(() => new ChatReplyReader(call));
  const events = (async function* () {
    await checkPromptLength(engine, call.requests[0], limits, "messages");
    yield* generated({ engine, requests: call.requests, ticket, signal, metrics });
  })();
  if (!call.isStreamed) {
    const work = wholeAnswer(head, events, readers, call.showsTokenIds);
    return await context.answer({ exchange, lifetime, work, free });
  }
  const chunks = answerChunks(head, events, readers, call);
  return await openaiStream(context, { exchange, lifetime, chunks, free });
}

/** A reply as far as it has come. */
interface WholeReply {
  content: string;
  reasoning: string;
  calls: OpenaiToolCall[];
  tokenIds: number[];
  logProbs: DrawnTokenLogProb[];
  finishReason: OpenaiFinishReason;
}

async function wholeAnswer(
  head: Head,
  events: ReplyEvents,
  readers: readonly ChatReplyReader[],
  showsTokenIds: boolean,
): Promise<object> {
  let promptTokenIds: readonly number[] = [];
  const replies = readers.map((): WholeReply => ({
    content: "",
    reasoning: "",
    calls: [],
    tokenIds: [],
    logProbs: [],
    finishReason: "stop",
  }));
  const usage = new UsageSum();
  for await (const { index, value } of events) {
    const { delta, logProbs, finishReason } = readers[index].push(value);
    const reply = replies[index];
    if (value.type === "start") promptTokenIds = value.promptTokenIds ?? promptTokenIds;
    if (value.type === "token") reply.tokenIds.push(value.tokenId);
    reply.content += delta.content ?? "";
    reply.reasoning += delta.reasoning_content ?? "";
    reply.calls.push(...delta.tool_calls ?? []);
    reply.logProbs.push(...logProbs);
    reply.finishReason = finishReason ?? reply.finishReason;
    usage.add(value);
  }
  return {
    ...head,
    object: "chat.completion",
    ...(showsTokenIds ? { prompt_token_ids: promptTokenIds } : {}),
    choices: replies.map(({ content, reasoning, calls, tokenIds, logProbs, finishReason }, index) => ({
      index,
      message: {
        role: "assistant",
        content: content === "" && calls.length > 0 ? null : content,
        refusal: null,
        ...(reasoning === "" ? {} : { reasoning_content: reasoning }),
        ...(calls.length === 0 ? {} : { tool_calls: calls }),
      },
      logprobs: shownLogProbs(logProbs),
      finish_reason: finishReason,
      ...(showsTokenIds ? { token_ids: tokenIds } : {}),
    })),
    usage: usage.openai(),
  };
}

async function* answerChunks(
  head: Head,
  events: ReplyEvents,
  readers: readonly ChatReplyReader[],
  { includeUsage, showsTokenIds }: Pick<ChatCompletionCall, "includeUsage" | "showsTokenIds">,
): AsyncGenerator<object, void> {
  const usage = new UsageSum();
  const calls = readers.map(() => 0);
  const chunk = (choices: readonly object[], sum: object | null = null) => ({
    ...head,
    object: "chat.completion.chunk",
    choices,
    ...(includeUsage ? { usage: sum } : {}),
  });
  for await (const { index, value } of events) {
    usage.add(value);
    const { delta, logProbs, finishReason } = readers[index].push(value);
    const { tool_calls, ...text } = delta;
    const shown: Record<string, unknown> = { ...text };
    if (value.type === "start") Object.assign(shown, { role: "assistant", content: "" });
    // Calls come whole, one delta each; their numbers tell them apart.
    if (tool_calls) shown.tool_calls = tool_calls.map((call) => ({ index: calls[index]++, ...call }));
    const ids = showsTokenIds && value.type === "token" ? { token_ids: [value.tokenId] } : {};
    if (Object.keys(shown).length > 0 || logProbs.length > 0 || "token_ids" in ids) {
      const said = chunk([{ index, delta: shown, logprobs: shownLogProbs(logProbs), finish_reason: null, ...ids }]);
      const start = showsTokenIds && value.type === "start" ? { prompt_token_ids: value.promptTokenIds } : {};
      yield { ...said, ...start };
    }
    if (finishReason !== null) {
      yield chunk([{ index, delta: {}, logprobs: null, finish_reason: finishReason }]);
    }
  }
  if (includeUsage) yield chunk([], usage.openai());
}

function shownLogProbs(tokens: readonly DrawnTokenLogProb[]): object | null {
  return tokens.length === 0 ? null : { content: tokens, refusal: null };
}

/** Tokens of all replies; the prompt, which they share, counts once. */
class UsageSum {
  #prompt = 0;
  #completion = 0;
  #cached = 0;

  add(event: EngineEvent): void {
    if (event.type === "token") return;
    this.#prompt = event.promptTokens;
    this.#cached = Math.max(this.#cached, event.cachedTokens);
    if (event.type === "end") this.#completion += event.completionTokens;
  }

  openai(): object {
    return openaiUsage(this.#prompt, this.#completion, Math.min(this.#cached, this.#prompt));
  }
}
