/** JSON from a service that may be busy. */
import type { z } from "zod";

/** Options of `fetchJson`. */
export interface FetchJsonOptions {
  signal: AbortSignal;
  /** Requests at most. */
  attempts: number;
  /** Before the second request; twice as long before the third, and so on. */
  retryDelayMs: number;
}

const MAX_BYTES = 1_000_000;
/** A service that asks for more is not waited for. */
const MAX_WAIT_MS = 5_000;

/**
 * Fetches JSON and holds it against a schema. Asks again when the service is busy (429), broken (5xx) or out of reach, after
 * the time that `Retry-After` asks for in seconds or a doubling one.
 *
 * @throws {Error} for a model to read: what went wrong, without the address; the signal's reason when it is aborted
 */
export async function fetchJson<Value>(
  url: URL,
  schema: z.ZodType<Value>,
  { signal, attempts, retryDelayMs }: FetchJsonOptions,
): Promise<Value> {
  for (let attempt = 1;; attempt++) {
    signal.throwIfAborted();
    const answer = await ask(url, signal);
    if (answer.kind === "body") return read(answer.text, schema);
    if (!answer.mayPass || attempt >= attempts) throw new Error(answer.problem);
    const wait = answer.waitMs ?? retryDelayMs * 2 ** (attempt - 1);
    if (wait > MAX_WAIT_MS) throw new Error(answer.problem);
    await pause(wait, signal);
  }
}

type Answer =
  | { kind: "body"; text: string }
  | { kind: "problem"; problem: string; mayPass: boolean; waitMs?: number };

async function ask(url: URL, signal: AbortSignal): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch(url, { signal, redirect: "error", headers: { accept: "application/json" } });
  } catch {
    signal.throwIfAborted();
    return { kind: "problem", problem: "the service is not available", mayPass: true };
  }
  const { status } = response;
  try {
    if (response.ok) return { kind: "body", text: await limitedText(response) };
    if (status === 429) {
      return {
        kind: "problem",
        problem: "too many requests, the service is busy",
        mayPass: true,
        waitMs: waitOf(response),
      };
    }
    if (status >= 500) {
      return { kind: "problem", problem: "the service is not available", mayPass: true, waitMs: waitOf(response) };
    }
    return { kind: "problem", problem: `the service refused the request with status ${status}`, mayPass: false };
  } catch (error) {
    signal.throwIfAborted();
    // A connection that broke in the middle; a body that is too long would be the next time too.
    if (error instanceof RangeError) throw error;
    return { kind: "problem", problem: "the connection was lost", mayPass: true };
  } finally {
    await response.body?.cancel().catch(() => {});
  }
}

function waitOf(response: Response): number | undefined {
  const header = response.headers.get("retry-after")?.trim() ?? "";
  return /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;
}

async function limitedText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let [text, bytes] = ["", 0];
  if (response.body === null) return text;
  const reader = response.body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return text + decoder.decode();
      bytes += value.length;
      if (bytes > MAX_BYTES) throw new RangeError("the service gave a far too long answer");
      text += decoder.decode(value, { stream: true });
    }
  } finally {
    await reader.cancel().catch(() => {});
    reader.releaseLock();
  }
}

function read<Value>(text: string, schema: z.ZodType<Value>): Value {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error("the service gave an answer that is no JSON");
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [{ path, message }] = parsed.error.issues;
  throw new Error(`the service gave an unexpected answer: ${path.join(".")}: ${message}`);
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const stop = () => {
    clearTimeout(timer);
    reject(signal.reason);
  };
  const timer = setTimeout(() => {
    signal.removeEventListener("abort", stop);
    resolve();
  }, milliseconds);
  signal.addEventListener("abort", stop, { once: true });
  return promise;
}
