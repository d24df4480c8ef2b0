import assert from "node:assert/strict";
import fc from "fast-check";
import { calculatorTool } from "../../../lib/agent/tools/mod.ts";
import { calculate, fractionText } from "../../../lib/data/mod.ts";
import { anyText } from "../../support/any_text.ts";
import { called, failureOf, resultOf } from "./called.ts";

Deno.test("the calculator gives numbers, fractions with what they are about, and roundings that say so", async () => {
  const cases = {
    "6*7": '{"result":42}',
    "17/8": '{"result":2.125}',
    "7/3": '{"result":"7/3","about":2.333}',
    "-7/3": '{"result":"-7/3","about":-2.333}',
    "1/3000": '{"result":"1/3000","about":0.000333}',
    "0.1+0.2": '{"result":0.3}',
    "2^100": '{"result":1267650600228229401496703205376}',
    "2^53": '{"result":9007199254740992}',
    "1/2^60": '{"result":"0.000000000000000000867361737988403547205962240695953369140625","about":8.67e-19}',
    "10^400/3": `{"result":"1${"0".repeat(400)}/3"}`,
    "sqrt(2)": '{"result":1.414213562373,"rounded":true}',
    "sqrt(10^999)": '{"result":"3.16227766017e499","rounded":true}',
    "pi*5^2": '{"result":78.5398163397,"rounded":true}',
    "0*-5": '{"result":0}',
  };
  for (const [expression, expected] of Object.entries(cases)) {
    assert.equal((await resultOf(calculatorTool, { expression })).text, expected, expression);
  }
});

Deno.test("the calculator gives what generated chats taught the house model", async () => {
  const part = fc.integer({ min: 1, max: 999 }).map(String);
  const sign = fc.constantFrom("+", "-", "*", "/");
  const expressions = fc.tuple(part, sign, part, sign, part).map(([a, s, b, t, c]) => `(${a}${s}${b})${t}${c}`);
  await fc.assert(fc.asyncProperty(expressions, async (expression) => {
    const exact = fractionText(calculate(expression));
    const { text } = await resultOf(calculatorTool, { expression });
    if (!exact.includes("/")) {
      // A decimal with more digits than numbers have stays text.
      assert.ok([`{"result":${exact}}`, `{"result":"${exact}"`].some((form) => text.startsWith(form)), text);
      return;
    }
    assert.ok(text.startsWith(`{"result":"${exact}","about":`));
    const { about } = JSON.parse(text) as { about: number };
    const [numerator, denominator] = exact.split("/").map(Number);
    const value = numerator / denominator;
    assert.ok(Math.abs(about - value) <= Math.max(0.0005, 0) + 1e-12, text);
    if (Math.abs(value) < 0.1) assert.ok(Math.abs(about - value) <= Math.abs(value) * 0.006, text);
  }));
});

Deno.test("the calculator says why it does not work something out", async () => {
  const cases = {
    "1/0": "division by zero",
    "2 : 3": "unexpected : (write / to divide)",
    "9^9^9": "the exponent is above 10000",
    "alert(1)": "unexpected alert (known names are sqrt cbrt abs floor ceil round min max gcd lcm pi)",
    "": "the expression is not complete",
  };
  for (const [expression, expected] of Object.entries(cases)) {
    const { kind, text } = await failureOf(calculatorTool, { expression });
    assert.deepEqual([kind, text], ["failed", JSON.stringify({ error: expected })]);
  }
});

Deno.test("the calculator has a short outcome for any text", async () => {
  const signs = fc.string({
    unit: fc.constantFrom(..."0123456789.,+-*/^%!()√² x", "99999", "^99", "sqrt(", "globalThis."),
  });
  await fc.assert(
    fc.asyncProperty(fc.oneof(anyText(), signs, signs), async (expression) => {
      const outcome = await called(calculatorTool, { expression });
      assert.ok(outcome.ok || outcome.kind === "failed", outcome.text);
      assert.ok(outcome.text.length < 2100);
      JSON.parse(outcome.text);
    }),
    { numRuns: 1000 },
  );
});
