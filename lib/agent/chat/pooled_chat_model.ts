/** One model behind any number of endpoints. */
import { EndpointFault, type EndpointPool, NoEndpointError, type Turn } from "../../endpoints/mod.ts";
import type { ChatEvent, ChatModel } from "./chat_model.ts";
import { checkPatience } from "./check_patience.ts";
import { ChatEndpointError } from "./endpoint_error.ts";
import { estimateTokens } from "./estimate_tokens.ts";
import { openaiChatModel, type OpenaiChatModelOptions } from "./openai_chat_model.ts";

/** Which model, and how to ask. Addresses, keys and tries are the pool's. */
export interface PooledChatModelOptions extends Omit<OpenaiChatModelOptions, "baseURL" | "apiKey" | "maxRetries"> {
  /**
   * What becomes of a reply whose endpoint fails in the midst of it:
   * - `"buffered"`: it is written anew elsewhere. Nothing is given out before all of it is there.
   * - `"beforeFirstEvent"`: it is given out as it comes, for people to read, and written anew only where nothing was given out yet; else
   *   the stream throws.
   *
   * Default `"buffered"`: agents and judges want whole replies.
   */
  restart?: "buffered" | "beforeFirstEvent";
}

/**
 * A model that several endpoints serve, as one chat model: each reply is asked of the endpoint that has least to do, and elsewhere when
 * that one fails. It is told, and its tokens are counted, once. The pool stays the caller's, and may serve several models.
 *
 * @throws {RangeError} For a `timeout` that cannot be. Its streams throw {@linkcode ChatEndpointError}.
 */
export function pooledChatModel(
  pool: EndpointPool,
  { restart = "buffered", ...options }: PooledChatModelOptions,
): ChatModel {
  checkPatience({ timeout: options.timeout ?? 120_000, maxRetries: 0 });
  const models = new Map<string, ChatModel>();
  const modelAt = ({ url, key }: Turn): ChatModel => {
    const model = models.get(url) ?? openaiChatModel({ ...options, baseURL: url, apiKey: key, maxRetries: 0 });
    models.set(url, model);
    return model;
  };

  return {
    name: options.name ?? options.model,
    canPrefill: options.prefill !== undefined,
    async *stream(request) {
      const { signal } = request;
      const attempts = pool.attempts({ signal });
      for (;;) {
        const turn = await attempts.next().catch((error) => {
          throw chatError(error, "all endpoints", options.model);
        });
        const kept: ChatEvent[] = [];
        let hasGivenOut = false;
        try {
          for await (const event of modelAt(turn).stream({ ...request, signal: turn.signal })) {
            if (event.type === "end") turn.succeeded(event.usage);
            if (restart === "buffered") kept.push(event);
            else {
              hasGivenOut = true;
              yield event;
            }
          }
          yield* kept;
          return;
        } catch (thrown) {
          signal?.throwIfAborted();
          const isLost = turn.signal.aborted && !(thrown instanceof ChatEndpointError);
          const error = isLost
            ? new ChatEndpointError("connection", turn.url, options.model, "it was lost in the midst of the reply")
            : thrown;
          try {
            turn.failed(faultOf(error));
          } catch (last) {
            throw chatError(last, turn.url, options.model);
          }
          if (hasGivenOut) throw error;
        } finally {
          // Whoever reads it may have left.
          turn.left();
        }
      }
    },
    countTokens: estimateTokens,
  };
}

/** What another endpoint may do better, as the pool knows it; other errors as they are. */
function faultOf(error: unknown): unknown {
  if (!(error instanceof ChatEndpointError)) return error;
  const { kind, status, retryAfterMs, message } = error;
  const fault = (as: EndpointFault["kind"]) => new EndpointFault(as, message, { retryAfterMs, cause: error });
  if (status === 503 && retryAfterMs !== undefined) return fault("busy");
  if (kind === "connection" || kind === "timeout" || kind === "server" || kind === "busy") return fault(kind);
  // An endpoint that writes what nobody understands may be another program by now.
  return kind === "protocol" ? fault("server") : error;
}

/** What the pool throws, in our words; other errors as they are. */
function chatError(error: unknown, endpoint: string, model: string): unknown {
  if (error instanceof EndpointFault) {
    return error.cause instanceof ChatEndpointError
      ? error.cause
      : new ChatEndpointError(error.kind, endpoint, model, error.message);
  }
  if (error instanceof NoEndpointError) return new ChatEndpointError("connection", endpoint, model, error.message);
  return error;
}
