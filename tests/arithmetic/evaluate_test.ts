import assert from "node:assert/strict";
import fc from "fast-check";
import { CalculationError, decimalText, evaluate, fraction, fractionText } from "../../lib/arithmetic/mod.ts";
import { anyText } from "../support/any_text.ts";

const text = (expression: string) => fractionText(evaluate(expression).value);
const problem = (expression: string, message: RegExp) =>
  assert.throws(() => evaluate(expression), { name: "CalculationError", message }, expression);

Deno.test("evaluate() follows precedence and order", () => {
  const expected = {
    "2+3*4": "14",
    "(2+3)*4": "20",
    "20-5-3": "12",
    "48/4/3*2": "8",
    "-2^2": "-4",
    "(-2)^2": "4",
    "2^-1": "0.5",
    "2^3^2": "512",
    "2*-3": "-6",
    "5 - -3": "8",
    "+5": "5",
    "3!": "6",
    "2^3!": "64",
    "-3!": "-6",
    "4*3!/2": "12",
  };
  for (const [expression, value] of Object.entries(expected)) assert.equal(text(expression), value, expression);
});

Deno.test("evaluate() reads numbers and signs as people type them", () => {
  const expected = {
    "1,234.5*2": "2469",
    "1,234,567": "1234567",
    ".5+3.": "3.5",
    "1.5e3": "1500",
    "2E-2": "0.02",
    "3 × 4 ÷ 2": "6",
    "7 − 10": "-3",
    "2·3": "6",
    "12 x 5": "60",
    "12x5": "60",
    "(1+1) X (2)": "4",
    "2**10": "1024",
    "3²+2³": "17",
    "√16+1": "5",
    "√(9+16)": "5",
    "12*3=": "36",
    " 12 * 3 = ": "36",
  };
  for (const [expression, value] of Object.entries(expected)) assert.equal(text(expression), value, expression);
});

Deno.test("evaluate() takes % for hundredths or for the remainder, and refuses what can mean both", () => {
  const expected = {
    "15% of 80": "12",
    "80*15%": "12",
    "15%*80": "12",
    "15%": "0.15",
    "5% + 3%": "0.08",
    "200 - 10% of 200": "180",
    "50*(1+10%)": undefined,
    "17 % 5": "2",
    "17%5": "2",
    "17 mod 5": "2",
    "-7 mod 3": "2",
    "7 mod -3": "-2",
    "7.5 mod 2": "1.5",
    "10 % (1+2)": "1",
    "1/2 of 10": "5",
  };
  for (const [expression, value] of Object.entries(expected)) {
    if (value === undefined) problem(expression, /percentage of what/);
    else assert.equal(text(expression), value, expression);
  }
  problem("50 + 10%", /percentage of what/);
  problem("10% - 2", /percentage of what/);
  assert.equal(text("(10%) + 2"), "2.1");
});

