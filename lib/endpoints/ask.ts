/** One request to one endpoint, with what goes wrong told apart: by the endpoint's fault, or by the request's. */
import { EndpointFault, EndpointRefusal } from "./errors.ts";

/** Where to ask. */
export interface AskedEndpoint {
  /** Without a slash at the end. */
  url: string;
  key?: string;
  /** How it is reached. Default: the global one. */
  fetch?: typeof fetch;
}

/** What and how to ask. */
export interface AskOptions {
  /** Sent as JSON by `POST`. Undefined: `GET`. */
  body?: unknown;
  signal?: AbortSignal;
  /** Milliseconds for all of it. Default 600,000. */
  timeoutMs?: number;
}

/** Characters of an endpoint's own words in a message. */
const MAX_SAID = 500;

/** Bytes of an answer: a hundred thousand tokens with all that may be said of them are less. */
const MAX_ANSWER = 256 * 2 ** 20;

/**
 * Asks an endpoint.
 *
 * @param path After the endpoint's URL, such as `/completions`.
 * @returns What it answered: JSON where it is JSON, else text.
 * @throws {EndpointFault} By its fault; {EndpointRefusal} by the request's; the signal's reason when it is aborted.
 */
export async function askEndpoint(
  { url, key, fetch: send = fetch }: AskedEndpoint,
  path: string,
  { body, signal, timeoutMs = 600_000 }: AskOptions = {},
): Promise<unknown> {
  signal?.throwIfAborted();
  // Unlike AbortSignal.timeout, which would hold on to its timer.
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), timeoutMs);
  const failure = (error: unknown): unknown => {
    if (signal?.aborted) return signal.reason;
    if (error instanceof EndpointFault) return error;
    return late.signal.aborted
      ? new EndpointFault("timeout", `${url}${path}: nothing came in ${timeoutMs / 1000} s`)
      : new EndpointFault("connection", `${url}${path}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
  };
  try {
    let status: number;
    let headers: Headers;
    let text: string;
    try {
      const response = await send(`${url}${path}`, {
        method: body === undefined ? "GET" : "POST",
        headers: {
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: signal ? AbortSignal.any([signal, late.signal]) : late.signal,
        // A redirect would take prompts and key elsewhere.
        redirect: "manual",
      });
      ({ status, headers } = response);
      text = await readText(response);
    } catch (error) {
      throw failure(error);
    }
    if (status >= 200 && status < 300) return parsed(text);
    throw statusError(`${url}${path}`, status, headers, said(text, key));
  } finally {
    clearTimeout(timer);
  }
}

async function readText(response: Response): Promise<string> {
  if (response.body === null) return "";
  const decoder = new TextDecoder();
  const parts: string[] = [];
  let length = 0;
  for await (const piece of response.body) {
    length += piece.length;
    if (length > MAX_ANSWER) throw new Error(`the answer is longer than ${MAX_ANSWER} bytes`);
    parts.push(decoder.decode(piece, { stream: true }));
  }
  return parts.join("") + decoder.decode();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** What an answer's status means; `said` is the endpoint's own words. */
function statusError(where: string, status: number, headers: Headers, said: string): EndpointFault | EndpointRefusal {
  const message = `${where} answered ${status}${said === "" ? "" : `: ${said}`}`;
  const retryAfterMs = retryAfter(headers.get("retry-after"));
  if (status === 429 || (status === 503 && retryAfterMs !== undefined)) {
    return new EndpointFault("busy", message, { retryAfterMs });
  }
  if (status === 408 || status >= 500) return new EndpointFault("server", message);
  return new EndpointRefusal(status, message);
}

/** Milliseconds that a `retry-after` header asks for, in either of its forms; undefined where there is none. */
export function retryAfter(header: string | null | undefined): number | undefined {
  const text = header?.trim() ?? "";
  if (text === "") return undefined;
  const seconds = Number(text);
  const milliseconds = Number.isNaN(seconds) ? Date.parse(text) - Date.now() : seconds * 1000;
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : undefined;
}

/** The message of an error's body, or its beginning, without the key. */
function said(text: string, key: string | undefined): string {
  const body = parsed(text);
  const { error, message = (error as { message?: unknown } | undefined)?.message, detail } =
    (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const own = [message, detail, error].find((part) => typeof part === "string") as string | undefined ?? text;
  const line = (key ? own.replaceAll(key, "***") : own).replace(/\p{Cc}+/gu, " ").trim();
  return line.length <= MAX_SAID ? line : `${line.slice(0, MAX_SAID - 3)}...`;
}
