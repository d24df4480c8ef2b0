import assert from "node:assert/strict";
import { createRouter, evaluateRouter } from "../../../lib/agent/mod.ts";
import { at, twoAxes } from "./two_axes.ts";

const routes = [
  { name: "east", description: "", utterances: [at(0)] },
  { name: "north", description: "", utterances: [at(90)] },
];

Deno.test("evaluateRouter() counts, and keeps each question with what became of it", async () => {
  const router = await createRouter({ embedder: twoAxes(), routes, limits: { thresholds: { east: 0.9 } } });
  const { accuracy, interval, counts, predictions } = await evaluateRouter(router, [
    { question: at(5), route: "east" },
    { question: at(40), route: "east" },
    { question: at(80), route: "north" },
    { question: at(35), route: null },
  ]);
  assert.equal(accuracy, 0.75);
  assert.ok(interval.low > 0.25 && interval.low < 0.75 && interval.high > 0.75 && interval.high < 1);
  assert.deepEqual(counts, [[1, 0, 1], [0, 1, 0], [0, 0, 1]]);
  assert.deepEqual(predictions.map(({ expected, predicted }) => [expected, predicted]), [
    ["east", "east"],
    ["east", null],
    ["north", "north"],
    [null, null],
  ]);
  assert.equal(predictions[1].question, at(40));
  assert.deepEqual(predictions[1].routing.best, "east");
});

Deno.test("evaluateRouter() takes whatever sends questions somewhere, and refuses unknown routes", async () => {
  const letters = {
    routes: [{ name: "vowel" }],
    routeAll: (questions: readonly string[]) =>
      Promise.resolve(questions.map((letter) => ({ route: "aeiou".includes(letter) ? "vowel" : null }))),
  };
  const { accuracy } = await evaluateRouter(letters, [
    { question: "a", route: "vowel" },
    { question: "y", route: "vowel" },
  ]);
  assert.equal(accuracy, 0.5);
  await assert.rejects(
    evaluateRouter(letters, [{ question: "b", route: "consonant" }]),
    /there is no route 'consonant'; expected vowel, none/,
  );
  await assert.rejects(evaluateRouter(letters, []), /there are no predictions/);
});
