import assert from "node:assert/strict";
import fc from "fast-check";
import { inBatches } from "../../../lib/retrieval/embed/mod.ts";

Deno.test("inBatches() runs every item once, like lengths together", async () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 60 });
  await fc.assert(fc.asyncProperty(lengths, fc.integer({ min: 1, max: 9 }), async (lengths, batchSize) => {
    const batches: number[][] = [];
    const reports: number[] = [];
    const onProgress = (done: number, total: number) => {
      assert.equal(total, lengths.length);
      reports.push(done);
    };
    await inBatches(lengths, { batchSize, onProgress }, (items) => {
      batches.push([...items]);
      return Promise.resolve();
    });
    const order = batches.flat();
    assert.deepEqual([...order].sort((a, b) => a - b), lengths.map((_, item) => item));
    for (const items of batches) {
      assert.ok(items.length >= 1 && items.length <= batchSize);
      assert.ok(lengths[items.at(-1)!] * 2 >= lengths[items[0]], "half of a batch is padding");
    }
    assert.ok(order.every((item, at) => at === 0 || lengths[order[at - 1]] >= lengths[item]));
    assert.deepEqual(reports, batches.map((_, at) => batches.slice(0, at + 1).flat().length));
  }));
});

Deno.test("inBatches() stops between two batches", async () => {
  const stop = new AbortController();
  let runs = 0;
  const run = () => {
    if (++runs === 2) stop.abort(new Error("enough"));
    return Promise.resolve();
  };
  await assert.rejects(inBatches([1, 1, 1, 1, 1], { batchSize: 1, signal: stop.signal }, run), /enough/);
  assert.equal(runs, 2);
  await assert.rejects(inBatches([1], { signal: stop.signal }, run), /enough/);
  assert.equal(runs, 2);
});

Deno.test("inBatches() refuses a batch size that means nothing", async () => {
  for (const batchSize of [0, -1, 1.5, NaN, Infinity]) {
    await assert.rejects(inBatches([1], { batchSize }, () => Promise.resolve()), /batchSize: expected a whole number/);
  }
});
