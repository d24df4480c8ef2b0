import assert from "node:assert/strict";
import { add, exp, Graph, matmul, peakBytes, reshape, tensorBytes } from "../../lib/graph/mod.ts";

const sizes = { rows: 10 };
const ROW = 10 * 4 * 4; // [rows, 4] of float32

function input() {
  const graph = new Graph();
  return { graph, x: graph.input("x", ["rows", 4]), w: graph.input("w", [4, 4]) };
}

Deno.test("tensorBytes() counts elements of any type at the sizes given", () => {
  assert.equal(tensorBytes({ dtype: "float32", shape: ["rows", 3] }, sizes), 120);
  assert.equal(tensorBytes({ dtype: "int64", shape: [] }, {}), 8);
  assert.equal(tensorBytes({ dtype: "bool", shape: ["2*rows"] }, sizes), 20);
});

Deno.test("peakBytes() lets a value live from its node to its last use, and outputs to the end", () => {
  const { x, w } = input();
  const a = matmul(x, w);
  assert.equal(peakBytes([a], sizes), ROW);
  const b = matmul(a, w);
  assert.equal(peakBytes([b], sizes), 2 * ROW);
  const c = matmul(b, w);
  assert.equal(peakBytes([c], sizes), 2 * ROW, "a is free when c is made");
  assert.equal(peakBytes([a, c], sizes), 3 * ROW, "a is asked for");
  const d = add(c, a);
  assert.equal(peakBytes([d], sizes), 3 * ROW, "a waits for d, which is made in the place of one of them");
});

Deno.test("peakBytes() counts work element by element in place, and other shapes of a value not at all", () => {
  const { x, w } = input();
  const a = matmul(x, w);
  assert.equal(peakBytes([exp(exp(a))], sizes), ROW);
  assert.equal(peakBytes([a, exp(a)], sizes), 2 * ROW, "a is asked for too");
  const view = reshape(a, ["rows", 2, 2]);
  assert.equal(peakBytes([exp(view)], sizes), ROW);
  assert.equal(peakBytes([matmul(view, view), a], sizes), 2 * ROW);
});

Deno.test("peakBytes() is nothing where nothing is computed", () => {
  const { x, w } = input();
  assert.equal(peakBytes([], sizes), 0);
  assert.equal(peakBytes([x, w], sizes), 0);
});
