import assert from "node:assert/strict";
import {
  chosenRejectedCurve,
  dpoDashboard,
  marginCurve,
  preferenceAccuracyCurve,
  rewardParts,
} from "../../lib/plot/mod.ts";
import { dpoRows, grpoRows } from "./example_runs.ts";
import { texts } from "./drawing.ts";

Deno.test("chosenRejectedCurve() names both lines of one run, and says once what is dashed for several", () => {
  const single = texts(chosenRejectedCurve(dpoRows(60)));
  assert.ok(single.includes("chosen") && single.includes("rejected") && single.includes("Implicit rewards"));
  const several = texts(chosenRejectedCurve({ runs: { a: dpoRows(60), b: dpoRows(60, 2) } }));
  assert.deepEqual(several.filter((text) => ["a", "b", "rejected"].includes(text)), ["rejected", "a", "b"]);
  assert.ok(texts(chosenRejectedCurve(dpoRows(60), { of: "logps" })).includes("Log-probabilities of answers"));
  assert.ok(texts(chosenRejectedCurve(grpoRows(9))).includes("no data yet for rewards/chosen"));
});

Deno.test("preferenceAccuracyCurve() spans all shares and marks chance", () => {
  const svg = preferenceAccuracyCurve(dpoRows(60));
  assert.ok(texts(svg).includes("0%") && texts(svg).includes("100%"));
  assert.ok(svg.includes(`stroke-dasharray="2 3"`));
});

Deno.test("marginCurve() and preferenceAccuracyCurve() draw held-out pairs where the rows have them", () => {
  const evaluated = (seed: number) =>
    dpoRows(30, seed).map((row, index) =>
      index % 10 === 9 ? { ...row, eval_loss: 0.5, "eval_rewards/margins": 1, "eval_rewards/accuracies": 0.9 } : row
    );
  for (const curve of [marginCurve, preferenceAccuracyCurve]) {
    const words = texts(curve(evaluated(1)));
    assert.ok(words.includes("training") && words.includes("held-out"), words.join());
    assert.ok(!texts(curve(dpoRows(30))).includes("held-out"));
    const several = texts(curve({ runs: { a: evaluated(1), b: evaluated(2) } }));
    assert.equal(several.filter((word) => word === "held-out").length, 1, several.join());
    assert.deepEqual(several.filter((word) => word.includes("a, ")), []);
  }
});

Deno.test("dpoDashboard() has six panels and explains dashes once", () => {
  const titles = ["Loss", "Implicit rewards", "Reward margin", "Preference accuracy", "Gradient norm", "Learning rate"];
  const words = texts(dpoDashboard({ runs: { a: dpoRows(30), b: dpoRows(30, 2) } }));
  assert.deepEqual(words.filter((word) => titles.includes(word)), titles);
  assert.equal(words.filter((word) => word === "rejected").length, 1);
});

Deno.test("rewardParts() has a panel for the total and one for each function of any run", () => {
  const more = grpoRows(20).map((row) => ({ ...row, "rewards/brevity/mean": 0.1 }));
  const words = texts(rewardParts({ runs: { a: grpoRows(20), b: more } }));
  for (const title of ["Total", "correctness", "integer_answer", "strict_format", "brevity"]) {
    assert.equal(words.filter((word) => word === title).length, 1, title);
  }
});
