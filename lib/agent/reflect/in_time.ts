/** Asking for so long: who does not answer in time, or throws, has failed. */
import { saidBy } from "../chat/mod.ts";
import { withTimeLimit } from "../tools/mod.ts";
import type { AuditFailure } from "./audit.ts";

/** Whom to wait for, and how long. */
export interface InTimeOptions {
  /** Who is asked, for messages. */
  name: string;
  timeoutMs: number;
  signal?: AbortSignal;
  /** What kind of failure something thrown is. Default: "endpoint". */
  kindOf?: (error: unknown) => AuditFailure["kind"];
}

/**
 * Asks with a signal of its own, which is aborted after the time limit.
 *
 * @throws The signal's reason when it is aborted, and nothing else.
 */
export async function inTime<Value>(
  ask: (signal: AbortSignal) => Promise<Value>,
  { name, timeoutMs, signal, kindOf = () => "endpoint" }: InTimeOptions,
): Promise<{ value: Value } | { failure: AuditFailure }> {
  const outcome = await withTimeLimit(ask, { timeoutMs, signal });
  signal?.throwIfAborted();
  if (outcome.kind === "done") return { value: outcome.value };
  if (outcome.kind !== "thrown") {
    return { failure: { kind: "timeout", message: `${name}: no reply in ${timeoutMs / 1000} s` } };
  }
  const { error } = outcome;
  return { failure: { kind: kindOf(error), message: `${name}: ${saidBy(error)}` } };
}

/** @throws {RangeError} For a time limit that cannot be. */
export function checkTimeLimit(timeoutMs: number): void {
  if (!(timeoutMs > 0 && timeoutMs < 2 ** 31)) {
    throw new RangeError(`timeoutMs: expected milliseconds, above 0 and below ${2 ** 31}, got ${timeoutMs}`);
  }
}
