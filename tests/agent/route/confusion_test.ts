import assert from "node:assert/strict";
import { confusion, shareInterval } from "../../../lib/agent/mod.ts";

Deno.test("confusion() counts expected against predicted and gives precision, recall, F1 and accuracy", () => {
  const pairs = (count: number, expected: string | null, predicted: string | null) =>
    Array.from({ length: count }, () => ({ expected, predicted }));
  const matrix = confusion(["math", "medical", "law"], [
    ...pairs(6, "math", "math"),
    ...pairs(2, "math", null),
    ...pairs(3, "medical", "medical"),
    ...pairs(1, "medical", "math"),
    ...pairs(8, null, null),
  ]);
  assert.deepEqual(matrix.labels, ["math", "medical", "law", "none"]);
  assert.deepEqual(matrix.counts, [[6, 0, 0, 2], [1, 3, 0, 0], [0, 0, 0, 0], [0, 0, 0, 8]]);
  assert.equal(matrix.accuracy, 17 / 20);
  assert.deepEqual(matrix.interval, shareInterval(17, 20));
  assert.deepEqual(matrix.byLabel.math, { precision: 6 / 7, recall: 6 / 8, f1: 12 / 15 });
  assert.deepEqual(matrix.byLabel.medical, { precision: 1, recall: 3 / 4, f1: 6 / 7 });
  assert.deepEqual(matrix.byLabel.law, { precision: null, recall: null, f1: null });
  assert.deepEqual(matrix.byLabel.none, { precision: 8 / 10, recall: 1, f1: 16 / 18 });
  assert.ok(Math.abs(matrix.macroF1 - (12 / 15 + 6 / 7 + 16 / 18) / 3) < 1e-12);
  assert.throws(() => confusion(["math"], []), /there are no predictions/);
  assert.throws(() => confusion(["math"], pairs(1, "law", null)), /there is no route 'law'; expected math, none/);
});
