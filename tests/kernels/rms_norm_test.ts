import assert from "node:assert/strict";
import { createEngine } from "../../lib/engine/mod.ts";
import { evaluate, Graph, ndarray } from "../../lib/graph/mod.ts";
import { rmsNorm } from "../../lib/kernels/mod.ts";
import { assertClose, runOnEngine } from "../support/check_engine.ts";

const engine = await createEngine({ threads: 1 });

Deno.test("rmsNorm() divides by the root of the mean square", () => {
  const graph = new Graph();
  const y = rmsNorm(graph.input("x", ["rows", 2]), graph.input("weight", [2]), 0);
  const [result] = evaluate([y], { x: ndarray([2, 2], [3, 4, -6, 8]), weight: ndarray([2], [1, 10]) });
  const root = Math.sqrt(12.5);
  assertClose(result, ndarray([2, 2], [3 / root, 40 / root, -3 / root, 40 / root]), 1e-14, "rmsNorm");
});

Deno.test("rmsNorm() of zeros is zero", async () => {
  const graph = new Graph();
  const y = rmsNorm(graph.input("x", [1, 4]), graph.input("weight", [4]), 1e-6);
  const { y: result } = await runOnEngine(engine, { y }, { x: ndarray([1, 4]), weight: ndarray([4], [1, 1, 1, 1]) });
  assert.deepEqual([...result.data], [0, 0, 0, 0]);
});

Deno.test("rmsNorm() names the weight it expects", () => {
  const graph = new Graph();
  const x = graph.input("x", ["rows", 4]);
  assert.throws(() => rmsNorm(x, graph.input("weight", [3]), 1e-6), /rms_norm\(.*\): expected a weight of \[4\]/);
});
