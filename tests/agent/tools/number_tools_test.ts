import assert from "node:assert/strict";
import fc from "fast-check";
import { bezoutTool, bmiTool, congruenceTool, todayTool } from "../../../lib/agent/tools/mod.ts";
import { failureOf, resultOf } from "./called.ts";

const safe = fc.oneof(fc.integer({ min: -60, max: 60 }), fc.maxSafeInteger());

Deno.test("bezout gives the published example", async () => {
  assert.equal((await resultOf(bezoutTool, { a: 12, b: 21 })).text, '{"x":2,"y":-1,"gcd":3}');
});

Deno.test("bezout gives the identity for all integers that numbers hold", async () => {
  await fc.assert(fc.asyncProperty(safe, safe, async (a, b) => {
    const { x, y, gcd } = (await resultOf(bezoutTool, { a, b })).result as Record<"x" | "y" | "gcd", number>;
    assert.equal(BigInt(a) * BigInt(x) + BigInt(b) * BigInt(y), BigInt(gcd));
    assert.ok(gcd === 0 ? a === 0 && b === 0 : a % gcd === 0 && b % gcd === 0 && gcd > 0);
  }));
});

Deno.test("bezout takes whole numbers only", async () => {
  assert.equal((await failureOf(bezoutTool, { a: 1.5, b: 2 })).message, "a must be a whole number");
  assert.equal((await failureOf(bezoutTool, { a: 2 ** 53, b: 2 })).message, "a must be at most 9007199254740991");
  assert.equal((await failureOf(bezoutTool, { a: 1, b: 2, c: 3 })).message, "c is unknown");
});

Deno.test("congruence gives all solutions", async () => {
  const text = async (a: number, b: number, m: number) => (await resultOf(congruenceTool, { a, b, m })).text;
  assert.equal(await text(3, 1, 7), '{"solutions":[5]}');
  assert.equal(await text(6, 4, 10), '{"solutions":[4,9]}');
  assert.equal(await text(2, 1, 4), '{"solutions":[]}');
  assert.equal(await text(-3, 1, 7), '{"solutions":[2]}');
  assert.equal(await text(5, 3, 1), '{"solutions":[0]}');
  await fc.assert(fc.asyncProperty(
    fc.integer({ min: -99, max: 99 }),
    fc.integer({ min: -99, max: 99 }),
    fc.integer({ min: 1, max: 100 }),
    async (a, b, m) => {
      const expected = [];
      for (let x = 0; x < m; x++) if ((a * x - b) % m === 0) expected.push(x);
      assert.equal(await text(a, b, m), JSON.stringify({ solutions: expected }));
    },
  ));
});

Deno.test("congruence lists a hundred of many solutions, and says how many there are", async () => {
  const result = (await resultOf(congruenceTool, { a: 0, b: 0, m: Number.MAX_SAFE_INTEGER })).result as {
    solutions: number[];
  };
  assert.deepEqual(result, {
    solutions: Array.from({ length: 100 }, (_, x) => x),
    count: Number.MAX_SAFE_INTEGER,
    step: 1,
  });
  assert.deepEqual((await resultOf(congruenceTool, { a: 200, b: 400, m: 1000 })).result, {
    solutions: Array.from({ length: 100 }, (_, at) => 2 + 5 * at),
    count: 200,
    step: 5,
  });
});

Deno.test("congruence is exact for large numbers", async () => {
  await fc.assert(
    fc.asyncProperty(safe, safe, fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), async (a, b, m) => {
      const { solutions } = (await resultOf(congruenceTool, { a, b, m })).result as { solutions: number[] };
      for (const x of solutions) assert.equal((BigInt(a) * BigInt(x) - BigInt(b)) % BigInt(m), 0n);
    }),
  );
});

Deno.test("congruence needs a modulus above 0", async () => {
  for (const m of [0, -7]) {
    assert.equal((await failureOf(congruenceTool, { a: 1, b: 2, m })).message, "m must be above 0");
  }
});

Deno.test("bmi classes by the Chinese standard, and knows centimetres when it sees them", async () => {
  const text = async (weight_kg: number, height_m: number) => (await resultOf(bmiTool, { weight_kg, height_m })).text;
  assert.equal(await text(70, 1.75), '{"bmi":22.9,"class":"normal"}');
  assert.equal(await text(50, 1.75), '{"bmi":16.3,"class":"underweight"}');
  assert.equal(await text(75, 1.75), '{"bmi":24.5,"class":"overweight"}');
  assert.equal(await text(95, 1.75), '{"bmi":31,"class":"obese"}');
  const problem = async (given: Record<string, unknown>) => (await failureOf(bmiTool, given)).message;
  assert.equal(await problem({ weight_kg: 70, height_m: 175 }), "height_m must be in metres, from 0.4 to 3");
  assert.equal(await problem({ weight_kg: 0, height_m: 1.75 }), "weight_kg must be in kilograms, from 2 to 700");
  assert.equal(await problem({ weight: 70, height_m: 1.75 }), "weight_kg is missing, weight is unknown");
});

Deno.test("today goes by the clock and the time zone that it is given", async () => {
  const at = (time: string, timeZone: string) =>
    resultOf(todayTool({ now: () => new Date(time), timeZone }), {}).then(({ text }) => text);
  assert.equal(await at("2026-01-31T23:30:00Z", "UTC"), '{"date":"2026-01-31","weekday":"Saturday"}');
  assert.equal(await at("2026-01-31T23:30:00Z", "Europe/Oslo"), '{"date":"2026-02-01","weekday":"Sunday"}');
  assert.equal(await at("2026-02-01T03:00:00Z", "America/Lima"), '{"date":"2026-01-31","weekday":"Saturday"}');
  assert.equal(await at("0099-12-31T12:00:00Z", "UTC"), '{"date":"0099-12-31","weekday":"Thursday"}');
  assert.throws(() => todayTool({ timeZone: "Atlantis" }), RangeError);
  // The clock is read at each call.
  const days = ["2026-05-01T12:00:00Z", "2026-05-02T12:00:00Z"];
  const tool = todayTool({ now: () => new Date(days.shift()!), timeZone: "UTC" });
  assert.match((await resultOf(tool, {})).text, /2026-05-01/);
  assert.match((await resultOf(tool, {})).text, /2026-05-02/);
  assert.equal((await failureOf(tool, { timezone: "UTC" })).message, "timezone is unknown");
});
