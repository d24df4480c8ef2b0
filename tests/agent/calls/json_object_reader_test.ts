import assert from "node:assert/strict";
import fc from "fast-check";
import { readJsonObject } from "../../../lib/agent/calls/json_object_reader.ts";
import { anyText } from "../../support/any_text.ts";

/** What `JSON.parse` says, where it is an object. */
function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

Deno.test("readJsonObject() agrees with JSON.parse on objects", () => {
  const tree = fc.dictionary(anyText({ maxLength: 4 }), fc.jsonValue({ maxDepth: 3 }));
  fc.assert(fc.property(tree, fc.constantFrom(undefined, 2, "\t"), (value, indent) => {
    const text = JSON.stringify(value, null, indent);
    fc.pre(!text.includes("__proto__") && !/\d{16}/.test(text));
    const read = readJsonObject(text);
    assert.ok("value" in read, JSON.stringify(read));
    assert.equal(JSON.stringify(read.value), JSON.stringify(JSON.parse(text)));
  }));
});

Deno.test("readJsonObject() takes no text that JSON.parse refuses, and refuses none but for keys and depth", () => {
  const sign = fc.constantFrom(
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    '"a"',
    '"b":',
    "1",
    "-",
    ".",
    "e",
    "0",
    "true",
    "nul",
    "l",
    " ",
    "\n",
    "\\",
    "\\u00e",
    "9",
    "é",
  );
  const nearly = fc.tuple(
    fc.dictionary(fc.constantFrom("a", "b", "c"), fc.jsonValue({ maxDepth: 2 })),
    fc.nat(),
    sign,
    fc.nat({ max: 2 }),
  )
    .map(([value, at, text, gone]) => {
      const json = JSON.stringify(value);
      const cut = at % (json.length + 1);
      return json.slice(0, cut) + text + json.slice(cut + gone);
    });
  const text = fc.oneof(fc.array(sign).map((signs) => `{${signs.join("")}`), nearly);
  fc.assert(
    fc.property(text, (json) => {
      const read = readJsonObject(json);
      const expected = parsed(json);
      if ("value" in read) {
        assert.notEqual(expected, undefined, json);
        if (!/\d{16}|e/.test(json)) assert.deepEqual(plain(read.value), plain(expected));
      } else if (expected !== undefined) assert.match(read.problem, /twice|__proto__/, json);
    }),
    { numRuns: 5000 },
  );
});

Deno.test("readJsonObject() keeps the digits of numbers that a double cannot hold", () => {
  const read = (number: string) => {
    const object = readJsonObject(`{"x": ${number}}`);
    return "value" in object ? object.value.x : object.problem;
  };
  assert.equal(read("9007199254740991"), 9007199254740991);
  assert.equal(read("-9007199254740992"), "-9007199254740992");
  assert.equal(read("123456789012345678901234567890"), "123456789012345678901234567890");
  assert.equal(read("-1e999"), "-1e999");
  assert.equal(read("1e22"), 1e22);
  assert.equal(read("0.1234567890123456789"), 0.1234567890123456789);
  assert.ok(Object.is(read("-0"), -0));
});

Deno.test("readJsonObject() wants one object and nothing else", () => {
  assert.ok("value" in readJsonObject(" \n{} \t"));
  for (const text of ["", " ", "[]", "1", "null", '"{}"', "{} {}", "{}}", "{}x", "{", '{"a"', '{"a":1', "}"]) {
    assert.ok("problem" in readJsonObject(text), text);
  }
});
