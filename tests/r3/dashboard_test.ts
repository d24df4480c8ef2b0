import assert from "node:assert/strict";
import { r3Dashboard } from "../../lib/r3/mod.ts";
import { assertDrawing, texts } from "../plot/drawing.ts";
import { ppoRows } from "../plot/example_runs.ts";

const rows = ppoRows(40).map((row, i) => ({
  ...row,
  "r3/em": 0.4 + i / 100,
  "r3/answered": 0.95,
  "r3/format": 0.97,
  "r3/steps": 2.8,
  "r3/step_tokens": 36,
  "r3/reward/query": 0.9,
  "r3/reward/answer": 0.8 + i / 100,
}));

Deno.test("r3Dashboard() draws what shows a collapse, also before there is anything and of a run without R3's metrics", () => {
  for (const data of [[], rows.slice(0, 1), rows, ppoRows(10)]) {
    assertDrawing(r3Dashboard(data, { totalSteps: 40 }), `${data.length} rows`);
  }
  const words = texts(r3Dashboard(rows));
  for (const title of ["R3-RAG: PPO", "Reward of a step", "Chains", "Steps", "Length of a step", "Entropy"]) {
    assert.ok(words.includes(title), title);
  }
  for (const line of ["query", "answer", "right answers", "well-formed steps"]) assert.ok(words.includes(line), line);
});

Deno.test("r3Dashboard() compares runs", () => {
  const words = texts(r3Dashboard({ runs: { "seed 1": rows, "seed 2": rows } }));
  assert.ok(words.includes("seed 1") && words.includes("seed 2"));
});
