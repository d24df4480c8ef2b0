import assert from "node:assert/strict";
import fc from "fast-check";
import { z } from "zod";
import { defineTool } from "../../../lib/agent/tools/mod.ts";
import { called, failureOf, resultOf } from "./called.ts";

const echo = (input: z.ZodType) =>
  defineTool({ name: "echo", description: "Say it again.", input, run: (given) => given });

const problemOf = async (input: z.ZodType, given: Record<string, unknown>) => {
  const { kind, message, text } = await failureOf(echo(input), given);
  assert.equal(kind, "invalid arguments");
  assert.equal(text, JSON.stringify({ error: message }));
  return message;
};
const gets = async (input: z.ZodType, given: Record<string, unknown>, expected: unknown) =>
  assert.deepEqual((await resultOf(echo(input), given)).result, expected);

Deno.test("runTool() says of wrong arguments what is missing, unknown or of another type", async () => {
  const input = z.strictObject({ city: z.string(), days: z.int().min(1).max(5).optional() });
  assert.equal(await problemOf(input, {}), "city is missing");
  assert.equal(await problemOf(input, { my_city: "Oslo" }), "city is missing, my_city is unknown");
  assert.equal(await problemOf(input, { city: true }), "city must be a string");
  assert.equal(await problemOf(input, { city: "Oslo", days: 0 }), "days must be at least 1");
  assert.equal(await problemOf(input, { city: "Oslo", days: 6 }), "days must be at most 5");
  assert.equal(await problemOf(input, { city: "Oslo", days: 1.5 }), "days must be a whole number");
  assert.equal(await problemOf(input, { city: "Oslo", days: "two" }), "days must be a number");
});

Deno.test("runTool() has words for each way in which zod finds arguments wrong", async () => {
  const cases: [z.ZodType, unknown, string][] = [
    [z.number().gt(3), 3, "a must be above 3"],
    [z.number().lt(3), 3, "a must be below 3"],
    [z.int(), 2 ** 60, "a must be at most 9007199254740991"],
    [z.number().multipleOf(5), 3, "a must be a multiple of 5"],
    [z.string().min(2), "x", "a must have at least 2 characters"],
    [z.array(z.int()).max(1), [1, 2], "a must have at most 1 items"],
    [z.boolean(), "yes", "a must be true or false"],
    [z.array(z.int()), "none", "a must be a list"],
    [z.object({}), "none", "a must be an object"],
    [z.enum(["p", "q"]), "r", 'a must be one of "p" "q"'],
    [z.literal("p"), "r", 'a must be "p"'],
    [z.enum(["p", "q"]), undefined, "a is missing"],
    [z.iso.date(), "soon", "a must be a valid date"],
    [z.email(), "x", "a must be a valid email"],
    [z.union([z.int(), z.boolean()]), "x", "a must be a number or true or false"],
    [z.union([z.object({ b: z.int() }), z.object({ c: z.int() })]), {}, "a has none of the allowed forms"],
    [z.number().refine((value) => value < 3, "must be below 3 metres"), 5, "a must be below 3 metres"],
    [z.array(z.object({ b: z.int() })), [{ b: 1 }, { b: "x" }], "a[1].b must be a number"],
  ];
  for (const [schema, value, expected] of cases) {
    assert.equal(await problemOf(z.object({ a: schema }), value === undefined ? {} : { a: value }), expected);
  }
  const whole = z.object({ a: z.int(), b: z.int() }).refine(({ a, b }) => a < b, "a must be less than b");
  assert.equal(await problemOf(whole, { a: 2, b: 1 }), "a must be less than b");
});

Deno.test("runTool() tells a few problems of many, and no long names", async () => {
  const names = Array.from({ length: 9 }, (_, at) => `a${at}`);
  const input = z.object(Object.fromEntries(names.map((name) => [name, z.int()])));
  assert.equal(
    await problemOf(input, {}),
    "a0 is missing, a1 is missing, a2 is missing, a3 is missing, a4 is missing, and 4 more",
  );
  assert.ok((await problemOf(z.strictObject({}), { ["x".repeat(5000)]: 1 })).length < 100);
});

Deno.test("runTool() takes values that are written in another way and mean one thing", async () => {
  await gets(z.object({ a: z.int() }), JSON.parse('{"a": 3.0}'), { a: 3 });
  await gets(z.object({ a: z.int() }), { a: "12" }, { a: 12 });
  await gets(z.object({ a: z.number() }), { a: " -1.5e3 " }, { a: -1500 });
  await gets(z.object({ a: z.string() }), { a: 1969 }, { a: "1969" });
  await gets(z.object({ a: z.boolean() }), { a: "false" }, { a: false });
  await gets(z.object({ a: z.array(z.int()) }), { a: "[1, 2]" }, { a: [1, 2] });
  await gets(z.object({ a: z.object({ b: z.int() }) }), { a: '{"b": 1}' }, { a: { b: 1 } });
  await gets(z.strictObject({ a: z.int().optional(), b: z.int().default(4) }), { a: null, b: null }, { b: 4 });
  await gets(z.object({ a: z.array(z.object({ b: z.int() })) }), { a: [{ b: "1" }, { b: 2 }] }, {
    a: [{ b: 1 }, { b: 2 }],
  });
  // What fits is never touched.
  await gets(z.object({ a: z.union([z.string(), z.int()]), b: z.null() }), { a: "12", b: null }, { a: "12", b: null });
});

