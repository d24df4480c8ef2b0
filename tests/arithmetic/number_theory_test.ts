import assert from "node:assert/strict";
import fc from "fast-check";
import { bezoutIdentity, congruenceSolutions, greatestCommonDivisor } from "../../lib/arithmetic/mod.ts";

Deno.test("bezoutIdentity() gives the published example", () => {
  assert.deepEqual(bezoutIdentity(12n, 21n), { x: 2n, y: -1n, gcd: 3n });
});

Deno.test("bezoutIdentity() gives a combination that divides both, for numbers of any size", () => {
  const anInteger = fc.oneof(fc.bigInt({ min: -50n, max: 50n }), fc.bigInt({ min: -(10n ** 60n), max: 10n ** 60n }));
  fc.assert(fc.property(anInteger, anInteger, (a, b) => {
    const { x, y, gcd } = bezoutIdentity(a, b);
    assert.equal(a * x + b * y, gcd);
    assert.equal(greatestCommonDivisor(a, b), gcd);
    if (a === 0n && b === 0n) return assert.equal(gcd, 0n);
    assert.ok(gcd > 0n && a % gcd === 0n && b % gcd === 0n);
  }));
});

Deno.test("congruenceSolutions() finds what trying each x finds", () => {
  const anInteger = fc.bigInt({ min: -300n, max: 300n });
  fc.assert(fc.property(anInteger, anInteger, fc.bigInt({ min: 1n, max: 120n }), (a, b, m) => {
    const expected = [];
    for (let x = 0n; x < m; x++) if ((a * x - b) % m === 0n) expected.push(x);
    const found = congruenceSolutions(a, b, m);
    if (found === null) return assert.deepEqual(expected, []);
    assert.deepEqual(
      Array.from({ length: Number(found.count) }, (_, at) => found.first + BigInt(at) * found.step),
      expected,
    );
  }));
});

Deno.test("congruenceSolutions() is right where products are beyond what numbers hold", () => {
  const [a, b, m] = [9007199254740881n, 4503599627370449n, 9007199254740991n];
  const found = congruenceSolutions(a, b, m)!;
  assert.equal((a * found.first - b) % m, 0n);
  assert.equal(found.count, greatestCommonDivisor(a, m));
});
