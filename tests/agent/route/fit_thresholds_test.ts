import assert from "node:assert/strict";
import { createRouter, fitThresholds, type LabelledRoute } from "../../../lib/agent/mod.ts";
import { at, twoAxes } from "./two_axes.ts";

const cosine = (degrees: number) => Math.cos(degrees * Math.PI / 180);
const routes = [
  { name: "east", description: "", utterances: [at(0)] },
  { name: "north", description: "", utterances: [at(90)] },
];
const labelled = (route: string | null, ...degrees: number[]): LabelledRoute[] =>
  degrees.map((angle) => ({ question: at(angle), route }));

Deno.test("fitThresholds() finds the gap between a route's questions and those of none, for each route", async () => {
  const router = await createRouter({ embedder: twoAxes(), routes });
  const questions = [
    ...labelled("east", 1, 4, 7, 10, 12),
    ...labelled("north", 88, 86, 84, 80, 75),
    ...labelled(null, 30, 33, 35, 38, 40, 62, 60, 58, 55, 50),
  ];
  const { limits, fittedAccuracy, heldOut, router: fitted } = await fitThresholds(router, questions);
  const { east, north } = limits.thresholds;
  assert.ok(Math.abs(east - (cosine(12) + cosine(30)) / 2) < 1e-6, `${east}`);
  assert.ok(Math.abs(north - (cosine(15) + cosine(28)) / 2) < 1e-6, `${north}`);
  assert.equal(limits.margin, 0);
  assert.equal(fittedAccuracy, 1);
  assert.equal(heldOut.accuracy, 1);
  assert.deepEqual(heldOut.counts, [[5, 0, 0], [0, 5, 0], [0, 0, 10]]);
  assert.deepEqual(heldOut.predictions.map(({ question }) => question), questions.map(({ question }) => question));
  assert.deepEqual(fitted.limits, limits);
  assert.equal((await fitted.route(at(20))).route, "east");
  assert.equal((await fitted.route(at(45))).route, null);
});

Deno.test("fitThresholds() takes the best of all thresholds where no one is right for all", async () => {
  const router = await createRouter({ embedder: twoAxes(), routes: routes.slice(0, 1) });
  const questions = [...labelled("east", 5, 10, 30, 40, 70), ...labelled(null, 20, 50, 55, 60, 65)];
  const { limits, fittedAccuracy } = await fitThresholds(router, questions);
  assert.equal(fittedAccuracy, 0.8);
  const { east } = limits.thresholds;
  // By trying them all: between 40 and 50 degrees four of five are above, and four of five below.
  assert.ok(east < cosine(40) && east > cosine(50), `${east}`);
});

Deno.test("fitThresholds() sets no limit where none makes anything better", async () => {
  const router = await createRouter({ embedder: twoAxes(), routes, noneUtterances: [at(225)] });
  const questions = [
    ...labelled("east", 1, 2, 3, 4, 5),
    ...labelled("north", 85, 86, 87, 88, 89),
    ...labelled(null, 220, 221, 222, 223, 224),
  ];
  const { limits, heldOut } = await fitThresholds(router, questions);
  assert.deepEqual(limits.thresholds, { east: -1, north: -1 });
  assert.equal(heldOut.accuracy, 1);
});

Deno.test("fitThresholds() fits a margin where questions of none lie between two routes", async () => {
  const near = [{ ...routes[0], utterances: [at(0)] }, { ...routes[1], utterances: [at(40)] }];
  const router = await createRouter({ embedder: twoAxes(), routes: near });
  // Far from both utterances and clear, or near to both and unclear: only the lead tells them apart.
  const questions = [
    ...labelled("east", -50, -45, -40, -35, -30),
    ...labelled("north", 90, 85, 80, 75, 70),
    ...labelled(null, 18, 19, 20.5, 21, 22),
  ];
  const without = await fitThresholds(router, questions);
  const { limits, fittedAccuracy, heldOut } = await fitThresholds(router, questions, { fitMargin: true });
  assert.ok(without.fittedAccuracy < 0.8, `${without.fittedAccuracy}`);
  assert.deepEqual([fittedAccuracy, heldOut.accuracy], [1, 1]);
  assert.ok(limits.margin > 0.03 && limits.margin < 0.3, `${limits.margin}`);
});

