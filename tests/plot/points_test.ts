import assert from "node:assert/strict";
import { nothingToDraw } from "../../lib/plot/nothing.ts";
import { metricPoints } from "../../lib/plot/points.ts";

const steps = (from: number, to: number, every = 1) =>
  Array.from({ length: Math.floor((to - from) / every) + 1 }, (_, i) => ({ step: from + i * every, loss: 1 }));
const stretches = (rows: readonly Record<string, unknown>[]) => {
  const points = metricPoints(rows, "loss");
  return points.length === 0 ? 0 : points[points.length - 1].stretch + 1;
};

Deno.test("metricPoints() leaves out what is no number, and rows without a step", () => {
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
  assert.deepEqual(metricPoints(rows, "loss").map(({ x, value }) => [x, value]), [[1, 3], [7, 0]]);
});

Deno.test("metricPoints() sorts by step and lets the later row win after a resume", () => {
  const rows = [{ step: 1, loss: 1 }, { step: 2, loss: 2 }, { step: 3, loss: 3 }, { step: 2, loss: 20 }];
  assert.deepEqual(metricPoints(rows, "loss"), [
    { x: 1, value: 1, stretch: 0 },
    { x: 2, value: 20, stretch: 0 },
    { x: 3, value: 3, stretch: 0 },
  ]);
});

Deno.test("metricPoints() breaks at NaN and null, once for each hole", () => {
  const broken = steps(1, 30).map((row) => [5, 12, 13, 29].includes(row.step) ? { ...row, loss: NaN } : row);
  assert.equal(stretches(broken), 4);
  assert.equal(stretches(broken.map((row) => ({ ...row, loss: Number.isNaN(row.loss) ? null : row.loss }))), 4);
  assert.equal(stretches([{ step: 1, loss: NaN }, ...steps(2, 9), { step: 10, loss: NaN }]), 1, "not at the ends");
});

Deno.test("metricPoints() breaks where many rows are missing, not where few are", () => {
  assert.equal(stretches([...steps(1, 20), ...steps(40, 60)]), 2);
  assert.equal(stretches([...steps(1, 20), ...steps(22, 60)]), 1);
});

Deno.test("metricPoints() is one line for a metric that is logged rarely, or ever more rarely", () => {
  assert.equal(stretches(steps(20, 400, 20)), 1);
  const table = steps(1, 200).map(({ step }) => ({ step, loss: step % 20 === 0 ? 1 : null }));
  assert.equal(stretches(table), 1, "null in the rows between, as tables have it");
  assert.equal(stretches([{ step: 1, loss: 1 }, ...steps(10, 200, 10)]), 1, "a first step, then every tenth");
  assert.equal(stretches(Array.from({ length: 12 }, (_, i) => ({ step: 2 ** i, loss: 1 }))), 1);
});

Deno.test("metricPoints() lies along tokens, seconds that add up, or epochs", () => {
  const rows = [
    { step: 1, loss: 3, num_tokens: 100, step_time: 2, epoch: 0.5 },
    { step: 2, loss: 2, num_tokens: 250, step_time: 3, epoch: 1 },
    { step: 3, loss: 1 },
    { step: 4, loss: 0, num_tokens: 400, step_time: 1, epoch: 2 },
  ];
  const places = (along: "tokens" | "time" | "epoch") => metricPoints(rows, "loss", along).map(({ x }) => x);
  assert.deepEqual(places("tokens"), [100, 250, 250, 400]);
  assert.deepEqual(places("time"), [2, 5, 5, 6]);
  assert.deepEqual(places("epoch"), [0.5, 1, 1, 2]);
});

Deno.test("metricPoints() counts the seconds of a repeated step once", () => {
  const rows = [1, 2, 3, 2, 3].map((step) => ({ step, loss: 1, step_time: 10 }));
  assert.deepEqual(metricPoints(rows, "loss", "time").map(({ x }) => x), [10, 20, 30]);
});

Deno.test("nothingToDraw() tells an empty run, rows without steps, an absent axis and an absent metric apart", () => {
  assert.equal(nothingToDraw([], "kl"), "no data yet");
  assert.match(nothingToDraw([{ kl: 1 }], "kl"), /no numeric step/);
  assert.match(nothingToDraw([{ step: 1, kl: 1 }], "kl", "tokens"), /no num_tokens/);
  assert.equal(nothingToDraw([{ step: 1 }], "kl"), "no data yet for kl");
});
