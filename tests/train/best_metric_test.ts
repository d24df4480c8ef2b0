import assert from "node:assert/strict";
import { BestMetric, type BestMetricOptions } from "../../lib/train/best_metric.ts";

/** Feeds values, and returns which were the best so far. */
function follow(values: readonly number[], options: BestMetricOptions = {}) {
  const best = new BestMetric(options);
  const isBest = values.map((value, i) => best.add(i + 1, { [best.metric]: value }));
  return { best, isBest };
}

Deno.test("BestMetric follows the smallest loss, or the greatest of anything else, unless told", () => {
  assert.deepEqual(follow([3, 2, 2, 4, 1]).isBest, [true, true, false, false, true]);
  const accuracy = follow([0.1, 0.3, 0.3, 0.2], { metricForBestModel: "accuracy" });
  assert.deepEqual(accuracy.isBest, [true, true, false, false]);
  assert.deepEqual(accuracy.best.best, { step: 2, metric: "eval_accuracy", value: 0.3 });
  assert.deepEqual(follow([1, 2], { greaterIsBetter: true }).isBest, [true, true]);
  assert.deepEqual(
    follow([2, 1], { metricForBestModel: "eval_reward", greaterIsBetter: false }).isBest,
    [true, true],
  );
});

Deno.test("BestMetric runs out of patience after as many evaluations without a gain above the threshold", () => {
  const options = { earlyStoppingPatience: 2, earlyStoppingThreshold: 0.5 };
  assert.equal(follow([5, 4.8], options).best.isExhausted, false);
  const small = follow([5, 4.8, 4.6], options);
  assert.deepEqual(small.isBest, [true, true, true], "a small gain is a gain");
  assert.equal(small.best.isExhausted, true);
  assert.equal(follow([5, 4.8, 4.2, 4.1], options).best.isExhausted, false);
  assert.equal(follow([1, 2, 3, 4, 5]).best.isExhausted, false, "without patience there is no end");
});

Deno.test("BestMetric takes no value that is not finite for the best, and counts it against the patience", () => {
  for (const value of [NaN, Infinity, -Infinity]) {
    const { best, isBest } = follow([value, value], { earlyStoppingPatience: 2, greaterIsBetter: true });
    assert.deepEqual(isBest, [false, false], String(value));
    assert.equal(best.best, null);
    assert.equal(best.isExhausted, true);
  }
  assert.deepEqual(follow([NaN, 2, -Infinity, 1]).isBest, [false, true, false, true]);
});

Deno.test("BestMetric restored goes on counting", () => {
  const best = new BestMetric({ earlyStoppingPatience: 3 });
  best.restore({ step: 4, metric: "eval_loss", value: 1 }, 2);
  assert.equal(best.add(5, { eval_loss: 1.5 }), false);
  assert.equal(best.isExhausted, true);
  assert.equal(best.best?.step, 4);
});
