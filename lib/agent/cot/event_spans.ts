/** What an agent spent its time with. */
import type { CotEvent } from "./cot_agent.ts";

/** What a span of time went into. `dropped` is a reply that made way for reasoning. */
export type SpanKind = "routing" | "dropped" | "reasoning" | "call" | "tool" | "approval" | "text";

/** A stretch of time in which one thing happened. */
export interface EventSpan {
  kind: SpanKind;
  /** Milliseconds since the question. */
  start: number;
  end: number;
  /** The model's turn, from 1; 0 before the first. */
  step: number;
  /** Names of routes and tools, and what was written. */
  text: string;
}

/**
 * Events as spans of time, each from the event before it to its own: reading the chat counts towards what is written after
 * it. Pieces of one kind that follow each other are one span, and so are the tools of one turn, which run at once.
 */
export function eventSpans(events: readonly CotEvent[]): EventSpan[] {
  const spans: EventSpan[] = [];
  let start = 0;
  for (const event of events) {
    const { at: end, step } = event;
    const told = spanOf(event);
    if (told === null) continue;
    const [kind, text] = told;
    const last = spans.at(-1);
    if (last?.kind === kind && last.step === step) {
      last.end = end;
      const isName = kind === "tool" || kind === "call" || kind === "routing" || kind === "approval";
      if (text !== "" && !(isName && last.text.split(", ").includes(text))) last.text += (isName ? ", " : "") + text;
    } else if (kind !== "dropped" || end > start) spans.push({ kind, start, end, step, text });
    start = end;
  }
  return spans;
}

/** What the time up to an event went into; null for one that takes none. */
function spanOf(event: CotEvent): [kind: SpanKind, text: string] | null {
  switch (event.type) {
    case "route":
      return ["routing", event.domain];
    case "toolDecision":
      return ["routing", event.needsTools ? "tools" : "no tools"];
    case "path":
      return event.path === "reasoning" && event.step > 0 ? ["dropped", ""] : null;
    case "reasoning":
    case "text":
      return [event.type, event.text];
    case "call":
      return ["call", event.call.name];
    case "invalidCall":
      return ["call", "invalid"];
    case "approval":
      return ["approval", event.call.name];
    case "result":
      return ["tool", event.call.name];
    default:
      return null;
  }
}
