import assert from "node:assert/strict";
import fc from "fast-check";
import { checkSchedule, learningRateAt, type ScheduleOptions, type SchedulerType } from "../../lib/train/mod.ts";
import { assertClose, goldenJson } from "../support/golden.ts";

const golden = await goldenJson<{
  schedules: { schedule: SchedulerType; warmupSteps: number; totalSteps: number; peak: number; rates: number[] }[];
  warmup: { warmupSteps: number; totalSteps: number; resolved: number }[];
}>("adamw/schedules.json");

/** All learning rates of a run. */
function ratesOf(options: ScheduleOptions): number[] {
  return Array.from({ length: options.totalSteps }, (_, step) => learningRateAt(step, options));
}

for (const { schedule, warmupSteps, totalSteps, peak, rates } of golden.schedules) {
  Deno.test(`learningRateAt() equals transformers' (${schedule}, ${warmupSteps} of ${totalSteps} steps of warm-up)`, () => {
    const options = { lrSchedulerType: schedule, warmupSteps, totalSteps, learningRate: peak };
    assertClose(ratesOf(options), rates, "rates", 1e-12);
  });
}

for (const { warmupSteps, totalSteps, resolved } of golden.warmup) {
  Deno.test(`learningRateAt() warms up for ${resolved} steps when warmupSteps is ${warmupSteps} of ${totalSteps}`, () => {
    const rates = ratesOf({ lrSchedulerType: "constant_with_warmup", learningRate: 1, warmupSteps, totalSteps });
    const expected = rates.map((_, step) => step < resolved ? step / resolved : 1);
    assertClose(rates, expected, "rates", 1e-12);
  });
}

Deno.test("learningRateAt() cuts a number of warm-up steps that is no whole number, as transformers does", () => {
  const options = { learningRate: 1, totalSteps: 20 };
  assert.deepEqual(ratesOf({ ...options, warmupSteps: 4.9 }), ratesOf({ ...options, warmupSteps: 4 }));
});

Deno.test("learningRateAt() rises to the peak and falls to 0, whatever the lengths", () => {
  fc.assert(fc.property(
    fc.constantFrom<SchedulerType>("linear", "cosine"),
    fc.integer({ min: 2, max: 60 }),
    fc.double({ min: 0, max: 0.9, noNaN: true }),
    (lrSchedulerType, totalSteps, share) => {
      const warmup = Math.min(Math.ceil(share * totalSteps), totalSteps - 1);
      const options = { lrSchedulerType, totalSteps, warmupSteps: warmup, learningRate: 3 };
      const rates = ratesOf(options);
      assert.equal(rates[warmup], 3);
      for (let step = 1; step <= warmup; step++) assert.ok(rates[step] > rates[step - 1]);
      for (let step = warmup + 1; step < totalSteps; step++) assert.ok(rates[step] < rates[step - 1]);
      assert.ok(Math.abs(learningRateAt(totalSteps, options)) < 1e-12);
    },
  ));
});

Deno.test("checkSchedule() names the option that makes no sense", () => {
  const good = { learningRate: 1e-3, totalSteps: 10 };
  checkSchedule({ ...good, lrSchedulerType: "cosine", warmupSteps: 0.1 });
  const bad: [Partial<ScheduleOptions>, RegExp][] = [
    [{ lrSchedulerType: "cosin" as "cosine" }, /lrSchedulerType "cosin": expected one of linear, cosine, constant/],
    [{ learningRate: NaN }, /learningRate: .* got NaN/],
    [{ learningRate: -1 }, /learningRate: .* got -1/],
    [{ warmupSteps: -3 }, /warmupSteps: .* got -3/],
  ];
  for (const [change, message] of bad) assert.throws(() => checkSchedule({ ...good, ...change }), message);
});
