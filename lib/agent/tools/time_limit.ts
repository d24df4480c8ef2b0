/** Waiting for something for so long. */

/** What came of it. */
export type TimedResult<Value> =
  | { kind: "done"; value: Value }
  | { kind: "thrown"; error: unknown }
  | { kind: "timeout" }
  | { kind: "aborted" };

/**
 * Runs something with a signal of its own, which is aborted after the time limit and when the caller's is. The wait ends then,
 * even where what runs does not care about the signal: it is left behind, and what it still throws is dropped.
 *
 * @param timeoutMs Infinity for no limit.
 */
export async function withTimeLimit<Value>(
  run: (signal: AbortSignal) => Value | Promise<Value>,
  { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal },
): Promise<TimedResult<Value>> {
  if (signal?.aborted) return { kind: "aborted" };
  const own = new AbortController();
  const interrupted = Promise.withResolvers<TimedResult<Value>>();
  const interrupt = (kind: "timeout" | "aborted", reason: unknown) => {
    // First the result, then the signal: a tool that stops by throwing must not be taken for one that failed.
    interrupted.resolve({ kind });
    own.abort(reason);
  };
  const onAbort = () => interrupt("aborted", signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  const timer = Number.isFinite(timeoutMs)
    ? setTimeout(() => interrupt("timeout", new DOMException("the time limit was reached", "TimeoutError")), timeoutMs)
    : undefined;
  try {
    return await Promise.race([interrupted.promise, settledResult(run, own.signal)]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

async function settledResult<Value>(
  run: (signal: AbortSignal) => Value | Promise<Value>,
  signal: AbortSignal,
): Promise<TimedResult<Value>> {
  try {
    return { kind: "done", value: await run(signal) };
  } catch (error) {
    return { kind: "thrown", error };
  }
}