Deno.test("runTool() makes no guesses", async () => {
  const input = z.object({ a: z.int() });
  for (const a of ["1,5", "0x10", "", " ", "12 apples", "Infinity", "٣", "007", "1_000"]) {
    assert.equal(await problemOf(input, { a }), "a must be a number", a);
  }
  assert.equal(await problemOf(input, { a: "1.5" }), "a must be a number");
  assert.equal(await problemOf(input, { a: "1e300" }), "a must be a number");
  assert.equal(await problemOf(input, { a: null }), "a must be a number");
  assert.equal(await problemOf(z.object({ a: z.array(z.number()) }), { a: [1, null] }), "a[1] must be a number");
  assert.equal(await problemOf(input, { a: true }), "a must be a number");
  assert.equal(await problemOf(z.object({ a: z.array(z.int()) }), { a: '["x"]' }), "a must be a list");
  assert.equal(await problemOf(z.object({ a: z.object({}) }), { a: "null" }), "a must be an object");
});

Deno.test("runTool() refuses __proto__ anywhere, inherited names, and what is no JSON", async () => {
  const open = z.looseObject({});
  for (
    const json of [
      '{"__proto__": {"polluted": 1}}',
      '{"a": {"b": [{"__proto__": {"polluted": 1}}]}}',
    ]
  ) assert.equal(await problemOf(open, JSON.parse(json)), "the name __proto__ is not allowed");
  const nested = z.object({ a: z.looseObject({}) });
  assert.equal(await problemOf(nested, { a: '{"__proto__": {"polluted": 1}}' }), "the name __proto__ is not allowed");
  assert.equal(await problemOf(nested, { a: '{"\\u005f_proto__": 1}' }), "the name __proto__ is not allowed");
  assert.equal(await problemOf(z.object({ a: z.int() }), Object.create({ a: 1 })), "a is missing");
  assert.equal(await problemOf(open, { a: () => 1 }), "the arguments have to be JSON");
  assert.equal(await problemOf(open, { a: 1n }), "the arguments have to be JSON");
  for (const given of [null, undefined, [1], "text", 5]) {
    assert.equal(await problemOf(open, given as never), "the arguments have to be an object");
  }
  assert.equal(({} as { polluted?: number }).polluted, undefined);
  // Objects without a prototype are what a careful parser gives.
  await gets(z.strictObject({ a: z.int() }), Object.assign(Object.create(null), { a: 1 }), { a: 1 });
});

Deno.test("runTool() refuses arguments that are too long or too deep", async () => {
  const open = z.looseObject({});
  assert.equal(await problemOf(open, { a: "x".repeat(70_000) }), "the arguments are longer than 65536 bytes");
  assert.equal(await problemOf(open, { a: Array(40_000).fill(0) }), "the arguments are longer than 65536 bytes");
  let deep: unknown = 1;
  for (let at = 0; at < 5000; at++) deep = { deep };
  assert.equal(await problemOf(open, { deep }), "the arguments are nested more than 32 deep");
  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  assert.equal(await problemOf(open, cyclic), "the arguments are nested more than 32 deep");
  const { message } = await failureOf(echo(open), { a: "xxxxxxxxxx" }, { limits: { maxArgumentBytes: 5 } });
  assert.equal(message, "the arguments are longer than 5 bytes");
});

Deno.test("runTool() gives the tool a copy of the arguments", async () => {
  const given = Object.freeze({ list: Object.freeze([1, 2]) });
  const tool = defineTool({
    name: "push",
    description: "Add to a list.",
    input: z.object({ list: z.array(z.int()) }),
    run: ({ list }) => list.push(3),
  });
  assert.equal((await resultOf(tool, given)).result, 3);
  assert.deepEqual(given, { list: [1, 2] });
});

Deno.test("runTool() has an outcome for any arguments, and nothing inherits anything new", async () => {
  const tool = echo(z.strictObject({ a: z.int(), b: z.array(z.looseObject({ c: z.boolean() })).optional() }));
  const before = Object.getOwnPropertyNames(Object.prototype).length;
  const close = fc.record(
    {
      a: fc.oneof(fc.integer(), fc.jsonValue()),
      b: fc.oneof(fc.array(fc.record({ c: fc.jsonValue() })), fc.jsonValue()),
    },
    { requiredKeys: [] },
  );
  await fc.assert(fc.asyncProperty(fc.oneof(close, fc.dictionary(fc.string(), fc.jsonValue())), async (given) => {
    const outcome = await called(tool, given);
    JSON.parse(outcome.text);
    if (!outcome.ok) assert.equal(outcome.kind, "invalid arguments");
  }));
  assert.equal(Object.getOwnPropertyNames(Object.prototype).length, before);
});
