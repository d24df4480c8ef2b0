import assert from "node:assert/strict";
import { xAxisOf } from "../../lib/plot/x_axis.ts";

Deno.test("xAxisOf() writes wall time in the unit that suits its length", () => {
  const cases: [seconds: number, label: string, lastTick: string][] = [
    [90, "seconds", "90"],
    [600, "minutes", "10"],
    [7 * 3600, "hours", "7"],
    [10 * 86_400, "days", "10"],
  ];
  for (const [seconds, label, lastTick] of cases) {
    const axis = xAxisOf("time", [0, seconds], 700);
    assert.equal(axis.label, label);
    assert.equal(axis.format(axis.ticks.at(-1)!), lastTick);
    assert.equal(axis.ticks.at(-1), seconds, "ticks stay in seconds, as points are");
  }
});

Deno.test("xAxisOf() counts steps and tokens in whole numbers, epochs in parts", () => {
  assert.ok(xAxisOf("step", [1, 3], 600).ticks.every(Number.isInteger));
  assert.ok(xAxisOf("epoch", [0, 0.5], 600).ticks.some((tick) => !Number.isInteger(tick)));
  const tokens = xAxisOf("tokens", [0, 3_000_000], 600);
  assert.deepEqual([tokens.label, tokens.format(3_000_000)], ["tokens seen", "3.0M"]);
});
