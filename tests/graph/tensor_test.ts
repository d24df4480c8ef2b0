import assert from "node:assert/strict";
import { add, Graph, identity } from "../../lib/graph/mod.ts";

Deno.test("Graph gives every tensor a name of its own", () => {
  const graph = new Graph();
  graph.input("add0", []);
  const x = graph.input("x", []);
  const names = [x, graph.scalar(1), add(x, x), add(x, x), identity(x)].map((tensor) => tensor.name);
  assert.equal(new Set([...names, "add0"]).size, 6);
  assert.throws(() => graph.input("x", []), /input "x": the graph has a tensor of that name already/);
  assert.throws(() => graph.input(names[2], []), /has a tensor of that name already/);
});

Deno.test("Graph.constant() refuses values that do not fill its shape or fit its dtype", () => {
  const graph = new Graph();
  assert.throws(() => graph.constant([1, 2, 3], [2, 2]), /shape \[2, 2\]: expected 4 values, got 3/);
  assert.throws(() => graph.constant(Float32Array.of(1), [1], "int64"), /dtype int64: got a Float32Array/);
  assert.throws(() => graph.constant(BigInt64Array.of(1n), [1]), /dtype float32: got a BigInt64Array/);
  assert.throws(() => graph.constant([1], [1], "float16"), /make it float32 and cast it/);
});

Deno.test("Graph.constant() keeps the values of each dtype", () => {
  const graph = new Graph();
  const valuesOf = (values: number[], dtype: "float32" | "int64" | "int32" | "bool") =>
    graph.constants.get(graph.constant(values, [values.length], dtype).name)!.values;
  assert.deepEqual(valuesOf([0.5, -1], "float32"), Float32Array.of(0.5, -1));
  assert.deepEqual(valuesOf([7, -1], "int64"), BigInt64Array.of(7n, -1n));
  assert.deepEqual(valuesOf([7, -1], "int32"), Int32Array.of(7, -1));
  assert.deepEqual(valuesOf([1, 0], "bool"), Uint8Array.of(1, 0));
});

Deno.test("Graph.apply() names the operator and the shapes it was given", () => {
  const graph = new Graph();
  const [a, b] = [graph.input("a", ["batch", 3]), graph.input("b", ["batch", 4])];
  assert.throws(() => add(a, b), /add\(float32\[batch, 3\], float32\[batch, 4\]\): .* do not broadcast: 3 against 4/);
  assert.throws(() => add(a, new Graph().input("c", [3])), /add: tensor "c" belongs to another graph/);
});
