/** `inChunks` on TensorFlow.js, where it is a loop. */
import assert from "node:assert/strict";
import {
  evaluate,
  exp,
  gradients,
  Graph,
  inChunks,
  linear,
  mul,
  ndarray,
  reshape,
  sizeOf,
  sum,
  type Tensor,
} from "../../../lib/graph/mod.ts";
import { Random } from "../../../lib/random/mod.ts";
import { assertClose, runOnEngine } from "../../support/check_engine.ts";
import { ENGINES, leavingNothing } from "./engines.ts";

/** Values of rows, their gradients, and what is summed over rows, a few rows at a time. */
function chunked(mostRows: number): Record<string, Tensor> {
  const graph = new Graph();
  const [x, c, w] = [graph.input("x", ["rows", 3]), graph.input("c", ["rows"]), graph.input("w", [5, 3])];
  return inChunks({ x, c }, { w: mul(w, graph.scalar(2)) }, mostRows, ({ x, c, w }) => {
    const value = reshape(sum(exp(linear(x, w)), -1), [x.shape[0]]);
    const [dx, dw] = gradients([{ tensor: value, gradient: c }], [x, w]);
    return { rows: { value, dx, x }, sums: { dw } };
  });
}

for (const [on, engine] of ENGINES) {
  for (const [rows, mostRows] of [[0, 4], [1, 4], [4, 4], [5, 4], [9, 2]]) {
    Deno.test(`inChunks() of ${rows} rows, ${mostRows} at a time, with ${on}`, async () => {
      const random = new Random(rows);
      const numbers = (...shape: number[]) =>
        ndarray(shape, Float32Array.from({ length: sizeOf(shape) }, () => random.normal()));
      const feeds = { x: numbers(rows, 3), c: numbers(rows), w: numbers(5, 3) };
      const outputs = chunked(mostRows);
      const expected = evaluate(Object.values(outputs), feeds);
      const results = await leavingNothing(engine, () => runOnEngine(engine, outputs, feeds));
      Object.keys(outputs).forEach((name, i) => assertClose(results[name], expected[i], 1e-5, name));
    });
  }

  Deno.test(`inChunks() leaves nothing behind when a chunk fails, with ${on}`, async () => {
    const before = engine.bytesInUse;
    await leavingNothing(engine, async () => {
      const program = await engine.compile({ outputs: chunked(2) });
      const feeds = {
        x: engine.upload(new Float32Array(9), [3, 3]),
        c: engine.upload(new Float32Array(2), [2]),
        w: engine.upload(new Float32Array(15), [5, 3]),
      };
      await assert.rejects(program.run(feeds), /rows/);
      Object.values(feeds).forEach((tensor) => tensor.dispose());
      await program.dispose();
    });
    assert.equal(engine.bytesInUse, before);
  });
}
