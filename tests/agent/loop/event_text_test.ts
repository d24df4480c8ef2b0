import assert from "node:assert/strict";
import { z } from "zod";
import { scriptedChatModel } from "../../../lib/agent/chat/mod.ts";
import { type AgentEvent, eventRows, eventText, runAgent } from "../../../lib/agent/loop/mod.ts";
import { defineTool, type Tool } from "../../../lib/agent/tools/mod.ts";

const lamp = defineTool({
  name: "lamp",
  description: "Switch a lamp.",
  input: z.strictObject({ on: z.boolean() }),
  sideEffects: true,
  untrusted: true,
  run: ({ on }) => ({ on }),
});
const messages = [{ role: "user", content: "first" }, { role: "assistant", content: "1" }, {
  role: "user",
  content: "Light!",
}];
const time = { at: 12.6, step: 1 };

Deno.test("eventRows() tells a run's events in words, one row for pieces that belong together", async () => {
  const model = scriptedChatModel([
    {
      reasoning: ["It is", " dark."],
      written: '<tool_call>\n{"name": "lamp", "arguments": {"on": true}\n</tool_call>',
    },
    {
      calls: [{ name: "lamp", arguments: { on: false } }, { name: "lmp" }],
      usage: { promptTokens: 1, completionTokens: 1 },
    },
    { written: ["There ", "is light.<tool_call>{"], usage: { promptTokens: 1, completionTokens: 1 } },
    { text: ["There ", "is", " light."], usage: { promptTokens: 1, completionTokens: 1 } },
  ], { countTokens: (messages) => messages.length });
  const events = await Array.fromAsync(runAgent({
    model,
    messages,
    tools: [lamp] as Tool[],
    contextTokens: 9,
    approve: ({ input }) => (input as { on: boolean }).on,
  }));
  const rows = eventRows(events);
  const { usage } = (events.at(-1) as AgentEvent & { type: "stop" }).run;
  assert.deepEqual(rows.map(({ event, text }) => [event, text]), [
    ["reasoning", "It is dark."],
    ["call", 'lamp({"on":true}) (mended: lost brace)'],
    ["approval", 'lamp({"on":true}): approved (side effects)'],
    ["result", 'lamp (untrusted): {"on":true}'],
    ["call", 'lamp({"on":false})'],
    ["call", "lmp({})"],
    ["approval", 'lamp({"on":false}): refused (side effects)'],
    ["result", 'lamp (refused): {"error":"access was denied by the user"}'],
    ["result", 'lmp (unknown tool): {"error":"there is no tool of this name, did you mean lamp"}'],
    ["text", "There is light."],
    ["invalidCall", "unclosed: the reply ended within the call: write it whole, with the closing tag\n{"],
    ["trimmed", "2 messages of the history left out"],
    ["text", "There is light."],
    ["stop", `answered after 4 steps, ${usage.completionTokens} tokens`],
  ]);
  assert.deepEqual(rows.map(({ step }) => step), [1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 4, 4]);
  assert.ok(rows.every(({ ms }, index) => Number.isInteger(ms) && ms >= (rows[index - 1]?.ms ?? 0)));
});

Deno.test("eventText() says why a run ended without an answer, and that tokens were estimated", () => {
  const usage = { promptTokens: 1, completionTokens: 1, isEstimated: true };
  const run = { reason: "model failed", answer: null, messages: [], steps: 1, usage, milliseconds: 9, message: "gone" };
  assert.equal(
    eventText({ ...time, type: "stop", run } as AgentEvent),
    "model failed after 1 step, about 1 token: gone",
  );
  assert.equal(
    eventText({ ...time, type: "stop", run: { ...run, reason: "time limit", message: undefined } } as AgentEvent),
    "time limit after 1 step, about 1 token",
  );
});

Deno.test("eventRows() joins no pieces over a turn's end, and takes events of others", () => {
  const text = (text: string, step: number): AgentEvent => ({ at: 12.6, step, type: "text", text });
  type Routed = { at: number; step: number; type: "route"; domain: string };
  const route: Routed = { at: 0.2, step: 0, type: "route", domain: "math" };
  assert.deepEqual(
    eventRows<Routed>([route, text("a", 1), text("b", 1), text("c", 2)], { otherText: ({ domain }) => domain }),
    [
      { ms: 0, step: 0, event: "route", text: "math" },
      { ms: 13, step: 1, event: "text", text: "ab" },
      { ms: 13, step: 2, event: "text", text: "c" },
    ],
  );
  assert.equal(eventRows<Routed>([route])[0].text, "");
});
