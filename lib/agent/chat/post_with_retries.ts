/** Requests that are made again when the endpoint is busy or away. */
import { z } from "zod";
import { ChatEndpointError, type EndpointErrors } from "./endpoint_error.ts";
import { saidBy } from "./said_by.ts";

/** How patiently to ask. */
export interface RetryOptions {
  errors: EndpointErrors;
  /** Tries after the first. */
  maxRetries: number;
  /** Milliseconds for one try. */
  timeout: number;
  signal: AbortSignal;
}

/**
 * Asks until there is a good answer, or trying again is no use. Waits grow from half a second, unless the endpoint says how long.
 *
 * @returns An answer whose status is good.
 * @throws {ChatEndpointError} What the last try came to, or the signal's reason.
 */
export async function postWithRetries(post: () => Promise<Response>, options: RetryOptions): Promise<Response> {
  const { errors, maxRetries, timeout, signal } = options;
  for (let retry = 0;; retry++) {
    let failure: ChatEndpointError;
    let wait = Math.min(8000, 500 * 2 ** retry);
    try {
      const response = await withinTime(post(), timeout, errors);
      if (response.ok) return response;
      const said = await withinTime(response.text(), timeout, errors);
      failure = errors.status(response.status, messageIn(said));
      if (![408, 429].includes(response.status) && response.status < 500) throw failure;
      wait = askedWait(response.headers, said) ?? wait;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ChatEndpointError && error.kind !== "timeout") throw error;
      failure = error instanceof ChatEndpointError ? error : errors.connection(saidBy(error));
    }
    if (retry >= maxRetries || wait > MAX_WAIT) throw failure;
    await pause(wait, signal);
  }
}

/** Nobody waits longer than this for another try, in milliseconds. */
const MAX_WAIT = 60_000;

/** Milliseconds that the endpoint asks to wait: by its header, or as Google's errors say it. */
function askedWait(headers: Headers, body: string): number | undefined {
  const header = Number(headers.get("retry-after") ?? NaN);
  if (header >= 0) return header * 1000;
  const delay = /"retryDelay"\s*:\s*"(\d+(?:\.\d+)?)s"/.exec(body);
  return delay === null ? undefined : Number(delay[1]) * 1000;
}

async function withinTime<T>(promise: Promise<T>, milliseconds: number, errors: EndpointErrors): Promise<T> {
  const { promise: silence, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(errors.timeout(milliseconds)), milliseconds);
  try {
    return await Promise.race([promise, silence]);
  } finally {
    clearTimeout(timer);
    // After the time nobody waits for it.
    promise.catch(() => {});
  }
}

/** Waits; throws the signal's reason when it is aborted. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  signal.addEventListener("abort", () => resolve(), { once: true });
  await promise;
  clearTimeout(timer);
  signal.throwIfAborted();
}

const errorSchema = z.object({ error: z.object({ message: z.string() }) });

/** The message of an error's body, or its beginning. */
function messageIn(body: string): string {
  try {
    const value: unknown = JSON.parse(body);
    return errorSchema.parse(Array.isArray(value) ? value[0] : value).error.message;
  } catch {
    return body.slice(0, 500);
  }
}
