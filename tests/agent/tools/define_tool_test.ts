import assert from "node:assert/strict";
import { z } from "zod";
import {
  bezoutTool,
  bmiTool,
  calculatorTool,
  congruenceTool,
  defineTool,
  houseTools,
  searchTool,
  todayTool,
  type Tool,
  toolDefinition,
  toolDefinitions,
  weatherTool,
} from "../../../lib/agent/tools/mod.ts";
import { HOUSE_TOOLS } from "../../../lib/data/mod.ts";
import { withTable } from "../../retrieval/store/sample_documents.ts";

const good = {
  name: "double",
  description: "Double a number.",
  input: z.strictObject({ value: z.number() }),
  run: ({ value }: { value: number }) => 2 * value,
};

const parametersOf = (input: z.ZodType) =>
  toolDefinition(defineTool({ name: "t", description: "d", input, run: () => 1 })).function.parameters;

Deno.test("defineTool() fills defaults in, and its tools cannot be changed", () => {
  const tool = defineTool(good);
  assert.deepEqual([tool.timeoutMs, tool.sideEffects, tool.untrusted], [10_000, false, false]);
  assert.throws(() => {
    tool.name = "other";
  }, TypeError);
});

Deno.test("defineTool() refuses what cannot be a tool, by name", () => {
  for (
    const name of ["", "two words", "ä", "a".repeat(65), "a.b", "__proto__", "constructor", "toString", 5 as never]
  ) {
    assert.throws(() => defineTool({ ...good, name }), /expected a name of 1 to 64/, String(name));
  }
  for (const description of ["", "  ", "x".repeat(1025), undefined as never]) {
    assert.throws(() => defineTool({ ...good, description }), /the tool double: expected a description/);
  }
  for (const timeoutMs of [0, -1, 1.5, NaN, Infinity, 2 ** 31]) {
    assert.throws(() => defineTool({ ...good, timeoutMs }), /the tool double: timeoutMs: expected a whole number/);
  }
  const run = () => 1;
  const noObjects: z.ZodType[] = [z.string(), z.array(z.int()), z.union([z.object({}), z.string()])];
  for (const input of noObjects) {
    assert.throws(
      () => defineTool({ name: "t", description: "d", input, run }),
      /the tool t: its input has to be an object/,
    );
  }
  const unspeakable: z.ZodType[] = [z.object({ day: z.date() }), z.object({ count: z.bigint() }), {} as z.ZodType];
  for (const input of unspeakable) {
    assert.throws(
      () => defineTool({ name: "t", description: "d", input, run }),
      /the tool t: its input cannot be told/,
    );
  }
});

Deno.test("toolDefinition() of the shipped tools is what the house model was taught", () =>
  withTable((table) => {
    const tools = houseTools({ search: { table } });
    assert.deepEqual(tools.map(({ name }) => name), Object.keys(HOUSE_TOOLS));
    const own: Tool[] = [
      calculatorTool,
      weatherTool(),
      bezoutTool,
      congruenceTool,
      bmiTool,
      searchTool({ table }),
      todayTool(),
    ];
    for (const list of [tools, own]) {
      // To the character, since the order of names is read too.
      assert.equal(JSON.stringify(toolDefinitions(list)), JSON.stringify(Object.values(HOUSE_TOOLS)));
    }
    assert.deepEqual(
      houseTools().map(({ name }) => name),
      Object.keys(HOUSE_TOOLS).filter((name) => name !== "search"),
    );
    return Promise.resolve();
  }));

Deno.test("toolDefinition() keeps what a model needs, and leaves the rest of a schema out", () => {
  const input = z.strictObject({
    $schema: z.string().describe("a name like another"),
    count: z.int().min(1).max(10),
    rate: z.number().default(2),
    when: z.iso.date().optional(),
    kind: z.enum(["a", "b"]),
    list: z.array(z.strictObject({ deep: z.int() })),
    table: z.record(z.string(), z.int()),
    anything: z.looseObject({}),
    either: z.union([z.int(), z.null()]),
  });
  assert.deepEqual(parametersOf(input), {
    type: "object",
    properties: {
      $schema: { type: "string", description: "a name like another" },
      count: { type: "integer", minimum: 1, maximum: 10 },
      rate: { type: "number", default: 2 },
      when: { type: "string", format: "date" },
      kind: { type: "string", enum: ["a", "b"] },
      list: {
        type: "array",
        items: { type: "object", properties: { deep: { type: "integer" } }, required: ["deep"] },
      },
      table: { type: "object", additionalProperties: { type: "integer" } },
      anything: { type: "object", properties: {} },
      either: { anyOf: [{ type: "integer" }, { type: "null" }] },
    },
    required: ["$schema", "count", "kind", "list", "table", "anything", "either"],
  });
  // What goes in counts, not what a transform makes of it.
  assert.deepEqual(parametersOf(z.object({ text: z.string().transform(Number) })), {
    type: "object",
    properties: { text: { type: "string" } },
    required: ["text"],
  });
});

Deno.test("toolDefinition() takes a schema that a tool comes with as it is", () => {
  const parameters = { $schema: "x", type: "object", properties: { a: {} }, additionalProperties: false };
  const tool = defineTool({ name: "t", description: "d", input: z.unknown(), parameters, run: () => 1 });
  assert.deepEqual(toolDefinition(tool).function.parameters, parameters);
});

Deno.test("toolDefinitions() refuses two tools of one name", () => {
  assert.throws(() => toolDefinitions([bmiTool, calculatorTool, bmiTool]), /two tools are called bmi/);
});
