/** Answers that are errors, in the shape that OpenAI's clients read. */
import type { z } from "zod";
import { SessionDeletedError } from "../../agent/memory/mod.ts";
import { ChatEndpointError, PromptTooLongError } from "../../agent/mod.ts";
import { EngineBusyError, EngineFailure, EngineRequestError, EngineUnavailableError } from "../engine/mod.ts";
import { nearestIssue } from "../nearest_issue.ts";

/** What else an error tells its reader. */
export interface ApiErrorDetails {
  /** A word for programs, such as `model_not_found`. */
  code?: string;
  /** The field of the request, such as `messages[0].content`. */
  param?: string;
  /** When to try again, in seconds. */
  retryAfterSeconds?: number;
  /** Further headers. */
  headers?: Record<string, string>;
}

/** A request that is answered by an error. The message is for the client: it says what is wrong and what to do. */
export class ApiError extends Error {
  override name = "ApiError";

  constructor(readonly status: number, message: string, readonly details: ApiErrorDetails = {}) {
    super(message);
  }

  /** `{error: {message, type, param, code}}`. */
  get body(): { error: { message: string; type: string; param: string | null; code: string | null } } {
    const { param = null, code = null } = this.details;
    return { error: { message: this.message, type: typeOf(this.status), param, code } };
  }

  toResponse(): Response {
    const { retryAfterSeconds, headers: own = {} } = this.details;
    const headers = new Headers(own);
    if (retryAfterSeconds !== undefined) headers.set("retry-after", `${Math.ceil(retryAfterSeconds)}`);
    return Response.json(this.body, { status: this.status, headers });
  }
}

/** The request cannot be served as it is. */
export function badRequest(message: string, param?: string, code?: string): ApiError {
  return new ApiError(400, message, { param, code });
}

/** What was thrown as an answer; null: nothing that a client should read about. */
export function knownError(error: unknown): ApiError | null {
  if (error instanceof ApiError) return error;
  if (error instanceof EngineRequestError) return requestError(error);
  if (error instanceof EngineBusyError) {
    return new ApiError(429, error.message, {
      code: "queue_full",
      retryAfterSeconds: error.retryAfterSeconds,
    });
  }
  if (error instanceof EngineUnavailableError) {
    const message = error.state === "crashed" ? "the model has crashed; the service's log says why" : error.message;
    return new ApiError(503, message, { code: "engine_unavailable", retryAfterSeconds: 10 });
  }
  if (error instanceof EngineFailure) {
    return new ApiError(error.kind === "stalled" ? 408 : 500, error.message, { code: `engine_${error.kind}` });
  }
  if (error instanceof ChatEndpointError) return endpointError(error);
  if (error instanceof PromptTooLongError) return badRequest(error.message, "message", "context_length_exceeded");
  if (error instanceof SessionDeletedError) return new ApiError(410, error.message, { code: "session_deleted" });
  return null;
}

function requestError({ problem, message, param }: EngineRequestError): ApiError {
  switch (problem) {
    case "unknownModel":
      return new ApiError(404, message, { code: "model_not_found", param: "model" });
    case "tooLong":
      // Of a prompt it is not known here whether it came as messages.
      return badRequest(message, param === "texts" ? "input" : undefined, "context_length_exceeded");
    case "template":
      return badRequest(message, param ?? "messages", "chat_template");
    case "option":
      return badRequest(message, param === undefined ? undefined : FIELDS.get(param) ?? param);
  }
}

/** The engine's names of fields as requests have them. */
const FIELDS: ReadonlyMap<string, string> = new Map([
  ["topP", "top_p"],
  ["topK", "top_k"],
  ["minP", "min_p"],
  ["repetitionPenalty", "repetition_penalty"],
  ["maxTokens", "max_tokens"],
  ["topLogProbs", "top_logprobs"],
  ["tokenIds", "prompt"],
  ["text", "prompt"],
  ["input", "prompt"],
  ["stopTokenIds", "stop_token_ids"],
  ["id", "lora_name"],
  ["folder", "lora_path"],
]);

function endpointError({ kind, message }: ChatEndpointError): ApiError {
  if (kind === "busy") return new ApiError(503, message, { code: "endpoint_busy", retryAfterSeconds: 5 });
  if (kind === "request") return new ApiError(400, message, { code: "endpoint_request" });
  return new ApiError(kind === "timeout" ? 504 : 502, message, { code: `endpoint_${kind}` });
}

/** The first thing that is wrong with a request, as an answer that names its field. */
export function fromZod(error: z.ZodError, where = "the request"): ApiError {
  const issue = nearestIssue(error.issues);
  const param = pathText(issue.path);
  return badRequest(`${param === "" ? where : param}: ${issue.message}`, param === "" ? undefined : param);
}

/** `messages[0].content`. */
function pathText(path: readonly PropertyKey[]): string {
  return path.map((part) => typeof part === "number" ? `[${part}]` : `.${String(part)}`).join("").replace(/^\./, "");
}

function typeOf(status: number): string {
  if (status === 401 || status === 403) return "authentication_error";
  if (status === 429) return "rate_limit_error";
  if (status === 503) return "service_unavailable_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}
