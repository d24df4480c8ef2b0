/** Events in words, for tables and logs. */
import type { ToolCallRequest } from "../calls/mod.ts";
import type { AgentEvent, EventTime } from "./events.ts";

/** One thing that happened, as a row of a table: a type and no interface, so that it is a record for functions that take any. */
export type EventRow = {
  /** Milliseconds since the run began. */
  ms: number;
  /** The model's turn, from 1. */
  step: number;
  event: string;
  text: string;
};

/** Options of `eventRows`. */
export interface EventRowsOptions<Other> {
  /** What events of other types say. Default: nothing. */
  otherText?: (event: Other) => string;
}

/**
 * What an event says, in words: calls as `weather({"city":"Oslo"})`, results as the model reads them, the end with its
 * reason and what it took.
 */
export function eventText(event: AgentEvent): string {
  switch (event.type) {
    case "reasoning":
    case "text":
      return event.text;
    case "call":
      return callWords(event.call) + (event.call.mended ? ` (mended: ${event.call.mended.join(", ")})` : "");
    case "invalidCall":
      return `${event.call.kind}: ${event.call.problem}\n${event.call.raw.trim()}`;
    case "approval":
      return `${callWords(event.call)}: ${event.approved ? "approved" : "refused"} (${event.reason})`;
    case "result": {
      const { ok, untrusted, text } = event.outcome;
      const marks = [...ok ? [] : [event.outcome.kind], ...untrusted ? ["untrusted"] : []];
      return `${event.call.name}${marks.length === 0 ? "" : ` (${marks.join(", ")})`}: ${text}`;
    }
    case "trimmed":
      return `${count(event.messages, "message")} of the history left out`;
    case "stop": {
      const { reason, steps, usage, message } = event.run;
      const about = usage.isEstimated ? "about " : "";
      const words = `${reason} after ${count(steps, "step")}, ${about}${count(usage.completionTokens, "token")}`;
      return message === undefined ? words : `${words}: ${message}`;
    }
  }
}

/**
 * Events as rows of a table: pieces of reasoning and of text that come one after the other are joined, with the time of the
 * first of them.
 *
 * @example
 * ```ts
 * const events = await Array.fromAsync(runAgent(options));
 * console.table(eventRows(events));
 * ```
 */
export function eventRows<Other extends EventTime & { type: string } = never>(
  events: readonly (AgentEvent | Other)[],
  { otherText = () => "" }: EventRowsOptions<Other> = {},
): EventRow[] {
  const rows: EventRow[] = [];
  for (const event of events) {
    const last = rows.at(-1);
    const text = isAgentEvent(event) ? eventText(event) : otherText(event);
    const isPiece = event.type === "text" || event.type === "reasoning";
    if (isPiece && last?.event === event.type && last.step === event.step) last.text += text;
    else rows.push({ ms: Math.round(event.at), step: event.step, event: event.type, text });
  }
  return rows;
}

/** Every type of `AgentEvent`; one that is forgotten here does not compile. */
const TYPES: Readonly<Record<AgentEvent["type"], true>> = {
  reasoning: true,
  text: true,
  call: true,
  invalidCall: true,
  approval: true,
  result: true,
  trimmed: true,
  stop: true,
};

function isAgentEvent(event: { type: string }): event is AgentEvent {
  return Object.hasOwn(TYPES, event.type);
}

function callWords({ name, arguments: given }: ToolCallRequest): string {
  return `${name}(${JSON.stringify(given)})`;
}

function count(amount: number, thing: string): string {
  return `${amount} ${thing}${amount === 1 ? "" : "s"}`;
}
