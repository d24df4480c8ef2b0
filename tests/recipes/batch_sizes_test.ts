import assert from "node:assert/strict";
import fc from "fast-check";
import { splitBatch } from "../../lib/recipes/batch_sizes.ts";
import { RecipeError } from "../../lib/recipes/mod.ts";

Deno.test("splitBatch() keeps the rows of a step on any number of cards that they divide by", () => {
  const count = fc.integer({ min: 1, max: 64 });
  fc.assert(fc.property(count, count, count, (perDevice, accumulation, gpus) => {
    fc.pre(perDevice * accumulation % gpus === 0);
    const split = splitBatch(perDevice, accumulation, gpus);
    assert.equal(split.perDevice * split.accumulation * gpus, perDevice * accumulation);
    assert.ok(split.perDevice <= perDevice, "a micro-batch does not grow: it would not fit");
    assert.ok(Number.isInteger(split.perDevice) && Number.isInteger(split.accumulation));
  }));
});

Deno.test("splitBatch() takes micro-batches away before it makes them smaller", () => {
  assert.deepEqual(splitBatch(32, 4, 4), { gpus: 4, perDevice: 32, accumulation: 1, global: 128 });
  assert.deepEqual(splitBatch(32, 4, 8), { gpus: 8, perDevice: 16, accumulation: 1, global: 128 });
  assert.deepEqual(splitBatch(6, 2, 3), { gpus: 3, perDevice: 4, accumulation: 1, global: 12 });
});

Deno.test("splitBatch() says which numbers of cards fit when one does not", () => {
  assert.throws(() => splitBatch(4, 3, 5), (error: Error) => {
    assert.ok(error instanceof RecipeError);
    assert.match(error.message, /--gpus 5: .*12 rows \(4 x 3\).*expected one of 1, 2, 3, 4, 6, 12$/);
    return true;
  });
});