Deno.test("evaluate() knows some functions, and takes a comma between their brackets for what separates", () => {
  const expected = {
    "sqrt(144)": "12",
    "sqrt(0.25)": "0.5",
    "sqrt(2/8)": "0.5",
    "cbrt(-27)": "-3",
    "4^(1/2)": "2",
    "8^(2/3)": "4",
    "4^0.5": "2",
    "abs(-3)": "3",
    "floor(-3/2)": "-2",
    "ceil(7/3)": "3",
    "round(2.5)": "3",
    "round(-2.5)": "-3",
    "round(7/3, 2)": "2.33",
    "max(1,234)": "234",
    "max((1,234), 5)": "1234",
    "min(3, 2, 1+0)": "1",
    "gcd(84, 36)": "12",
    "lcm(4, 6, 10)": "60",
    "round(pi, 4)": "3.1416",
    "floor(sqrt(2)^2)": "2",
    "MAX(1, 2)": "2",
  };
  for (const [expression, value] of Object.entries(expected)) assert.equal(text(expression), value, expression);
  problem("round(1, 2, 3)", /round takes 1 to 2 numbers, not 3/);
  problem("sqrt(1, 2)", /sqrt takes 1 number, not 2/);
  problem("gcd(1.5, 2)", /gcd needs whole numbers/);
  problem("abs 3", /bracket is missing after abs/);
  problem("sin(1)", /unexpected sin \(known names are sqrt/);
  problem("constructor(1)", /unexpected constructor/);
  problem("__proto__", /unexpected _/);
});

Deno.test("evaluate() says when digits were left out", () => {
  const { value, isExact } = evaluate("sqrt(2)");
  assert.equal(isExact, false);
  // The first digits are published in the OEIS as A002193.
  assert.match(decimalText(value, 35), /^1\.4142135623730950488016887242096980/);
  assert.equal(evaluate("sqrt(2) + 1").isExact, false);
  assert.equal(evaluate("sqrt(4) + 1").isExact, true);
  assert.equal(evaluate("max(pi, 1)").isExact, false);
  assert.match(text("0.5^0.5"), /^0\.70710678118654752440/);
  assert.match(decimalText(evaluate("sqrt(1e-60)*1e30").value, 10), /^1\.0000000000$/);
  assert.match(decimalText(evaluate("cbrt(2e-90)*1e30").value, 10), /^1\.2599210499$/);
});

Deno.test("evaluate() names what it does not understand", () => {
  const problems: [string, RegExp][] = [
    ["", /not complete/],
    ["3+", /not complete/],
    ["(1+2", /bracket is not closed/],
    ["1+2)", /unexpected \)/],
    ["()", /unexpected \)/],
    ["1 2", /unexpected 2 \(a sign is missing after 1\)/],
    ["2(3+4)", /unexpected \( \(a sign is missing after 2\)/],
    ["2x+3", /unexpected x \(write \* to multiply\)/],
    ["x", /unexpected x/],
    ["0x10", /unexpected x/],
    ["7 : 2", /unexpected : \(write \/ to divide\)/],
    ["1,5", /unexpected , \(write decimals with a point\)/],
    ["1,2345", /unexpected ,/],
    ["3=4", /unexpected = /],
    ["$5", /unexpected \$ \(write numbers without units\)/],
    ["5 apples", /unexpected apples/],
    ["1/0", /^division by zero$/],
    ["0^-1", /^division by zero$/],
    ["5 mod 0", /^division by zero$/],
    ["sqrt(-4)", /negative number has no such root/],
    ["(-8)^(1/3)", /negative number/],
    ["2^pi", /exponent has to be a whole number/],
    ["2.5!", /! needs a whole number/],
    ["(-1)!", /! needs a whole number/],
    ["😀", /unexpected 😀/],
  ];
  for (const [expression, message] of problems) problem(expression, message);
});

Deno.test("evaluate() stops at its limits before it works for long", () => {
  assert.equal(text("10^999").length, 1000);
  assert.equal(text("449!").length, 998);
  assert.equal(text("1^99999999999999999999"), "1");
  assert.equal(text("(-1)^99999999999999999999"), "-1");
  const problems: [string, RegExp][] = [
    ["10^1000", /more than 1000 digits/],
    ["0.1^1000", /more than 1000 digits/],
    ["9^9^9", /exponent is above 10000/],
    ["(10^999)^9999", /more than 1000 digits/],
    ["9^9999", /more than 1000 digits/],
    ["2^-99999", /exponent is above 10000/],
    ["450!", /whole number from 0 to 449/],
    ["3!!!!", /whole number from 0 to 449/],
    ["1e301", /exponent of 1e301 is above 300/],
    ["1e999999999", /is above 300/],
    [`${"9".repeat(900)}*${"9".repeat(99)}*9`, /longer than 1000/],
    ["10^900*10^900", /more than 1000 digits/],
    ["(".repeat(51) + "1" + ")".repeat(51), /nested too deeply/],
    ["-".repeat(900) + "1", /nested too deeply|more than 400/],
    ["√".repeat(300) + "1", /nested too deeply/],
    ["1+".repeat(300) + "1", /more than 400 numbers and signs/],
    ["1".repeat(1001), /longer than 1000 characters/],
    ["2^(1/101)", /denominator to 100/],
  ];
  for (const [expression, message] of problems) problem(expression, message);
  assert.equal(evaluate("(10^999+1)^(1/100)").isExact, false);
});

