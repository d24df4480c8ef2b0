/** When to ask again. */

/** Statuses that may be another one next time. */
const TRANSIENT = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Whether it makes sense to ask again after this status. */
export function isTransient(status: number): boolean {
  return TRANSIENT.has(status);
}

/**
 * Milliseconds that a Retry-After header asks for: seconds, or a date (RFC 9110, 10.2.3). Undefined where it says neither.
 *
 * @param now milliseconds since 1970
 */
export function readRetryAfter(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? "";
  if (/^\d{1,10}$/.test(text)) return Number(text) * 1000;
  // Date.parse takes a lot for a date, such as "-5" or "next 1": a weekday and a time say that one is meant.
  if (!/^(mon|tue|wed|thu|fri|sat|sun).*\d\d:\d\d:\d\d/i.test(text)) return undefined;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** Milliseconds to wait before try `attempt` + 1, from 0: doubling. */
export function backOff(attempt: number, first: number): number {
  return first * 2 ** attempt;
}
