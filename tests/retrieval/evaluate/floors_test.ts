import assert from "node:assert/strict";
import { isConfident } from "../../../lib/retrieval/answer/mod.ts";
import { calibrateFloors, fitFloors, type FloorRow } from "../../../lib/retrieval/evaluate/mod.ts";
import { result } from "../answer/passages.ts";

const row = (coverage: number, cosine: number, isRight: boolean): FloorRow => ({
  confidence: { coverage, cosine },
  isRight,
});

Deno.test("fitFloors() answers as much as it may, by either part", () => {
  const rows = [
    row(0.9, 0.1, true),
    row(0.7, 0.2, true),
    row(0.6, 0.3, false),
    row(0.2, 0.8, true),
    row(0.1, 0.5, false),
  ];
  assert.deepEqual(fitFloors(rows, { precision: 1 }), { coverage: 0.7, cosine: 0.8 });
  assert.deepEqual(fitFloors(rows.slice(0, 3), { precision: 1 }), { coverage: 0.7 });
});

Deno.test("fitFloors() names no floor, so that nothing is answered, where the precision cannot be reached", () => {
  const floors = fitFloors([row(0.9, 0.9, false), row(0.5, 0.5, true)], { precision: 0.9 });
  assert.deepEqual(floors, {});
  assert.equal(isConfident({ coverage: 1, cosine: 1 }, floors), false);
  assert.throws(() => fitFloors([], { precision: 0 }), /precision: expected a number above 0 and at most 1, got 0/);
});

Deno.test("calibrateFloors() fits the floors of a question without its fold", async () => {
  const right = { citations: [{ number: 1, chunk: result("x", { title: "Gout" }).chunk, found: true }] };
  const questions = ["a", "b", "c", "d"].map((id) => ({ id, question: `${id}?`, articles: ["gout"] }));
  questions.push({ id: "none", question: "none?", articles: [] });
  const coverages: Record<string, number> = { "a?": 0.9, "b?": 0.8, "c?": 0.7, "d?": 0.3, "none?": 0.5 };
  const { floors, heldOut } = await calibrateFloors({
    questions,
    folds: 5,
    precision: 1,
    answer: (question) => Promise.resolve({ ...right, confidence: { coverage: coverages[question], cosine: 0 } }),
  });
  assert.deepEqual(floors, { coverage: 0.7 });
  assert.deepEqual(heldOut.get("a"), { coverage: 0.7 });
  assert.deepEqual(heldOut.get("c"), { coverage: 0.8 });
  // What nothing answers keeps the floor up for the others, and not for itself.
  assert.deepEqual(heldOut.get("none"), { coverage: 0.3 });
});

Deno.test("calibrateFloors() refuses folds that would be empty", async () => {
  const answer = () => Promise.resolve({ citations: [], confidence: null });
  const questions = [{ id: "a", question: "a?", articles: [] }];
  await assert.rejects(calibrateFloors({ questions, answer, folds: 2 }), /folds: expected 2 to 1/);
});
