import assert from "node:assert/strict";
import fc from "fast-check";
import { bezout, bodyMassIndex, solveCongruence } from "../../../lib/data/tool_requests/mod.ts";

const anInteger = fc.integer({ min: -5000, max: 5000 });

Deno.test("bezout() gives the published example", () => {
  assert.deepEqual(bezout(12, 21), { x: 2, y: -1, gcd: 3 });
});

Deno.test("bezout() gives a combination that is the greatest common divisor", () => {
  fc.assert(fc.property(anInteger, anInteger, (a, b) => {
    const { x, y, gcd } = bezout(a, b);
    assert.equal(a * x + b * y, gcd);
    if (a === 0 && b === 0) return assert.equal(gcd, 0);
    // A combination that divides both is the greatest common divisor.
    assert.ok(gcd > 0 && a % gcd === 0 && b % gcd === 0);
    assert.ok(!Object.values({ x, y, gcd }).some((value) => Object.is(value, -0)));
  }));
});

Deno.test("solveCongruence() gives all solutions and no others", () => {
  const modulus = fc.integer({ min: 1, max: 200 });
  fc.assert(fc.property(anInteger, anInteger, modulus, (a, b, m) => {
    const expected = [];
    for (let x = 0; x < m; x++) if ((a * x - b) % m === 0) expected.push(x);
    assert.deepEqual(solveCongruence(a, b, m), expected);
  }));
});

Deno.test("bodyMassIndex() classes by the Chinese standard, at its borders too", () => {
  assert.deepEqual(bodyMassIndex(70, 1.75), { bmi: 22.9, class: "normal" });
  const classAt = (bmi: number) => bodyMassIndex(bmi * 4, 2).class;
  assert.deepEqual([18.4, 18.5, 23.9, 24, 27.9, 28].map(classAt), [
    "underweight",
    "normal",
    "normal",
    "overweight",
    "overweight",
    "obese",
  ]);
  // 23.96 is shown as 24, and named as 24 is.
  assert.deepEqual(bodyMassIndex(95.84, 2), { bmi: 24, class: "overweight" });
});
