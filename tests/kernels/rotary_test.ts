import assert from "node:assert/strict";
import { evaluate, Graph, ndarray } from "../../lib/graph/mod.ts";
import { rotary, rotaryTables } from "../../lib/kernels/mod.ts";
import { randomArray } from "../support/random_array.ts";

Deno.test("rotary() turns the pair of element i and i + headDim / 2 by position * theta^(-2 i / headDim)", () => {
  const [headDim, theta, position] = [6, 10_000, 7];
  const { cos, sin } = rotaryTables(8, headDim, theta);
  const graph = new Graph();
  const y = rotary(
    graph.input("x", [1, 1, 1, headDim]),
    graph.input("positions", [1, 1], "int64"),
    graph.input("cos", ["positions", headDim / 2]),
    graph.input("sin", ["positions", headDim / 2]),
  );
  const x = randomArray([1, 1, 1, headDim], "x");
  const feeds = { x, positions: ndarray([1, 1], [position]), cos: ndarray([8, 3], cos), sin: ndarray([8, 3], sin) };
  const [{ data }] = evaluate([y], feeds);
  for (let i = 0; i < headDim / 2; i++) {
    const [before, after] = [x.data, data].map((v) => ({
      angle: Math.atan2(v[i + headDim / 2], v[i]),
      length: Math.hypot(v[i], v[i + headDim / 2]),
    }));
    const turn = position * theta ** (-2 * i / headDim);
    assert.ok(Math.abs(before.length - after.length) < 1e-6);
    assert.ok(Math.abs(Math.sin((after.angle - before.angle - turn) / 2)) < 1e-6, `pair ${i}`);
  }
});

Deno.test("rotary() makes scores depend on the distance of positions alone", () => {
  const headDim = 8;
  const { cos, sin } = rotaryTables(32, headDim, 10_000);
  const score = (queryPosition: number, keyPosition: number) => {
    const turned = ["q", "k"].map((name, i) => {
      const graph = new Graph();
      const y = rotary(
        graph.input("x", [1, 1, 1, headDim]),
        graph.input("positions", [1, 1], "int64"),
        graph.input("cos", [32, headDim / 2]),
        graph.input("sin", [32, headDim / 2]),
      );
      return evaluate([y], {
        x: randomArray([1, 1, 1, headDim], name),
        positions: ndarray([1, 1], [[queryPosition, keyPosition][i]]),
        cos: ndarray([32, 4], cos),
        sin: ndarray([32, 4], sin),
      })[0].data;
    });
    return turned[0].reduce((total, q, d) => total + q * turned[1][d], 0);
  };
  assert.ok(Math.abs(score(5, 2) - score(25, 22)) < 1e-6);
  assert.ok(Math.abs(score(5, 2) - score(5, 3)) > 1e-3);
});

Deno.test("rotary() names the rank, dtype and tables it expects", () => {
  const graph = new Graph();
  const x = graph.input("x", ["batch", 2, "tokens", 6]);
  const positions = graph.input("positions", ["batch", "tokens"], "int64");
  const table = graph.input("table", ["positions", 3]);
  const wide = graph.input("wide", ["positions", 6]);
  const flat = graph.input("flat", ["batch", "tokens", 6]);
  const wrong = graph.input("wrong", ["batch", "tokens"]);
  assert.throws(() => rotary(flat, positions, table, table), /expected x as \[batch, heads, tokens, headDim\]/);
  assert.throws(() => rotary(x, wrong, table, table), /expected int64 positions, got float32/);
  assert.throws(() => rotary(x, positions, wide, wide), /expected tables of \[positions, 3\]/);
});
