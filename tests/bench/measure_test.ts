import assert from "node:assert/strict";
import fc from "fast-check";
import {
  gigaflops,
  measure,
  median,
  peakMemory,
  quantile,
  QUICK,
  ratioOfRates,
  ratioOfTimes,
  timing,
} from "./measure.ts";

Deno.test("median() and quantile() interpolate, whatever the order", () => {
  assert.equal(median([5]), 5);
  assert.equal(median([9, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.equal(quantile([50, 10, 40, 20, 30], 0.25), 20);
  assert.equal(quantile([10, 20], 0.75), 17.5);
  assert.throws(() => median([]), /at least one value/);
});

Deno.test("timing() takes the spread from the quartiles", () => {
  assert.deepEqual(timing([90, 100, 110, 80, 120]), {
    samples: [90, 100, 110, 80, 120],
    milliseconds: 100,
    spread: 0.1,
  });
});

Deno.test("measure() calls functions in turns and leaves the warm-up out", async () => {
  const calls: string[] = [];
  const timings = await measure({
    a: () => calls.push("a"),
    b: () => Promise.resolve(calls.push("b")),
  }, { ...QUICK, rounds: 3, warmUp: 2 });
  assert.equal(calls.join(""), "ababababab");
  assert.equal(timings.a.samples.length, 3);
  assert.equal(timings.b.samples.length, 3);
});

Deno.test("measure() repeats what is faster than a sample", async () => {
  let calls = 0;
  await measure({ fast: () => calls++ }, { rounds: 1, sampleMilliseconds: 50, restMilliseconds: 0 });
  // One call to warm up, one more before a sample of several.
  assert.ok(calls > 2, `${calls} calls`);
});

Deno.test("measure() passes on what a function throws", async () => {
  await assert.rejects(measure({ bad: () => Promise.reject(new Error("no such kernel")) }, QUICK), /no such kernel/);
});

Deno.test("ratioOfRates() does not change when a round is slow as a whole", () => {
  const round = fc.record({
    one: fc.double({ min: 0.1, max: 100, noNaN: true }),
    other: fc.double({ min: 0.1, max: 100, noNaN: true }),
    slowness: fc.double({ min: 1, max: 50, noNaN: true }),
  });
  fc.assert(fc.property(fc.array(round, { minLength: 1, maxLength: 9 }), (rounds) => {
    const rate = (samples: number[], flops: number) => ({ timing: timing(samples), flops });
    const alone = ratioOfRates(rate(rounds.map(({ one }) => one), 6), rate(rounds.map(({ other }) => other), 3));
    const busy = ratioOfRates(
      rate(rounds.map(({ one, slowness }) => one * slowness), 6),
      rate(rounds.map(({ other, slowness }) => other * slowness), 3),
    );
    assert.ok(Math.abs(busy / alone - 1) < 1e-9, `${busy} and ${alone}`);
  }));
});

Deno.test("ratioOfRates() and gigaflops() count the work", () => {
  const one = { timing: timing([2]), flops: 4e6 };
  const other = { timing: timing([4]), flops: 16e6 };
  assert.equal(gigaflops(one), 2);
  assert.equal(gigaflops(other), 4);
  assert.equal(ratioOfRates(one, other), 0.5);
});

Deno.test("ratioOfTimes() compares round by round", () => {
  assert.equal(ratioOfTimes(timing([2, 30, 4]), timing([4, 60, 16])), 0.5);
});

Deno.test("peakMemory() remembers memory that is gone", () => {
  const before = peakMemory();
  new Uint8Array(300e6).fill(1);
  assert.ok(peakMemory() >= Math.max(before, 300e6), `${before} bytes, then ${peakMemory()}`);
});
