import { createEngine } from "../../lib/engine/mod.ts";
import { Graph, ndarray } from "../../lib/graph/mod.ts";
import { silu, swiglu } from "../../lib/kernels/mod.ts";
import { assertClose, runOnEngine } from "../support/check_engine.ts";

const engine = await createEngine({ threads: 1 });

Deno.test("silu() and swiglu() equal their formulas, and stay finite far out", async () => {
  const graph = new Graph();
  const [gate, up] = [graph.input("gate", ["n"]), graph.input("up", ["n"])];
  const outputs = { silu: silu(gate), swiglu: swiglu(gate, up) };
  const gates = [-200, -20, -1, 0, 0.5, 20, 200];
  const ups = [2, -3, 1, 5, 4, -0.5, 1];
  const feeds = { gate: ndarray([7], gates), up: ndarray([7], ups) };
  const activated = gates.map((x) => x / (1 + Math.exp(-x)));
  const results = await runOnEngine(engine, outputs, feeds);
  assertClose(results.silu, ndarray([7], activated), 1e-6, "silu");
  assertClose(results.swiglu, ndarray([7], activated.map((x, i) => x * ups[i])), 1e-6, "swiglu");
});
