import assert from "node:assert/strict";
import fc from "fast-check";
import { calculate, CalculationError, fractionText } from "../../../lib/data/tool_requests/mod.ts";

const text = (expression: string) => fractionText(calculate(expression));

Deno.test("calculate() is exact where floating point is not", () => {
  assert.equal(text("0.1+0.2"), "0.3");
  assert.equal(text("12.50*7"), "87.5");
  assert.equal(text("1/3+1/6"), "0.5");
  assert.equal(text("7/3"), "7/3");
  assert.equal(text("123456789012345678901234567890*10"), "1234567890123456789012345678900");
  assert.equal(text("1/8-1"), "-0.875");
  assert.equal(text("-5*3"), "-15");
  assert.equal(text("0*-5"), "0");
});

Deno.test("calculate() follows precedence, brackets and order from the left", () => {
  assert.equal(text("2+3*4"), "14");
  assert.equal(text("(2+3)*4"), "20");
  assert.equal(text("20-5-3"), "12");
  assert.equal(text("48/4/3*2"), "8");
  assert.equal(text(" 2 * ( 3 - -4 ) "), "14");
});

Deno.test("calculate() agrees with JavaScript on whole numbers", () => {
  const tree = fc.letrec<{ expression: string }>((tie) => ({
    expression: fc.oneof(
      { maxDepth: 4 },
      fc.integer({ min: 0, max: 99 }).map(String),
      fc.tuple(tie("expression"), fc.constantFrom("+", "-", "*"), tie("expression")).map(([a, sign, b]) =>
        `(${a}${sign}${b})`
      ),
    ),
  }));
  fc.assert(fc.property(tree.expression, (expression) => {
    fc.pre(expression.length <= 200);
    const value: number = new Function(`return ${expression.replace(/\b0+(?=\d)/g, "")}`)();
    assert.equal(text(expression), String(value + 0));
  }));
});

Deno.test("calculate() names what it does not understand", () => {
  for (
    const [expression, message] of [
      ["2 x 3", /unexpected x/],
      ["1/(2-2)", /division by zero/],
      ["(1+2", /not closed/],
      ["3+", /not complete/],
      ["", /not complete/],
      ["1 2", /unexpected 2/],
      ["1.", /unexpected \./],
      ["9".repeat(201), /longer than/],
      ["(".repeat(60) + "1" + ")".repeat(60), /too deeply/],
    ] as const
  ) assert.throws(() => calculate(expression), { name: "CalculationError", message }, expression);
});

Deno.test("calculate() gives a fraction or a CalculationError for any text", () => {
  const signs = fc.string({ unit: fc.constantFrom(..."0123456789.+-*/() x") });
  fc.assert(fc.property(fc.oneof(fc.string(), signs), (expression) => {
    try {
      assert.ok(calculate(expression).denominator > 0n);
    } catch (error) {
      assert.ok(error instanceof CalculationError);
    }
  }));
});