/** A value worked out beside the text that says it, without Fraction and without reducing. */
interface Said {
  text: string;
  value: [numerator: bigint, denominator: bigint] | null;
}

const joinSaid = (sign: string) => ([a, b, space]: [Said, Said, string]): Said => {
  const text = `(${a.text}${space}${sign}${space}${b.text})`;
  if (a.value === null || b.value === null) return { text, value: null };
  const [[n, d], [m, e]] = [a.value, b.value];
  switch (sign) {
    case "+":
      return { text, value: [n * e + m * d, d * e] };
    case "-":
      return { text, value: [n * e - m * d, d * e] };
    case "*":
      return { text, value: [n * m, d * e] };
    default:
      return { text, value: m === 0n ? null : [n * e, d * m] };
  }
};

const { said } = fc.letrec<{ said: Said }>((tie) => {
  const pair = fc.tuple(tie("said"), tie("said"), fc.constantFrom("", " "));
  return {
    said: fc.oneof(
      { maxDepth: 5, depthSize: "large" },
      fc.nat(9999).map((whole): Said => ({ text: String(whole), value: [BigInt(whole), 1n] })),
      fc.tuple(fc.nat(99), fc.nat(999)).map(([whole, thousandths]): Said => ({
        text: `${whole}.${String(thousandths).padStart(3, "0")}`,
        value: [BigInt(whole * 1000 + thousandths), 1000n],
      })),
      ...["+", "-", "*", "/"].map((sign) => pair.map(joinSaid(sign))),
      tie("said").map(({ text, value }): Said => ({ text: `-${text}`, value: value && [-value[0], value[1]] })),
      fc.tuple(tie("said"), fc.integer({ min: 0, max: 4 })).map(([{ text, value }, power]): Said => ({
        text: `(${text})^${power}`,
        value: value && [value[0] ** BigInt(power), value[1] ** BigInt(power)],
      })),
    ),
  };
});

Deno.test("evaluate() agrees with fractions worked out beside it", () => {
  fc.assert(
    fc.property(said, ({ text, value }) => {
      if (value === null) {
        assert.throws(() => evaluate(text), CalculationError);
        return;
      }
      try {
        assert.deepEqual(evaluate(text), { value: fraction(...value), isExact: true });
      } catch (error) {
        if (!(error instanceof CalculationError)) throw error;
        // A limit, and one that is truly reached.
        assert.match(error.message, /digits|deeply|longer|more than/);
        assert.ok(text.length > 50);
      }
    }),
    { numRuns: 1000 },
  );
});

Deno.test("evaluate() gives a fraction or a CalculationError for any text", () => {
  const signs = fc.string({
    unit: fc.constantFrom(..."0123456789.,+-*/^%!()√²³ xe=", "sqrt(", "mod", "of", "pi", "round("),
  });
  fc.assert(
    fc.property(fc.oneof(anyText(), signs, signs), (expression) => {
      try {
        const { value: { numerator, denominator } } = evaluate(expression);
        assert.deepEqual(fraction(numerator, denominator), { numerator, denominator });
      } catch (error) {
        assert.ok(error instanceof CalculationError, String(error));
        assert.ok(error.message.length < 200, error.message);
      }
    }),
    { numRuns: 3000 },
  );
});

Deno.test("decimalText() rounds halves away from zero", () => {
  assert.equal(decimalText(fraction(5n, 2n), 0), "3");
  assert.equal(decimalText(fraction(-5n, 2n), 0), "-3");
  assert.equal(decimalText(fraction(1n, 3n), 4), "0.3333");
  assert.equal(decimalText(fraction(-1n, 1000n), 2), "0.00");
  fc.assert(fc.property(fc.integer(), fc.integer({ min: 0, max: 6 }), (scaled, decimals) => {
    const value = fraction(BigInt(scaled), 10n ** BigInt(decimals));
    assert.equal(Number(decimalText(value, decimals)) + 0, scaled / 10 ** decimals + 0);
  }));
});
