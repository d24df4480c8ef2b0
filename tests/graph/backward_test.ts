import assert from "node:assert/strict";
import { createEngine } from "../../lib/engine/mod.ts";
import {
  evaluate,
  gradients,
  Graph,
  matmul,
  mul,
  ndarray,
  neededNodes,
  softmax,
  splitBackward,
  type Tensor,
} from "../../lib/graph/mod.ts";
import { assertClose, checkEngine, runOnEngine } from "../support/check_engine.ts";
import { checkGradients } from "../support/check_gradients.ts";
import { DECODER_BLOCK } from "../support/decoder_block.ts";
import { buildCase } from "../support/graph_case.ts";

const engine = await createEngine({ threads: 1 });

/** The block with gradients by all that trains, cut in two. */
function cutBlock() {
  const { graph, inputs, outputs: [y], feeds } = buildCase(DECODER_BLOCK);
  const forwardNodes = [...graph.nodes];
  const dy = graph.input("dy", y.shape);
  const trained = DECODER_BLOCK.differentiate!;
  const computed = gradients([{ tensor: y, gradient: dy }], trained.map((name) => inputs[name]));
  const size = feeds.x.data.length;
  feeds.dy = ndarray(feeds.x.shape, Array.from({ length: size }, (_, i) => Math.fround(Math.sin(i))));
  return { y, computed, trained, feeds, ...splitBackward(forwardNodes, computed) };
}

function byName(names: readonly string[], tensors: readonly Tensor[]): Record<string, Tensor> {
  return Object.fromEntries(names.map((name, i) => [name, tensors[i]]));
}

Deno.test("a decoder block of the kernels: gradients by finite differences, value and gradients on the CPU", async () => {
  checkGradients(DECODER_BLOCK);
  await checkEngine(engine, DECODER_BLOCK, { tolerance: 2e-5 });
});

Deno.test("splitBackward() from residuals gives exactly the gradients of recomputing, in float64", () => {
  const { computed, trained, feeds, residuals, outputs } = cutBlock();
  const recomputed = evaluate(computed, feeds);
  const kept = evaluate(Object.values(residuals), feeds);
  const residualFeeds = Object.fromEntries(Object.keys(residuals).map((name, i) => [name, kept[i]]));
  const fromResiduals = evaluate(outputs, { ...feeds, ...residualFeeds });
  trained.forEach((name, i) => assert.deepEqual(fromResiduals[i], recomputed[i], name));
});

Deno.test("splitBackward() gives the same gradients as recomputing on the engine", async () => {
  const { y, computed, trained, feeds, residuals, outputs } = cutBlock();
  const recomputed = await runOnEngine(engine, byName(trained, computed), feeds);
  const forward = await runOnEngine(engine, { y, ...residuals }, feeds);
  const fromResiduals = await runOnEngine(engine, byName(trained, outputs), { ...feeds, ...forward });
  for (const name of trained) assertClose(fromResiduals[name], recomputed[name], 1e-6, name);
});

Deno.test("splitBackward() keeps what is costly, once, and recomputes what is cheap", () => {
  const { residuals, outputs, computed } = cutBlock();
  const kinds = Object.values(residuals).map((tensor) => tensor.node!.operator.name);
  assert.deepEqual([...new Set(kinds)].sort(), ["matmul", "softmax"]);
  assert.equal(new Set(Object.values(residuals)).size, kinds.length);
  const products = (tensors: readonly Tensor[]) =>
    neededNodes(tensors).filter(({ operator }) => operator.name === "matmul" || operator.name === "softmax").length;
  // What is left is the backward's own products: the forward's are gone.
  assert.ok(products(outputs) < products(computed));
  assert.equal(products(outputs), products(computed) - forwardProducts(computed, Object.values(residuals)));
});

/** How many products and softmaxes the residuals stand on. */
function forwardProducts(computed: readonly Tensor[], residuals: readonly Tensor[]): number {
  const needed = new Set(neededNodes(computed));
  return neededNodes(residuals).filter((node) => needed.has(node) && !node.operator.cheap).length;
}

Deno.test("splitBackward() names residuals apart from the graph's inputs and leaves other inputs their names", () => {
  const graph = new Graph();
  const [x, w] = [graph.input("x", [2, 2]), graph.input("w", [2, 2])];
  const y = mul(softmax(matmul(x, w)), x);
  const forwardNodes = [...graph.nodes];
  const computed = gradients([{ tensor: y, gradient: graph.input("dy", [2, 2]) }], [x, w]);
  const cut = splitBackward(forwardNodes, computed);
  const names = cut.graph.inputs.map((input) => input.name);
  assert.equal(new Set(names).size, names.length);
  assert.deepEqual(new Set(names), new Set(["x", "w", "dy", ...Object.keys(cut.residuals)]));
});

Deno.test("splitBackward() hands on a gradient that needs nothing of the forward", () => {
  const graph = new Graph();
  const [x, w] = [graph.input("x", [2, 2]), graph.input("w", [2, 2])];
  const y = matmul(x, w);
  const forwardNodes = [...graph.nodes];
  const [dx] = gradients([{ tensor: y, gradient: graph.input("dy", [2, 2]) }], [x]);
  const cut = splitBackward(forwardNodes, [dx]);
  assert.deepEqual(cut.residuals, {});
  const feeds = { w: ndarray([2, 2], [1, 2, 3, 4]), dy: ndarray([2, 2], [1, 0, 0, 1]) };
  assert.deepEqual([...evaluate(cut.outputs, feeds)[0].data], [1, 3, 2, 4]);
});