Deno.test("fitThresholds() with keepOwn turns away what is unlike all that is known, at the price of some of the own", async () => {
  const router = await createRouter({ embedder: twoAxes(), routes, noneUtterances: [at(225)] });
  const questions = [
    ...labelled("east", 0, 2, 4, 6, 8, 10, 12, 14, 16, 40),
    ...labelled("north", 90, 89, 88, 87, 86, 85, 84, 83, 82, 81),
    ...labelled(null, 220, 221, 222, 223, 224),
  ];
  const stranger = at(315);
  const without = await fitThresholds(router, questions);
  assert.equal((await without.router.route(stranger)).route, "east");
  const all = await fitThresholds(router, questions, { keepOwn: 1 });
  assert.equal((await all.router.route(stranger)).route, null);
  assert.equal(all.fittedAccuracy, 1);
  assert.equal((await all.router.route(at(39))).route, "east");
  assert.ok(Math.abs(all.limits.thresholds.east - cosine(40)) < 1e-4, `${all.limits.thresholds.east}`);
  // Limits fitted without the outermost question of a route turn it away.
  assert.deepEqual(all.heldOut.counts, [[9, 0, 1], [0, 9, 1], [0, 0, 5]]);
  const most = await fitThresholds(router, questions, { keepOwn: 0.9 });
  assert.ok(Math.abs(most.limits.thresholds.east - cosine(16)) < 1e-4, `${most.limits.thresholds.east}`);
  assert.equal(most.fittedAccuracy, 23 / 25);
  // A threshold that was fitted is never lowered.
  const strict = [...questions, ...labelled(null, ...Array(9).fill(30))];
  const { limits } = await fitThresholds(router, strict, { keepOwn: 1 });
  assert.ok(limits.thresholds.east > cosine(30), `${limits.thresholds.east}`);
  for (const keepOwn of [0, 1.1, NaN]) {
    await assert.rejects(fitThresholds(router, questions, { keepOwn }), /keepOwn: expected a share above 0/);
  }
});

Deno.test("fitThresholds() reports what is held out: labels that mean nothing do not look learned", async () => {
  const router = await createRouter({ embedder: twoAxes(), routes: routes.slice(0, 1) });
  // Every second angle belongs to the route: no threshold generalises.
  const questions = Array.from({ length: 40 }, (_, i) => labelled(i % 2 === 0 ? "east" : null, i * 2)).flat();
  const { fittedAccuracy, heldOut } = await fitThresholds(router, questions);
  assert.ok(fittedAccuracy > 0.5);
  assert.ok(heldOut.accuracy < fittedAccuracy && heldOut.accuracy <= 0.55, `${heldOut.accuracy}`);
});

Deno.test("fitThresholds() keeps copies of a question in one fold, and is the same for the same seed", async () => {
  const router = await createRouter({ embedder: twoAxes(), routes: routes.slice(0, 1) });
  // A question of none in the midst of the route's own, ten times: whoever saw a copy would get it right.
  const questions = [
    ...labelled("east", 1, 2, 3, 4, 5, 6),
    ...labelled(null, 80, 81, 82, 83),
    ...labelled(null, ...Array(10).fill(0.5)),
  ];
  const { heldOut } = await fitThresholds(router, questions, { seed: 1 });
  const copies = heldOut.predictions.filter(({ question }) => question === at(0.5));
  assert.deepEqual([...new Set(copies.map(({ predicted }) => predicted))], ["east"]);
  assert.deepEqual((await fitThresholds(router, questions, { seed: 1 })).heldOut, heldOut);
});

Deno.test("fitThresholds() refuses questions that it cannot learn from", async () => {
  const router = await createRouter({ embedder: twoAxes(), routes });
  const few = [...labelled("east", 1, 2, 3, 4, 5), ...labelled(null, 40, 41, 42, 43, 44)];
  await assert.rejects(
    fitThresholds(router, [...few, ...labelled("west", 9)]),
    /there is no route 'west'; expected east, north or null/,
  );
  await assert.rejects(
    fitThresholds(router, few),
    /route 'north' has 0 different labelled questions: expected at least 5/,
  );
  const some = labelled("north", 90, 89, 88, 87, 86);
  await assert.rejects(
    fitThresholds(router, [...few.slice(0, 9), ...some]),
    /no route has 4 different labelled questions/,
  );
  await assert.rejects(
    fitThresholds(router, [...few, ...some], { folds: 1 }),
    /folds: expected a whole number above 1/,
  );
});
