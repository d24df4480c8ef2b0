import assert from "node:assert/strict";
import {
  drawLabelledQuestions,
  drawQuestionsPerRoute,
  HAND_WRITTEN_QUESTIONS,
  HOUSE_NONE_UTTERANCES,
  HOUSE_ROUTES,
} from "../../../lib/agent/mod.ts";

Deno.test("drawLabelledQuestions() draws questions of both routes and of none, the same for the same seed", () => {
  const questions = drawLabelledQuestions(60, { seed: 5 });
  assert.deepEqual(new Set(questions.map(({ route }) => route)), new Set(["math", "medical", null]));
  assert.deepEqual(drawLabelledQuestions(60, { seed: 5 }), questions);
  assert.notDeepEqual(drawLabelledQuestions(60, { seed: 5, split: "test" }), questions);
});

Deno.test("drawQuestionsPerRoute() draws as many different questions of each, the first ones of a longer draw", () => {
  const questions = drawQuestionsPerRoute(30, { seed: 5, split: "test" });
  assert.equal(new Set(questions.map(({ question }) => question)).size, 90);
  for (const label of ["math", "medical", null]) {
    assert.equal(questions.filter(({ route }) => route === label).length, 30, `${label}`);
  }
  const more = new Set(drawQuestionsPerRoute(40, { seed: 5, split: "test" }).map(({ question }) => question));
  assert.ok(questions.every(({ question }) => more.has(question)));
  const without = questions.slice(0, 20).map(({ question }) => question);
  const others = drawQuestionsPerRoute(30, { seed: 5, split: "test", without });
  assert.equal(others.length, 90);
  assert.ok(others.every(({ question }) => !without.includes(question)));
  const train = new Set(drawQuestionsPerRoute(200, { seed: 5 }).map(({ question }) => question));
  assert.ok(questions.every(({ question }) => !train.has(question)), "a question belongs to one split");
  assert.throws(() => drawQuestionsPerRoute(0), /count: expected a whole number above 0/);
});

Deno.test("HAND_WRITTEN_QUESTIONS are of all routes and none, different, and no utterance of a route", () => {
  const texts = HAND_WRITTEN_QUESTIONS.map(({ question }) => question);
  assert.equal(new Set(texts).size, texts.length);
  const utterances = new Set([...HOUSE_ROUTES.flatMap(({ utterances }) => utterances), ...HOUSE_NONE_UTTERANCES]);
  assert.deepEqual(texts.filter((text) => utterances.has(text)), []);
  const counts = Map.groupBy(HAND_WRITTEN_QUESTIONS, ({ route }) => route);
  assert.deepEqual([...counts].map(([route, { length }]) => [route, length]), [["math", 10], ["medical", 10], [
    null,
    20,
  ]]);
});
