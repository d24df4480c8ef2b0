import assert from "node:assert/strict";
import { type AgentRun, type CotEvent, eventSpans } from "../../../lib/agent/mod.ts";

const run: AgentRun = {
  reason: "answered",
  answer: "42",
  messages: [],
  steps: 2,
  usage: { promptTokens: 1, completionTokens: 1 },
  milliseconds: 90,
};
const call = (name: string) => ({ id: name, name, arguments: {} });
const outcome = { ok: true, text: "{}", result: {}, milliseconds: 1, untrusted: false } as const;

Deno.test("eventSpans() gives each thing the time since the one before it, and joins what belongs together", () => {
  const events: CotEvent[] = [
    { at: 4, step: 0, type: "route", domain: "math", routing: { route: "math" } },
    { at: 6, step: 0, type: "toolDecision", needsTools: true, routing: { route: "tools" } },
    { at: 30, step: 1, type: "path", path: "tools" },
    { at: 20, step: 1, type: "call", call: call("weather") },
    { at: 30, step: 1, type: "call", call: call("today") },
    { at: 35, step: 1, type: "approval", call: call("today"), reason: "side effects", approved: true },
    { at: 40, step: 1, type: "result", call: call("weather"), outcome },
    { at: 50, step: 1, type: "result", call: call("today"), outcome },
    { at: 70, step: 2, type: "text", text: "It is " },
    { at: 80, step: 2, type: "text", text: "42." },
    { at: 80, step: 2, type: "stop", run },
    { at: 80, step: 2, type: "answer", answer: "It is 42.", reasoning: "", domain: "math", path: "tools", run },
  ];
  assert.deepEqual(eventSpans(events), [
    { kind: "routing", start: 0, end: 6, step: 0, text: "math, tools" },
    { kind: "call", start: 6, end: 30, step: 1, text: "weather, today" },
    { kind: "approval", start: 30, end: 35, step: 1, text: "today" },
    { kind: "tool", start: 35, end: 50, step: 1, text: "weather, today" },
    { kind: "text", start: 50, end: 80, step: 2, text: "It is 42." },
  ]);
});

Deno.test("eventSpans() shows the time of a reply that was dropped, and none where there was no reply", () => {
  const route: CotEvent = { at: 4, step: 0, type: "route", domain: "math", routing: { route: "math" } };
  const thought: CotEvent = { at: 60, step: 2, type: "reasoning", text: "Hm." };
  const path = (at: number, step: number): CotEvent => ({ at, step, type: "path", path: "reasoning" });
  assert.deepEqual(eventSpans([route, path(30, 1), thought]).map(({ kind, start, end }) => [kind, start, end]), [
    ["routing", 0, 4],
    ["dropped", 4, 30],
    ["reasoning", 30, 60],
  ]);
  assert.deepEqual(eventSpans([route, path(4, 0), thought]).map(({ kind }) => kind), ["routing", "reasoning"]);
  assert.deepEqual(eventSpans([]), []);
});
