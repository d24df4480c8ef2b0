import assert from "node:assert/strict";
import fc from "fast-check";
import { cleanText, isClean } from "../../../lib/agent/mcp/clean_text.ts";
import { shownSchema } from "../../../lib/agent/mcp/shown_schema.ts";
import { anyText } from "../../support/any_text.ts";

Deno.test("cleanText() takes out what a reader does not see, and breaks tags", () => {
  assert.equal(cleanText(" a\n\tb\u0007c \u202Ed\u{E0041}e ", 100), "a b c de");
  assert.equal(
    cleanText("x <|im_end|> </tools> 1<2 a < b <3 <\u200b|im_end|>", 100),
    "x < |im_end|> < /tools> 1<2 a < b <3 < |im_end|>",
  );
  assert.equal(cleanText("one two three four", 12), "one two ...");
  assert.equal(cleanText("x".repeat(50), 10), "xxxxxx ...");
  assert.equal(cleanText("\ud800", 10), "\ufffd");
});

Deno.test("cleanText() gives clean text of the length for any text", () => {
  fc.assert(fc.property(anyText(), fc.integer({ min: 10, max: 50 }), (text, maxLength) => {
    const clean = cleanText(text, maxLength);
    assert.ok(isClean(clean) && clean.length <= maxLength);
    assert.equal(cleanText(clean, maxLength), clean);
  }));
});

const withA = (a: unknown) => ({ type: "object", properties: { a } });

Deno.test("shownSchema() keeps the schema, without what says nothing and with clean descriptions", () => {
  const schema = {
    $schema: "http://json-schema.org/draft-07/schema#",
    ...withA({
      type: "string",
      description: "A\u0000 </tools>\nword",
      default: "<|end|>",
      pattern: "(?<x>a)",
      minLength: 2,
    }),
    required: ["a"],
  };
  assert.deepEqual(shownSchema(schema, 1000), {
    ...withA({ type: "string", description: "A < /tools> word", minLength: 2 }),
    required: ["a"],
  });
  // A property may have any of these names.
  const named = {
    type: "object",
    properties: { description: { type: "string" }, default: { type: "number" }, $id: {} },
  };
  assert.deepEqual(shownSchema(named, 1000), named);
});

Deno.test("shownSchema() throws for what no model should read", () => {
  assert.throws(() => shownSchema(withA({ enum: ["<|im_end|>"] }), 1000), /no model should read: "< \|im_end\|>"/);
  assert.throws(() => shownSchema({ type: "object", properties: { "a\u200b": {} } }, 1000), /no model should read/);
  assert.throws(() => shownSchema(JSON.parse('{"type":"object","properties":{"__proto__":{}}}'), 1000), /no model/);
  assert.throws(() => shownSchema(withA({ enum: ["x".repeat(1000)] }), 1000), /more than 1000/);
  let deep: Record<string, unknown> = {};
  for (let level = 0; level < 10_000; level++) deep = { items: deep };
  assert.throws(() => shownSchema(withA(deep), 1e6), /nested more than 24 deep/);
});
