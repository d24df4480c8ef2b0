/** Models behind any endpoint that speaks the chat completions API: OpenAI, vLLM, llama.cpp, Ollama and many others. */
import { OpenAI } from "openai";
import { z } from "zod";
import { retryAfter } from "../../endpoints/mod.ts";
import type { ChatModel, ChatRequest } from "./chat_model.ts";
import { checkPatience } from "./check_patience.ts";
import { ChatEndpointError, EndpointErrors } from "./endpoint_error.ts";
import { estimateTokens } from "./estimate_tokens.ts";
import { openaiMessages } from "./openai_messages.ts";
import { OpenaiReply } from "./openai_reply.ts";
import { saidBy } from "./said_by.ts";
import { TaggedText } from "./tagged_text.ts";
import { unlessStalled } from "./unless_stalled.ts";

/** Which endpoint and model, and how to ask. */
export interface OpenaiChatModelOptions {
  /** Such as `http://127.0.0.1:8000/v1`. Default: `https://api.openai.com/v1`. */
  baseURL?: string;
  /**
   * Default: the environment's OPENAI_API_KEY, at api.openai.com alone, so that no other endpoint gets to see it. Many local
   * endpoints need none.
   */
  apiKey?: string;
  /** As the endpoint calls it. */
  model: string;
  /** For messages, logs and tables. Default: the model's. */
  name?: string;
  /** Tries after the first, for a connection that failed, 408, 409, 429 and 5xx, with growing waits. Default 2. */
  maxRetries?: number;
  /** Milliseconds without anything from the endpoint after which it is given up. Default 120,000. */
  timeout?: number;
  /** Which field limits the reply. Default: `max_completion_tokens` at api.openai.com, else `max_tokens`. */
  maxTokensField?: "max_tokens" | "max_completion_tokens";
  /**
   * How a reply can be begun: `"continueFinalMessage"` is vLLM's way, by `continue_final_message`. Default: it cannot, and a
   * request with `prefill` throws.
   */
  prefill?: "continueFinalMessage";
  /** Whether the endpoint gives the model's text as it is, with the tags of calls and reasoning in it. Default false. */
  readTags?: boolean;
  /** Whether the reasoning of earlier turns is sent too. Default false. */
  keepReasoning?: boolean;
  /** More fields of the request, such as `{ top_k: 20 }`; a field that is null here is not sent. */
  body?: Readonly<Record<string, unknown>>;
}

const OPENAI_URL = "https://api.openai.com/v1";

/**
 * A model behind an OpenAI-compatible endpoint.
 *
 * @throws {TypeError} When `baseURL` is no address; {RangeError} for a `timeout` or `maxRetries` that cannot be.
 * Its streams throw {@linkcode ChatEndpointError}.
 */
