import assert from "node:assert/strict";
import fc from "fast-check";
import { readPythonCalls } from "../../../lib/agent/calls/python_calls.ts";
import { anyText } from "../../support/any_text.ts";

const names = (tool: string) => tool === "f" ? ["a", "b"] : undefined;
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** The only call's arguments, or what is wrong. */
function read(code: string): unknown {
  const { calls, wrong } = readPythonCalls(code, names);
  if (wrong !== undefined) return wrong.problem;
  assert.equal(calls.length, 1, code);
  return plain(calls[0].arguments);
}

Deno.test("readPythonCalls() reads values as Python writes them", () => {
  for (
    const [code, expected] of [
      ["f()", {}],
      ["f( )", {}],
      ["f (x=1)", { x: 1 }],
      ["f(x=1,)", { x: 1 }],
      ["f(\n  x = 1, # one\n  y = 2\n)", { x: 1, y: 2 }],
      ["f(x=-1, y=+2, z=1_000, u=.5, v=1., w=1e-3)", { x: -1, y: 2, z: 1000, u: .5, v: 1, w: .001 }],
      ["f(x=12345678901234567890)", { x: "12345678901234567890" }],
      ["f(x=True, y=False, z=None, u=true, v=null)", { x: true, y: false, z: null, u: true, v: null }],
      ["f(x='it\\'s', y=\"it's\", z='say \"no\"')", { x: "it's", y: "it's", z: 'say "no"' }],
      [String.raw`f(x='a\n\t\\\x41\u00e9\U0001F600\d')`, { x: "a\n\t\\Aé😀\\d" }],
      ["f(x=[1, 'a', [None,]], y=(1, 2), z=(), u={})", { x: [1, "a", [null]], y: [1, 2], z: [], u: {} }],
      ["f(x={'a': {'b': [1]}, \"c\": 2,})", { x: { a: { b: [1] }, c: 2 } }],
      ["f(1, 2)", { a: 1, b: 2 }],
      ["f('x', b=2)", { a: "x", b: 2 }],
      ["f(-1)", { a: -1 }],
      ["f(x=')#\"')", { x: ')#"' }],
      ["print(f(x=1))", { x: 1 }],
      ["default_api.tools.f(x=1)", { x: 1 }],
    ] as const
  ) assert.deepEqual(read(code), expected, code);
});

Deno.test("readPythonCalls() says what it does not read", () => {
  for (
    const [code, expected] of [
      ["g(1)", /name=value/],
      ["f(1, 2, 3)", /no more than 2/],
      ["f(a=1, 2)", /follows one with a name/],
      ["f(1, a=2)", /"a" is given twice/],
      ["f(x=1, x=2)", /"x" is given twice/],
      ["f(x={'a': 1, 'a': 2})", /"a" is given twice/],
      ["f(__proto__=1)", /__proto__/],
      ["f(x={'__proto__': 1})", /__proto__/],
      ["f(x=y)", /"y" is no plain value/],
      ["f(x=g())", /"g" is no plain value/],
      ["f(x=1+2)", /not worked out/],
      ["f(x=2**9)", /not worked out/],
      ["f(x=012)", /no plain value/],
      ["f(x=0x10)", /no plain value/],
      ["f(x=1__0)", /no plain value/],
      ["f(x=nan)", /no plain value/],
      ["f(x='a' 'b')", /expected , or \)/],
      ["f(x=f'a')", /no plain value/],
      ['f(x="""a""")', /triple quotes/],
      ["f(x='a", /not closed/],
      ["f(x='a\n')", /not closed/],
      [String.raw`f(x='\u12')`, /4 hexadecimal/],
      [String.raw`f(x='\Uffffffff')`, /8 hexadecimal/],
      ["f(x={1: 2})", /key in quotes/],
      ["f(x={1, 2})", /key in quotes/],
      ["f(x=1", /found the end/],
      ["f(x=1))", /end of the line/],
      ["f(x=1) + 1", /end of the line/],
      ["y = f(x=1)", /nothing is run/],
      ["f", /expected \( after "f"/],
      ["print(print(f()))", /name=value/],
      ["(f())", /expected a call/],
      [`f(x=${"[".repeat(99)}`, /64/],
    ] as const
  ) assert.match(String(read(code)), expected, code);
});

Deno.test("readPythonCalls() gives the calls before one that is none", () => {
  const code = "f(x=1)\ng(y=2); h(z=)\nk()";
  const { calls, wrong } = readPythonCalls(code);
  assert.deepEqual(calls.map(({ name }) => name), ["f", "g"]);
  assert.equal(wrong?.name, "h");
  assert.equal(code.slice(wrong?.at), "h(z=)\nk()");
  assert.equal(wrong?.isUnfinished, false);
  assert.equal(readPythonCalls("f(x=").wrong?.isUnfinished, true);
});

Deno.test("readPythonCalls() reads strings and JSON back", () => {
  const key = fc.constantFrom("x", "y", "constructor", "toString");
  const value = fc.oneof(
    anyText(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(fc.oneof(anyText(), fc.integer())),
  );
  fc.assert(fc.property(fc.dictionary(key, value), (given) => {
    // The escapes of JSON are Python's too, but for that of the slash, which JSON.stringify does not write.
    const code = Object.entries(given).map(([name, each]) => `${name}=${JSON.stringify(each)}`).join(", ");
    assert.deepEqual(read(`f(${code})`), plain(given));
  }));
});

Deno.test("readPythonCalls() never throws", () => {
  const sign = fc.constantFrom(
    "f",
    "(",
    ")",
    "=",
    ",",
    "'",
    '"',
    "\\",
    "[",
    "]",
    "{",
    "}",
    ":",
    "#",
    "\n",
    ";",
    "1",
    "-",
    ".",
    "print(",
    "\\u",
    "x=",
  );
  fc.assert(fc.property(fc.array(sign).map((signs) => signs.join("")), (code) => {
    const { calls, wrong } = readPythonCalls(code, names);
    assert.ok(calls.every(({ name }) => name !== ""));
    if (wrong !== undefined) assert.ok(wrong.at < code.length);
  }));
});
