import assert from "node:assert/strict";
import fc from "fast-check";
import { goldAnswer, parseNumber, stripCalculatorAnnotations, workedSteps } from "../../lib/data/mod.ts";

Deno.test("goldAnswer() and workedSteps() split at the last marker", () => {
  const answer = "She has #### twice: 2*6=<<2*6=12>>12 pens.\n#### 1,200 \n";
  assert.equal(goldAnswer(answer), "1,200");
  assert.equal(workedSteps(answer), "She has #### twice: 2*6=<<2*6=12>>12 pens.");
  assert.throws(() => goldAnswer("12"), /no "####" before the result/);
  assert.throws(() => workedSteps("12"), /no "####" before the result/);
});

const numbers: [text: string, value: number | null][] = [
  ["42", 42],
  [" 42\n", 42],
  ["+42", 42],
  ["-42", -42],
  ["\u221242", -42],
  ["1,234,567", 1234567],
  ["1,00,000", 100000],
  ["$18", 18],
  ["$ 18", 18],
  ["-$18", -18],
  ["$-18.50", -18.5],
  ["25%", 25],
  ["25 %", 25],
  ["42.", 42],
  [".5", 0.5],
  ["0.25", 0.25],
  ["007", 7],
  ["", null],
  [" ", null],
  [",", null],
  ["$", null],
  ["-", null],
  [".", null],
  ["--4", null],
  ["4-", null],
  ["1.2.3", null],
  ["1 2", null],
  ["12 apples", null],
  ["1e3", null],
  ["1_000", null],
  ["0x10", null],
  ["1/2", null],
  ["25%%", null],
  ["%25", null],
  ["NaN", null],
  ["Infinity", null],
  ["9".repeat(400), null],
  ["\uff14\uff12", null],
  ["\u0664\u0662", null],
];

for (const [text, value] of numbers) {
  Deno.test(`parseNumber() reads ${JSON.stringify(text.slice(0, 20))} as ${value}`, () => {
    assert.equal(parseNumber(text), value);
  });
}

Deno.test("parseNumber() reads every number that JavaScript writes without an exponent, in any dress", () => {
  fc.assert(fc.property(fc.integer(), fc.integer({ min: 0, max: 999 }), (whole, fraction) => {
    const text = `${whole}.${`${fraction}`.padStart(3, "0")}`;
    assert.equal(parseNumber(text), Number(text));
    assert.equal(parseNumber(` $${text} % `.replace("$-", "-$")), Number(text));
    assert.equal(parseNumber(whole.toLocaleString("en-US")), whole);
  }));
});

Deno.test("parseNumber() gives a finite number or null for any text, in linear time", () => {
  const unit = fc.oneof(
    fc.constantFrom(..."0123456789+-.,$% \u2212"),
    fc.nat({ max: 0xffff }).map((n) => String.fromCharCode(n)),
  );
  fc.assert(fc.property(fc.array(unit, { maxLength: 8 }).map((units) => units.join("")), (text) => {
    const value = parseNumber(text);
    assert.ok(value === null || Number.isFinite(value));
  }));
  for (const part of ["1", ",", "$", " ", "1.", "-", "%"]) assert.equal(parseNumber(part.repeat(300_000) + "x"), null);
});

Deno.test("stripCalculatorAnnotations() removes whole annotations only", () => {
  assert.equal(stripCalculatorAnnotations("48/2=<<48/2=24>>24, then 24+1=<<24+1=25>>25"), "48/2=24, then 24+1=25");
  assert.equal(stripCalculatorAnnotations("a << b"), "a << b");
  assert.equal(stripCalculatorAnnotations("a >> b << c"), "a >> b << c");
  const parts = fc.array(fc.constantFrom("<<", ">>", "<", ">", "1", "\n"), { maxLength: 12 }).map((p) => p.join(""));
  fc.assert(fc.property(parts, (text) => {
    assert.equal(stripCalculatorAnnotations(text), text.replace(/<<[^]*?>>/g, ""));
  }));
  assert.equal(stripCalculatorAnnotations("<<".repeat(200_000)).length, 400_000);
});
