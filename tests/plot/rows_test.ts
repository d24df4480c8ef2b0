import assert from "node:assert/strict";
import { hasMetric, rewardNames } from "../../lib/plot/rows.ts";

Deno.test("rewardNames() finds rewards/NAME/mean, whatever the name holds, and not /std", () => {
  const rows = [
    { "rewards/correct/mean": 1, "rewards/correct/std": 0 },
    { "rewards/a/b <c>/mean": 1, "rewards/correct/mean": 2, reward: 3 },
  ];
  assert.deepEqual(rewardNames(rows), ["correct", "a/b <c>"]);
});

Deno.test("hasMetric() wants a finite value in some run", () => {
  assert.equal(hasMetric([{ step: 1, kl: NaN }], "kl"), false);
  assert.equal(hasMetric({ runs: { a: [], b: [{ step: 1, kl: 0 }] } }, "kl"), true);
});
