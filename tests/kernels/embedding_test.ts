import assert from "node:assert/strict";
import { evaluate, Graph, ndarray } from "../../lib/graph/mod.ts";
import { addEmbeddingGradient, embedding } from "../../lib/kernels/mod.ts";

Deno.test("embedding() reads the rows of the table", () => {
  const graph = new Graph();
  const y = embedding(graph.input("table", [3, 2]), graph.input("ids", ["batch", "tokens"], "int64"));
  const feeds = { table: ndarray([3, 2], [0, 1, 10, 11, 20, 21]), ids: ndarray([1, 3], [2, 0, 2]) };
  const [result] = evaluate([y], feeds);
  assert.deepEqual(result.shape, [1, 3, 2]);
  assert.deepEqual([...result.data], [20, 21, 0, 1, 20, 21]);
});

Deno.test("addEmbeddingGradient() adds up rows of repeated ids in place", () => {
  const table = Float32Array.of(1, 1, 2, 2, 3, 3);
  addEmbeddingGradient(table, BigInt64Array.of(2n, 0n, 2n), Float32Array.of(10, 20, 5, 6, 100, 200));
  assert.deepEqual(table, Float32Array.of(6, 7, 2, 2, 113, 223));
  addEmbeddingGradient(table, new BigInt64Array(0), new Float32Array(0));
  assert.deepEqual(table, Float32Array.of(6, 7, 2, 2, 113, 223));
});

Deno.test("addEmbeddingGradient() names an id outside the table and changes nothing", () => {
  const table = new Float32Array(6);
  const add = (...ids: bigint[]) => addEmbeddingGradient(table, BigInt64Array.from(ids), new Float32Array(4).fill(1));
  assert.throws(() => add(1n, 3n), /token id 3: expected 0 to 2/);
  assert.throws(() => add(0n, -1n), /token id -1: expected 0 to 2/);
  assert.deepEqual(table, new Float32Array(6));
});
