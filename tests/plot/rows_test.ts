import assert from "node:assert/strict";
import { hasMetric, metricPoints, nothingToDraw, rewardNames } from "../../lib/plot/rows.ts";

Deno.test("metricPoints() skips NaN, null, infinite, missing and text values, and rows without a step", () => {
  const rows = [
    { step: 1, loss: 3 },
    { step: 2, loss: NaN },
    { step: 3, loss: null },
    { step: 4, loss: Infinity },
    { step: 5 },
    { step: 6, loss: "2" },
    { loss: 1 },
    { step: NaN, loss: 1 },
    { step: 7, loss: 0 },
  ];
  assert.deepEqual(metricPoints(rows, "loss"), [{ step: 1, value: 3 }, { step: 7, value: 0 }]);
});

Deno.test("metricPoints() sorts by step and lets the later row win after a resume", () => {
  const rows = [{ step: 1, loss: 1 }, { step: 2, loss: 2 }, { step: 3, loss: 3 }, { step: 2, loss: 20 }];
  assert.deepEqual(metricPoints(rows, "loss"), [
    { step: 1, value: 1 },
    { step: 2, value: 20 },
    { step: 3, value: 3 },
  ]);
});

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

Deno.test("nothingToDraw() tells an empty run, rows without steps and an absent metric apart", () => {
  assert.equal(nothingToDraw([], "kl"), "no data yet");
  assert.match(nothingToDraw([{ kl: 1 }], "kl"), /no numeric step/);
  assert.equal(nothingToDraw([{ step: 1 }], "kl"), "no data yet for kl");
});
