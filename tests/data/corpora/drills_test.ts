import assert from "node:assert/strict";
import { drillsCorpus } from "../../../lib/data/mod.ts";

Deno.test("drillsCorpus() writes true calculations of all four kinds within maxNumber", () => {
  const operators = new Map<string, number>();
  for (const maxNumber of [20, 37, 200, 1000]) {
    const corpus = drillsCorpus({ maxNumber });
    for (let index = 0; index < 100; index++) {
      const { messages, cases } = corpus.exampleAt(index);
      assert.deepEqual(cases, []);
      for (const line of String(messages[1].content).split("\n")) {
        const match = /^(\d+)([-+*/])(\d+)=(\d+)$/.exec(line);
        assert.ok(match, line);
        const [a, b, c] = [match[1], match[3], match[4]].map(Number);
        const value = { "+": a + b, "-": a - b, "*": a * b, "/": a / b }[match[2]];
        assert.equal(value, c, line);
        assert.ok([a, b, c].every((number) => number >= 2 && number <= maxNumber), line);
        operators.set(match[2], (operators.get(match[2]) ?? 0) + 1);
      }
    }
  }
  assert.equal(operators.size, 4);
  assert.ok(Math.min(...operators.values()) > 0.8 * Math.max(...operators.values()));
});

Deno.test("drillsCorpus() refuses a maxNumber that leaves nothing to multiply", () => {
  assert.throws(() => drillsCorpus({ maxNumber: 19 }), /maxNumber is 19/);
});
