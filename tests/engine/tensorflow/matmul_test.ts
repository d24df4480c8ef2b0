/** Products of any batches: TensorFlow.js's own broadcasting of them is wrong, so ours is tested hard. */
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { matmul } from "../../../lib/graph/mod.ts";
import { checkEngine } from "../../support/check_engine.ts";
import { normal } from "../../support/graph_case.ts";
import { ENGINES, leavingNothing } from "./engines.ts";

/** Leading axes of both sides, which broadcast: each side has some of the last axes, some of them with size 1. */
const batches = fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 3 }).chain((batch) => {
  const side = fc.record({
    skipped: fc.integer({ min: 0, max: batch.length }),
    ones: fc.array(fc.boolean(), { minLength: batch.length, maxLength: batch.length }),
  }).map(({ skipped, ones }) => batch.map((length, axis) => ones[axis] ? 1 : length).slice(skipped));
  return fc.tuple(side, side);
});

const products = fc.record({
  batches,
  sizes: fc.tuple(...[1, 2, 3].map(() => fc.integer({ min: 0, max: 4 }))),
  transposeA: fc.boolean(),
  transposeB: fc.boolean(),
  scale: fc.constantFrom(1, 0.5),
});

for (const [on, engine] of ENGINES) {
  Deno.test(`matmul() of any batches, transposed or not: value and gradient with ${on}`, () =>
    leavingNothing(engine, () =>
      fc.assert(
        fc.asyncProperty(products, async ({ batches: [batchA, batchB], sizes: [m, k, n], ...options }) => {
          const [a, b] = [options.transposeA ? [k, m] : [m, k], options.transposeB ? [n, k] : [k, n]];
          await checkEngine(engine, {
            name: `[${batchA}] ${a} times [${batchB}] ${b} ${JSON.stringify(options)}`,
            inputs: { a: normal(...batchA, ...a), b: normal(...batchB, ...b) },
            build: ({ a, b }) => matmul(a, b, options),
          });
        }),
        { numRuns: 100 },
      )));
}

Deno.test("TensorFlow.js in plain JavaScript still multiplies batches wrongly that repeat on both sides", async () => {
  await tf.setBackend("cpu");
  const [a, b] = [tf.tensor([1, 2], [2, 1, 1, 1]), tf.tensor([10, 20, 30], [1, 3, 1, 1])];
  const product = tf.matMul(a, b);
  assert.notDeepEqual([...product.dataSync()], [10, 20, 30, 20, 40, 60], "fixed: operators/matmul.ts can be shorter");
  [a, b, product].forEach((tensor) => tensor.dispose());
});