export function openaiChatModel(options: OpenaiChatModelOptions): ChatModel {
  const { baseURL = OPENAI_URL, model, maxRetries = 2, timeout = 120_000 } = options;
  checkPatience({ timeout, maxRetries });
  const isOpenai = new URL(baseURL).origin === new URL(OPENAI_URL).origin;
  const apiKey = options.apiKey ?? (isOpenai ? Deno.env.get("OPENAI_API_KEY") : undefined);
  const errors = new EndpointErrors(baseURL, model, apiKey, isOpenai ? ["OPENAI_API_KEY"] : []);
  const client = new OpenAI({
    baseURL,
    maxRetries,
    timeout,
    // The client insists on a key; without one, the header is taken away.
    apiKey: apiKey || "none",
    ...(apiKey ? {} : { defaultHeaders: { Authorization: null } }),
    // What the environment holds for OpenAI is nobody else's business.
    ...(isOpenai ? {} : { organization: null, project: null, adminAPIKey: null, webhookSecret: null }),
    // What goes wrong is thrown; nothing is printed.
    logLevel: "off",
    // A redirect would take the conversation elsewhere.
    fetchOptions: { redirect: "manual" },
  });

  return {
    name: options.name ?? model,
    canPrefill: options.prefill !== undefined,
    async *stream(request) {
      const { messages, tools, prefill = "", signal } = request;
      signal?.throwIfAborted();
      if (prefill !== "" && options.prefill === undefined) {
        throw errors.failure(
          "request",
          "a reply cannot be begun with a text here. With vLLM, set the option prefill to continueFinalMessage; else leave the request's prefill out.",
        );
      }
      const body = requestBody(request, options, isOpenai);
      const reply = new OpenaiReply();
      const tags = options.readTags ? new TaggedText(request, prefill) : null;
      // Ends the request when nothing comes of it any more.
      const gone = new AbortController();
      try {
        const chunks = await client.chat.completions.create(body, {
          signal: signal ? AbortSignal.any([signal, gone.signal]) : gone.signal,
        });
        for await (const chunk of unlessStalled(chunks, timeout, () => errors.timeout(timeout))) {
          for (const event of reply.push(chunk)) yield* tags?.pass(event) ?? [event];
        }
        signal?.throwIfAborted();
        if (!reply.isFinished) throw errors.connection("the reply was broken off");
      } catch (error) {
        // The client has errors of its own for it.
        signal?.throwIfAborted();
        throw endpointError(error, errors, timeout);
      } finally {
        gone.abort();
      }
      for (const event of reply.end(estimateTokens(messages, tools))) yield* tags?.pass(event) ?? [event];
    },
    countTokens: estimateTokens,
  };
}

type Body = OpenAI.ChatCompletionCreateParamsStreaming;

function requestBody(
  request: ChatRequest,
  { model, maxTokensField, keepReasoning = false, body: more = {} }: OpenaiChatModelOptions,
  isOpenai: boolean,
): Body {
  const { tools = [], temperature = 0, topP, maxTokens = 512, stop = [], seed, prefill } = request;
  const messages = openaiMessages(request.messages, keepReasoning);
  const body: Body & Record<string, unknown> = {
    model,
    messages,
    stream: true,
    stream_options: { include_usage: true },
    temperature,
    [maxTokensField ?? (isOpenai ? "max_completion_tokens" : "max_tokens")]: maxTokens,
  };
  if (topP !== undefined) body.top_p = topP;
  if (seed !== undefined) body.seed = seed;
  if (stop.length > 0) body.stop = [...stop];
  if (tools.length > 0) body.tools = tools.map((tool) => ({ type: tool.type, function: tool.function }));
  if (prefill) {
    messages.push({ role: "assistant", content: prefill });
    Object.assign(body, { continue_final_message: true, add_generation_prompt: false });
  }
  for (const [field, value] of Object.entries(more)) {
    if (value === null) delete body[field];
    else body[field] = value;
  }
  return body;
}

/** What the client throws, in our words. */
function endpointError(error: unknown, errors: EndpointErrors, timeout: number): Error {
  if (error instanceof ChatEndpointError) return error;
  if (error instanceof OpenAI.APIConnectionTimeoutError) return errors.timeout(timeout);
  if (error instanceof OpenAI.APIConnectionError) return errors.connection(saidBy(error.cause ?? error));
  if (error instanceof OpenAI.APIError) {
    return error.status === undefined ? errors.midway(saidIn(error.error) ?? error.message) : errors.status(
      error.status,
      saidIn(error.error) ?? error.message.replace(/^\d+ /, ""),
      retryAfter(error.headers?.get("retry-after")),
    );
  }
  if (error instanceof z.ZodError) return errors.protocol(z.prettifyError(error));
  if (error instanceof SyntaxError) return errors.protocol(error.message);
  return errors.connection(saidBy(error));
}

function saidIn(body: unknown): string | undefined {
  if (typeof body === "string") return body;
  const { message, detail } = (body ?? {}) as { message?: unknown; detail?: unknown };
  return [message, detail].find((text) => typeof text === "string");
}
