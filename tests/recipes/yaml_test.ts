import assert from "node:assert/strict";
import fc from "fast-check";
import { nested, toYaml, yamlNumber } from "../../lib/recipes/yaml.ts";

/** What YAML 1.1 takes for a number (PyYAML's resolver). */
const INT = /^[-+]?(0|[1-9][0-9_]*)$/;
const FLOAT = /^[-+]?[0-9][0-9_]*\.[0-9_]*([eE][-+][0-9]+)?$/;

Deno.test("yamlNumber() writes every number so that PyYAML reads a number, and the same", () => {
  fc.assert(fc.property(fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.maxSafeInteger()), (value) => {
    const text = yamlNumber(value);
    assert.ok(INT.test(text) || FLOAT.test(text), text);
    assert.equal(Number(text), value === 0 ? 0 : value);
  }));
  assert.equal(yamlNumber(1e-8), "1.0e-8");
  assert.equal(yamlNumber(2.5e-7), "2.5e-7");
  assert.equal(yamlNumber(1e21), "1.0e+21");
});

Deno.test("toYaml() quotes texts that YAML would read as something else", () => {
  for (
    const text of ["no", "on", "null", "1e5", "0.5", "", " a", "a: b", "#", "{x}", "- a", "a\nb", "é", "@x", "true"]
  ) {
    assert.equal(toYaml({ text }), `text: ${JSON.stringify(text)}\n`, text);
  }
  assert.equal(
    toYaml({ text: "data/train.jsonl", list: ["q_proj", "no"], none: null }),
    'text: data/train.jsonl\nlist: [q_proj, "no"]\nnone: null\n',
  );
});

Deno.test("nested() and toYaml() indent dotted names", () => {
  assert.equal(toYaml(nested({ "a.b.c": 1, "a.d": true, e: {} })), "a:\n  b:\n    c: 1\n  d: true\ne: {}\n");
});
