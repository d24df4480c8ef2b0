import assert from "node:assert/strict";
import { z } from "zod";
import { encodeOverrides, type Overrides, PARAMETERS_VARIABLE, readOverrides } from "../../lib/notebook/overrides.ts";
import { parameters, ParametersError } from "../../lib/notebook/parameters.ts";

const schema = z.object({
  model: z.string().describe("a folder or hub id"),
  steps: z.number().int().positive(),
  loss: z.enum(["grpo", "dapo"]),
  weights: z.array(z.number()).default([1]),
  resume: z.string().nullable(),
});

/** Calls `parameters` as a notebook would under the runner; gives what it returns and what it prints. */
function declare(overrides: Partial<Overrides>): { values: z.output<typeof schema>; printed: string } {
  let printed = "";
  const log = console.log;
  console.log = (text: string) => printed += text;
  Deno.env.set(PARAMETERS_VARIABLE, encodeOverrides({ set: {}, ...overrides }));
  try {
    const values = parameters(schema, {
      full: { model: "tiny", steps: 100, loss: "grpo", resume: null },
      smoke: { steps: 2 },
    });
    return { values, printed };
  } finally {
    Deno.env.delete(PARAMETERS_VARIABLE);
    console.log = log;
  }
}

Deno.test("parameters() takes the full values, the size's, then the command line's, and says which", () => {
  assert.deepEqual(declare({}).values, { model: "tiny", steps: 100, loss: "grpo", weights: [1], resume: null });
  const { values, printed } = declare({ size: "smoke", set: { loss: "dapo" } });
  assert.deepEqual(values, { model: "tiny", steps: 2, loss: "dapo", weights: [1], resume: null });
  const rows = printed.split("\n").map((line) => line.split(/\s{2,}/));
  assert.deepEqual(rows.filter((row) => row.length === 3).slice(2), [
    ["steps", "2", "smoke"],
    ["loss", "dapo", "command line"],
    ["weights", "[1]", "default"],
  ]);
});

Deno.test("parameters() reads text of the command line as the schema asks", () => {
  const set = { model: "7", steps: "30", weights: "[0.5, 2]", resume: "null" };
  assert.deepEqual(declare({ set }).values, { model: "7", steps: 30, loss: "grpo", weights: [0.5, 2], resume: null });
  assert.deepEqual(declare({ set: { resume: "a/b" } }).values.resume, "a/b");
});

Deno.test("parameters() names each wrong key, what was expected, and the keys there are", () => {
  const set = { stepz: "3", steps: "0", loss: "foo", weights: "abc", __proto__x: 1 };
  assert.throws(() => declare({ set }), (error: Error) => {
    assert(error instanceof ParametersError);
    assert.match(error.message, /- stepz: there is no such parameter; did you mean steps\?/);
    assert.match(error.message, /- steps: .*>0, got 0 from the command line/);
    assert.match(error.message, /- loss: .*"grpo"\|"dapo", got foo from the command line/);
    assert.match(error.message, /- weights: .*expected array.*got abc/);
    assert.match(error.message, /- __proto__x: there is no such parameter\n/);
    assert.match(error.message, /this notebook takes:\n {2}model \(a folder or hub id\)\n {2}steps\n {2}loss/);
    return true;
  });
});

Deno.test("parameters() names the sizes when asked for another", () => {
  assert.throws(() => declare({ size: "huge" }), /no size "huge" in this notebook; it has: full, smoke/);
  assert.throws(() => declare({ size: "toString" }), /no size "toString"/);
});

Deno.test("parameters() says when the cell itself is wrong", () => {
  assert.throws(
    () => parameters(z.object({ steps: z.number() }), { full: { steps: "many" as unknown as number } }),
    /- steps: .*expected number.*got many in the parameters cell/,
  );
});

Deno.test("readOverrides() is empty without the variable and names it when its text is wrong", () => {
  assert.deepEqual(readOverrides(""), { set: {} });
  assert.throws(() => readOverrides("{"), /KILN_PARAMETERS is not JSON; expected/);
  assert.throws(() => readOverrides(`{"sizes": 1}`), /KILN_PARAMETERS: [\s\S]*sizes/);
});
