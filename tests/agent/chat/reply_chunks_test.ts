import assert from "node:assert/strict";
import fc from "fast-check";
import { z } from "zod";
import type { ChatEvent } from "../../../lib/agent/chat/mod.ts";
import { GeminiMidwayError, GeminiReply } from "../../../lib/agent/chat/gemini_reply.ts";
import { OpenaiReply } from "../../../lib/agent/chat/openai_reply.ts";

/** Text cut into pieces at any places. */
const cut = (text: string) =>
  fc.array(fc.nat(text.length), { maxLength: 8 }).map((places) => {
    const ends = [0, ...places.sort((a, b) => a - b), text.length];
    return ends.slice(1).map((end, i) => text.slice(ends[i], end));
  });

/** Arguments as JSON text. Whole numbers beyond 2^53, which come out as text, and `__proto__` are tested with the parser. */
const givenText = fc.dictionary(fc.string({ minLength: 1, maxLength: 8 }), fc.jsonValue({ maxDepth: 3 }))
  .map((given) => JSON.stringify(given))
  .filter((text) => !/\d{16}|__proto__/.test(text));

Deno.test("OpenaiReply puts any calls together, however their arguments are cut", () => {
  const calls = fc.array(
    fc.tuple(fc.constantFrom("weather", "bmi"), givenText.chain(cut)),
    {
      minLength: 1,
      maxLength: 4,
    },
  );
  fc.assert(fc.property(calls, (calls) => {
    const reply = new OpenaiReply();
    const events: ChatEvent[] = [];
    const push = (index: number, id: string | undefined, name: string | undefined, text: string) => {
      const part = { index, ...(id ? { id } : {}), function: { ...(name ? { name } : {}), arguments: text } };
      events.push(...reply.push({ choices: [{ index: 0, delta: { tool_calls: [part] } }] }));
    };
    for (const [index, [name, pieces]] of calls.entries()) {
      push(index, `id${index}`, name, "");
      for (const piece of pieces) push(index, undefined, undefined, piece);
    }
    events.push(...reply.push({ choices: [{ delta: {}, finish_reason: "tool_calls" }] }), ...reply.end(1));
    const found = events.flatMap((event) => event.type === "call" ? [event.call] : []);
    assert.deepEqual(
      found.map(({ id, name, arguments: given }) => [id, name, JSON.parse(JSON.stringify(given))]),
      calls.map(([name, pieces], index) => [`id${index}`, name, JSON.parse(pieces.join(""))]),
    );
    assert.deepEqual(events.at(-1)?.type, "end");
  }));
});

/** Chunks that are almost right: known keys, any values. */
const almost = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom<unknown>(null, 0, 1, -1, "", "a", "stop", "STOP", true, '{"a":1}', "SAFETY"),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(
      fc.constantFrom(
        ...[
          "choices",
          "delta",
          "content",
          "tool_calls",
          "index",
          "id",
          "function",
          "name",
          "arguments",
          "finish_reason",
          "usage",
        ],
        ...[
          "prompt_tokens",
          "completion_tokens",
          "candidates",
          "parts",
          "text",
          "thought",
          "functionCall",
          "args",
          "error",
          "message",
        ],
        ...["finishReason", "usageMetadata", "promptFeedback", "blockReason"],
      ),
      tie("value"),
      { maxKeys: 5 },
    ),
  ),
})).value;

Deno.test("OpenaiReply and GeminiReply take any chunk, or say that it is none", () => {
  fc.assert(
    fc.property(fc.array(almost, { maxLength: 4 }), (chunks) => {
      for (const reply of [new OpenaiReply(), new GeminiReply(new Map())]) {
        const events: ChatEvent[] = [];
        for (const chunk of chunks) {
          try {
            events.push(...reply.push(chunk));
          } catch (error) {
            assert.ok(error instanceof z.ZodError || error instanceof GeminiMidwayError, String(error));
          }
        }
        events.push(...reply.end(1));
        assert.equal(events.filter(({ type }) => type === "end").length, 1);
        for (const event of events) {
          if (event.type === "text" || event.type === "reasoning") assert.ok(event.text.length > 0);
        }
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("OpenaiReply and GeminiReply take a reason to end that nobody knows for what it may be, whatever its name", () => {
  for (const reason of ["constructor", "__proto__", "eos"]) {
    const openai = new OpenaiReply();
    openai.push({ choices: [{ delta: { content: "4" }, finish_reason: reason }] });
    const gemini = new GeminiReply(new Map());
    gemini.push({ candidates: [{ content: { parts: [{ text: "4" }] }, finishReason: reason }] });
    const reasons = [...openai.end(1), ...gemini.end(1)].map((event) => event.type === "end" && event.finishReason);
    assert.deepEqual(reasons, ["stop", "filtered"]);
  }
});
