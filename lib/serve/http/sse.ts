/** Server-sent events at the pace of their reader. */
import { pacedBody, type PaceOptions } from "./paced_body.ts";

/** One event. `data` may have several lines. */
export interface SseEvent {
  event?: string;
  data: string;
}

/** A comment: clients pass over it, and proxies take it for a sign of life. */
const STILL_HERE = new TextEncoder().encode(": still here\n\n");

/**
 * A response of events, each made when the reader has taken the one before.
 *
 * @param events Ends, and does not throw: an error that comes after the start is an event. Its `return()` is called when the
 *   reader has gone.
 */
export function sseResponse(events: AsyncIterator<SseEvent>, options: Omit<PaceOptions, "stillHere">): Response {
  const bytes: AsyncIterator<Uint8Array<ArrayBuffer>> = {
    async next() {
      const { done, value } = await events.next();
      return done ? { done, value: undefined } : { done: false, value: eventBytes(value) };
    },
    async return() {
      await events.return?.();
      return { done: true, value: undefined };
    },
  };
  return new Response(pacedBody(bytes, { ...options, stillHere: STILL_HERE }), { headers: SSE_HEADERS });
}

/** Of every stream of events. `no-transform` and the last one: proxies are not to gather events. */
export const SSE_HEADERS: Readonly<Record<string, string>> = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no",
};

/** The bytes of an event. A line break in the data would end it, so that each line gets a field of its own. */
export function eventBytes({ event, data }: SseEvent): Uint8Array<ArrayBuffer> {
  const name = event === undefined ? "" : `event: ${event}\n`;
  const lines = data.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`).join("");
  return new TextEncoder().encode(`${name}${lines}\n`);
}
