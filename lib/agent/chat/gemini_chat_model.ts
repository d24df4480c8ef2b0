/** Google's Gemini, by its REST interface (https://ai.google.dev/api/generate-content). */
import { z } from "zod";
import { createParser } from "eventsource-parser";
import type { ChatModel } from "./chat_model.ts";
import { checkPatience } from "./check_patience.ts";
import { ChatEndpointError, EndpointErrors } from "./endpoint_error.ts";
import { estimateTokens } from "./estimate_tokens.ts";
import { GeminiMidwayError, GeminiReply } from "./gemini_reply.ts";
import { type CallMemory, geminiRequest, type GeminiThinking } from "./gemini_request.ts";
import { postWithRetries } from "./post_with_retries.ts";
import { saidBy } from "./said_by.ts";
import { unlessStalled } from "./unless_stalled.ts";

/** Which model, and how to ask. */
export interface GeminiChatModelOptions {
  /** Such as `gemini-2.5-flash`. */
  model: string;
  /** Default: the environment's GEMINI_API_KEY or GOOGLE_API_KEY, for Google's own address alone. */
  apiKey?: string;
  /** Default: `https://generativelanguage.googleapis.com/v1beta`. */
  baseURL?: string;
  /** For messages, logs and tables. Default: the model's. */
  name?: string;
  /** Tries after the first, for a connection that failed, 408, 429 and 5xx, with growing waits. Default 2. */
  maxRetries?: number;
  /** Milliseconds without anything from the endpoint after which it is given up. Default 120,000. */
  timeout?: number;
  /** Default: as the model likes, its thoughts not shown. */
  thinking?: GeminiThinking;
}

const GOOGLE_URL = "https://generativelanguage.googleapis.com/v1beta";
const KEY_VARIABLES = ["GEMINI_API_KEY", "GOOGLE_API_KEY"];

/**
 * A Gemini model. It cannot begin a reply with a given text: a request with `prefill` throws. Keep the same object for a
 * conversation: it remembers the signatures of the model's thoughts, which Gemini wants back with its calls.
 *
 * @throws {TypeError} When `baseURL` is no address; {RangeError} for a `timeout` or `maxRetries` that cannot be.
 * Its streams throw {@linkcode ChatEndpointError}.
 */
export function geminiChatModel(options: GeminiChatModelOptions): ChatModel {
  const { model, baseURL = GOOGLE_URL, thinking, maxRetries = 2, timeout = 120_000 } = options;
  checkPatience({ timeout, maxRetries });
  const isGoogle = new URL(baseURL).origin === new URL(GOOGLE_URL).origin;
  const fromEnvironment = () => KEY_VARIABLES.map((name) => Deno.env.get(name)).find(Boolean);
  const apiKey = options.apiKey ?? (isGoogle ? fromEnvironment() : undefined);
  const errors = new EndpointErrors(baseURL, model, apiKey, isGoogle ? KEY_VARIABLES : []);
  const url = `${baseURL.replace(/\/+$/, "")}/models/${encodeURIComponent(model)}:streamGenerateContent?alt=sse`;
  const headers = { "content-type": "application/json", ...(apiKey ? { "x-goog-api-key": apiKey } : {}) };
  const calls = new Map<string, CallMemory>();

  return {
    name: options.name ?? model,
    async *stream(request) {
      const { messages, tools, prefill = "", signal } = request;
      signal?.throwIfAborted();
      if (prefill !== "") {
        throw errors.failure(
          "request",
          "Gemini cannot begin a reply with a given text: leave the request's prefill out.",
        );
      }
      const body = JSON.stringify(geminiRequest(request, { model, thinking, calls }));
      const reply = new GeminiReply(calls);
      // Ends the request when nothing comes of it any more, or nobody reads it.
      const gone = new AbortController();
      const anySignal = signal ? AbortSignal.any([signal, gone.signal]) : gone.signal;
      try {
        const post = () => fetch(url, { method: "POST", headers, body, redirect: "manual", signal: anySignal });
        const response = await postWithRetries(post, { errors, maxRetries, timeout, signal: anySignal });
        if (response.body === null) throw errors.protocol("it has no body");
        for await (const data of unlessStalled(eventData(response.body), timeout, () => errors.timeout(timeout))) {
          yield* reply.push(JSON.parse(data));
        }
        if (!reply.isFinished) throw errors.connection("the reply was broken off");
      } catch (error) {
        signal?.throwIfAborted();
        throw endpointError(error, errors);
      } finally {
        gone.abort();
      }
      yield* reply.end(estimateTokens(messages, tools));
    },
    countTokens: estimateTokens,
  };
}

/** The data of each server-sent event. */
async function* eventData(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  const ready: string[] = [];
  const parser = createParser({ onEvent: ({ data }) => ready.push(data) });
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    parser.feed(text);
    yield* ready.splice(0);
  }
}

/** What went wrong within a reply, in our words. */
function endpointError(error: unknown, errors: EndpointErrors): Error {
  if (error instanceof ChatEndpointError) return error;
  if (error instanceof GeminiMidwayError) return errors.midway(error.message);
  if (error instanceof z.ZodError) return errors.protocol(z.prettifyError(error));
  if (error instanceof SyntaxError) return errors.protocol("a piece of it is not JSON");
  return errors.connection(saidBy(error));
}
