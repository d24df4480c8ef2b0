import assert from "node:assert/strict";
import fc from "fast-check";
import { createEngine } from "../../lib/engine/mod.ts";
import { evaluate, Graph, type NdArray, ndarray } from "../../lib/graph/mod.ts";
import { attention, causalBias, MASKED } from "../../lib/kernels/mod.ts";
import { assertClose, runOnEngine } from "../support/check_engine.ts";
import { randomArray } from "../support/random_array.ts";
import { DOCUMENTS } from "./kernel_cases.ts";

const engine = await createEngine({ threads: 1 });
const [BATCH, HEADS, KV_HEADS, HEAD_DIM] = [2, 4, 2, 3];

function row({ shape, data }: NdArray, ...index: number[]): Float64Array {
  const width = shape.at(-1)!;
  const start = index.reduce((offset, i, axis) => offset * shape[axis] + i, 0) * width;
  return data.subarray(start, start + width);
}

/** Attention of every query over the keys that `sees` allows, one number after the other. */
function plainAttention(
  q: NdArray,
  k: NdArray,
  v: NdArray,
  sees: (batch: number, query: number, key: number) => boolean,
): NdArray {
  const [batch, heads, queries, headDim] = q.shape;
  const [, kvHeads, keys] = k.shape;
  const result = ndarray(q.shape);
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      // Consecutive query heads share a key-value head.
      const shared = Math.floor(h / (heads / kvHeads));
      for (let i = 0; i < queries; i++) {
        const visible = Array.from({ length: keys }, (_, j) => j).filter((j) => sees(b, i, j));
        const scores = visible.map((j) => {
          const key = row(k, b, shared, j);
          return row(q, b, h, i).reduce((total, x, d) => total + x * key[d], 0) / Math.sqrt(headDim);
        });
        const weights = scores.map((score) => Math.exp(score));
        const total = weights.reduce((a, b) => a + b, 0);
        visible.forEach((j, n) => {
          row(v, b, shared, j).forEach((x, d) => row(result, b, h, i)[d] += weights[n] / total * x);
        });
      }
    }
  }
  return result;
}

Deno.test("attention() equals plain loops: causal, grouped heads, several documents, padding", async () => {
  const tokens = 5;
  const graph = new Graph();
  const q = graph.input("q", ["batch", HEADS, "tokens", HEAD_DIM]);
  const [k, v] = ["k", "v"].map((name) => graph.input(name, ["batch", KV_HEADS, "tokens", HEAD_DIM]));
  const y = attention(q, k, v, graph.input("bias", ["batch", 1, 1, "tokens", "tokens"]));
  const feeds = {
    q: randomArray([BATCH, HEADS, tokens, HEAD_DIM], "q"),
    k: randomArray([BATCH, KV_HEADS, tokens, HEAD_DIM], "k"),
    v: randomArray([BATCH, KV_HEADS, tokens, HEAD_DIM], "v"),
    bias: ndarray([BATCH, 1, 1, tokens, tokens], causalBias(DOCUMENTS, BATCH, tokens)),
  };
  const documentOf = (b: number, i: number) => DOCUMENTS[b * tokens + i];
  const expected = plainAttention(feeds.q, feeds.k, feeds.v, (b, i, j) => {
    return i === j || (j < i && documentOf(b, i) >= 0 && documentOf(b, i) === documentOf(b, j));
  });
  assertClose(evaluate([y], feeds)[0], expected, 1e-12, "reference");
  assertClose((await runOnEngine(engine, { y }, feeds)).y, expected, 1e-6, "engine");
});

Deno.test("causalBias() opens the token itself and earlier tokens of its document", () => {
  const [o, x] = [0, Math.fround(MASKED)];
  assert.deepEqual([...causalBias(Int32Array.of(0, 0, 1, 1), 1, 4)], [
    ...[o, x, x, x],
    ...[o, o, x, x],
    ...[x, x, o, x],
    ...[x, x, o, o],
  ]);
  assert.deepEqual([...causalBias(Int32Array.of(-1, 0, 0, -1), 1, 4)], [
    ...[o, x, x, x],
    ...[x, o, x, x],
    ...[x, o, o, x],
    ...[x, x, x, o],
  ]);
});

Deno.test("causalBias() lets nothing look ahead, across documents, at padding or at another row", () => {
  const rows = fc.integer({ min: 1, max: 6 }).chain((tokens) =>
    fc.array(fc.array(fc.integer({ min: -1, max: 2 }), { minLength: tokens, maxLength: tokens }), { minLength: 1 })
  );
  fc.assert(fc.property(rows, (rows) => {
    const [batch, tokens] = [rows.length, rows[0].length];
    const bias = causalBias(Int32Array.from(rows.flat()), batch, tokens);
    rows.forEach((documents, b) => {
      for (let i = 0; i < tokens; i++) {
        for (let j = 0; j < tokens; j++) {
          const open = i === j || (j < i && documents[i] >= 0 && documents[j] === documents[i]);
          assert.equal(bias[(b * tokens + i) * tokens + j] === 0, open);
        }
      }
    });
  }));
});

Deno.test("attention() gives masked keys exactly no weight in float32", async () => {
  const graph = new Graph();
  const [q, k, v] = ["q", "k", "v"].map((name) => graph.input(name, [1, 1, 2, 2]));
  const y = attention(q, k, v, graph.input("bias", [1, 1, 1, 2, 2]));
  const feeds = {
    q: ndarray([1, 1, 2, 2], [100, 100, 100, 100]),
    // The masked key would win by far.
    k: ndarray([1, 1, 2, 2], [-100, -100, 100, 100]),
    v: ndarray([1, 1, 2, 2], [1, 2, 1e6, 1e6]),
    bias: ndarray([1, 1, 1, 2, 2], causalBias(Int32Array.of(0, 0), 1, 2)),
  };
  const { y: result } = await runOnEngine(engine, { y }, feeds);
  assert.deepEqual([...result.data.subarray(0, 2)], [1, 2]);
});

Deno.test("attention() refuses heads that do not share key-value heads evenly", () => {
  const graph = new Graph();
  const q = graph.input("q", [1, 4, 2, 2]);
  const k = graph.input("k", [1, 3, 2, 2]);
  const bias = graph.input("bias", [1, 1, 1, 2, 2]);
  assert.throws(() => attention(q, k, k, bias), /attention: 4 heads do not share 3 key-value heads/);
});
