import assert from "node:assert/strict";
import fc from "fast-check";
import { groupAdvantages, type ScaleRewards } from "../../lib/train/mod.ts";
import { assertClose } from "../support/golden.ts";

const reward = fc.double({ min: -10, max: 10, noNaN: true });
/** Groups of one size. */
const grouped = fc.integer({ min: 2, max: 6 }).chain((size) =>
  fc.record({
    size: fc.constant(size),
    rewards: fc.array(fc.array(reward, { minLength: size, maxLength: size }), { minLength: 1, maxLength: 5 })
      .map((groups) => groups.flat()),
  })
);

Deno.test("groupAdvantages() sums to zero in every group, and keeps the order of its rewards", () => {
  fc.assert(
    fc.property(grouped, fc.constantFrom<ScaleRewards>("group", "batch", "none"), ({ size, rewards }, scale) => {
      const { advantages } = groupAdvantages(rewards, size, scale);
      for (let start = 0; start < rewards.length; start += size) {
        const [own, given] = [advantages, rewards].map((list) => list.slice(start, start + size));
        assert.ok(Math.abs(own.reduce((a, b) => a + b)) < 1e-8);
        own.forEach((a, i) => own.forEach((b, j) => assert.ok(given[i] <= given[j] || a >= b)));
      }
    }),
  );
});

Deno.test("groupAdvantages() divides by the unbiased standard deviation of the group, the batch, or not at all", () => {
  const rewards = [0, 2, 5, 5, 1, 3];
  const deviation = Math.sqrt(2);
  const batch = Math.sqrt(rewards.reduce((sum, value) => sum + (value - 16 / 6) ** 2, 0) / 5);
  const centered = [-1, 1, 0, 0, -1, 1];
  const expected = { group: deviation, batch, none: 1 };
  for (const scale of ["group", "batch", "none"] as const) {
    const { advantages } = groupAdvantages(rewards, 2, scale);
    const divisor = expected[scale] + (scale === "none" ? 0 : 1e-4);
    assertClose(advantages, centered.map((value) => value / divisor), scale, 1e-12);
  }
});

Deno.test("groupAdvantages() counts the groups from which nothing can be learned", () => {
  const { advantages, metrics } = groupAdvantages([1, 1, 0, 1, 0.5, 0.5], 2);
  assert.deepEqual(advantages.map((value) => value === 0), [true, true, false, false, true, true]);
  assert.equal(metrics.frac_reward_zero_std, 2 / 3);
  assertClose([metrics.reward], [4 / 6], "mean reward", 1e-12);
});

Deno.test("groupAdvantages() leaves rows without a reward out, of the mean and of the advantages", () => {
  const { advantages, metrics } = groupAdvantages([null, 0, 2, 4, null, null, null, null], 4, "none");
  assert.deepEqual(advantages, [0, -2, 0, 2, 0, 0, 0, 0]);
  assert.equal(metrics.reward, 2);
  assert.equal(metrics.reward_std, 2);
});

Deno.test("groupAdvantages() refuses groups that do not fit and a scale that it does not know", () => {
  assert.throws(() => groupAdvantages([1, 2, 3], 2), /3 rewards do not make groups of 2/);
  assert.throws(
    () => groupAdvantages([1, 2], 2, "std" as ScaleRewards),
    /scaleRewards "std": expected group, batch or/,
  );
});
