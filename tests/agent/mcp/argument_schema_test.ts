import assert from "node:assert/strict";
import fc from "fast-check";
import { z } from "zod";
import { argumentSchema } from "../../../lib/agent/mcp/argument_schema.ts";

const accepts = (schema: Record<string, unknown>, value: unknown) => argumentSchema(schema).safeParse(value).success;
const withA = (a: unknown, more: Record<string, unknown> = {}) => ({ type: "object", properties: { a }, ...more });

Deno.test("argumentSchema() checks what it knows", () => {
  const schema = withA({ type: "integer", minimum: 1, exclusiveMaximum: 5 }, {
    required: ["a"],
    properties: {
      a: { type: "integer", minimum: 1, exclusiveMaximum: 5 },
      b: { enum: ["x", "y"] },
      c: { type: "array", items: { type: ["string", "null"] }, maxItems: 2 },
    },
  });
  assert.ok(accepts(schema, { a: 1, b: "x", c: ["p", null] }));
  for (
    const wrong of [{}, { a: 0 }, { a: 5 }, { a: 1.5 }, { a: "1" }, { a: 1, b: "z" }, { a: 1, c: [1] }, [], null, {
      a: 1,
      c: ["p", "q", "r"],
    }]
  ) {
    assert.equal(accepts(schema, wrong), false, JSON.stringify(wrong));
  }
  assert.ok(accepts(schema, { a: 1, other: 2 }));
  assert.equal(accepts({ ...schema, additionalProperties: false }, { a: 1, other: 2 }), false);
});

Deno.test("argumentSchema() takes what the schema allows in less common forms", () => {
  const either = { ...withA({ type: "string" }), anyOf: [{ required: ["a"] }, { required: ["b"] }] };
  assert.ok(accepts(either, { b: 1 }));
  assert.equal(accepts(either, { a: 1 }), false);
  assert.ok(
    accepts(withA({ type: "array", prefixItems: [{ type: "string" }], items: { type: "number" } }), { a: ["x", 1] }),
  );
  assert.ok(accepts(withA({ enum: [{ x: 1 }, 2] }), { a: { x: 1 } }));
  assert.ok(accepts(withA({ const: [1] }), { a: [1] }));
  assert.ok(accepts(withA({ type: ["object", "null"], properties: { x: {} } }), { a: null }));
  assert.equal(accepts({ type: "object", required: ["a"] }, {}), false);
  assert.ok(accepts({ type: "object", required: ["a"] }, { a: null }));
});

Deno.test("argumentSchema() gives the arguments as they are, with names it does not know and without defaults", () => {
  const schema = withA({ type: "string", default: "x" });
  assert.deepEqual(argumentSchema(schema).parse({ other: 1 }), { other: 1 });
});

Deno.test("argumentSchema() follows references inside the document", () => {
  const schema = withA({ $ref: "#/$defs/point" }, {
    $defs: { point: { type: "object", properties: { x: { type: "number" } }, required: ["x"] } },
  });
  assert.ok(accepts(schema, { a: { x: 1 } }));
  assert.equal(accepts(schema, { a: {} }), false);
  assert.ok(accepts(withA({ $ref: "https://example.org/schema" }), { a: 5 }));
  assert.ok(accepts(withA({ $ref: "#/$defs/missing" }), { a: 5 }));
});

Deno.test("argumentSchema() leaves to the server what cannot be checked safely", () => {
  assert.ok(accepts(withA({ type: "string", pattern: "^(a+)+$" }), { a: `${"a".repeat(40)}!` }));
  assert.ok(accepts(withA({ type: "string", pattern: "(" }), { a: "x" }));
  assert.ok(accepts(withA({ type: "string", format: "date-time" }), { a: "x" }));
  assert.ok(accepts(withA({ not: { type: "string" } }), { a: "x" }));
  assert.ok(accepts(withA({ if: { type: "string" }, then: { minLength: 5 } }), { a: "x" }));
  // With the patterns left out both forms fit.
  const forms = { oneOf: [{ type: "string", pattern: "^a" }, { type: "string", pattern: "^b" }] };
  assert.ok(accepts(withA(forms), { a: "b" }));
  const named = { type: "object", properties: {}, patternProperties: { "^x": {} }, additionalProperties: false };
  assert.ok(accepts(named, { x1: 1 }));
});

Deno.test("argumentSchema() is not troubled by names that every object has", () => {
  const schema = { type: "object", properties: { constructor: { type: "string" }, toString: { type: "string" } } };
  assert.ok(accepts(schema, {}));
  assert.ok(accepts({ ...schema, additionalProperties: false }, { constructor: "x" }));
});

Deno.test("argumentSchema() ends for schemas that refer to themselves, twice at each level", () => {
  const level = (next: number) => ({ allOf: [{ $ref: `#/$defs/l${next}` }, { $ref: `#/$defs/l${next}` }] });
  const $defs = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`l${at}`, level(at + 1)]));
  assert.ok(accepts(withA({ $ref: "#/$defs/l0" }, { $defs }), { a: 1 }));
  const tree = { type: "object", properties: { left: { $ref: "#" }, right: { $ref: "#" }, value: { type: "number" } } };
  assert.ok(accepts(tree, { left: { value: 1, right: {} } }));
  assert.equal(accepts(tree, { left: { value: "1" } }), false);
});

Deno.test("argumentSchema() makes a schema of whatever a server sends, and refuses nothing that is allowed", () => {
  const keyword = fc.constantFrom("type", "enum", "const", "items", "properties", "required", "anyOf", "allOf", "$ref");
  const schema = fc.dictionary(fc.oneof(keyword, fc.string()), fc.jsonValue({ maxDepth: 3 }));
  fc.assert(fc.property(schema, fc.jsonValue(), (given, value) => {
    const made = argumentSchema(given as Record<string, unknown>);
    made.safeParse(value);
  }));
  const simple = z.object({ a: z.number().optional(), b: z.enum(["p", "q"]), c: z.array(z.string().max(3)).max(2) });
  const object = fc.record({
    a: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }), { nil: undefined }),
    b: fc.constantFrom("p", "q"),
    c: fc.array(fc.string({ maxLength: 3, unit: "grapheme-ascii" }), { maxLength: 2 }),
  });
  const made = argumentSchema(z.toJSONSchema(simple));
  fc.assert(fc.property(object, (value) => made.safeParse(value).success));
});
