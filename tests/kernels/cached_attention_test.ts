import assert from "node:assert/strict";
import { createEngine } from "../../lib/engine/mod.ts";
import { evaluate, Graph, type NdArray, ndarray, type Tensor } from "../../lib/graph/mod.ts";
import { attention, cachedAttention, causalBias, MASKED } from "../../lib/kernels/mod.ts";
import { assertClose, runOnEngine } from "../support/check_engine.ts";
import { randomArray } from "../support/random_array.ts";

const engine = await createEngine({ threads: 1 });
const [BATCH, HEADS, KV_HEADS, HEAD_DIM] = [2, 6, 2, 4];

/** Tokens `from` to `to` of [batch, heads, tokens, headDim]. */
function tokensOf({ shape: [batch, heads, tokens, headDim], data }: NdArray, from: number, to: number): NdArray {
  const result = ndarray([batch, heads, to - from, headDim]);
  for (let block = 0; block < batch * heads; block++) {
    const start = block * tokens * headDim;
    const part = data.subarray(start + from * headDim, start + to * headDim);
    result.data.set(part, block * (to - from) * headDim);
  }
  return result;
}

/**
 * The cache holds the tokens before `cached`, with room for two more that are masked and hold other numbers.
 *
 * @param isNamed Whether the number of new tokens is a named size of the graph, as in a prefill, or fixed.
 */
function cachedCase(q: NdArray, k: NdArray, v: NdArray, cached: number, tokens: number, isNamed: boolean) {
  const room = cached === 0 ? 0 : cached + 2;
  const size = isNamed ? "tokens" : tokens;
  const graph = new Graph();
  const input = (name: string, heads: number) => graph.input(name, ["batch", heads, size, HEAD_DIM]);
  const cache = (name: string) => graph.input(name, ["batch", KV_HEADS, 1, "cached", HEAD_DIM]);
  const output: Tensor = cachedAttention(
    input("q", HEADS),
    input("k", KV_HEADS),
    input("v", KV_HEADS),
    { keys: cache("keys"), values: cache("values"), lengths: graph.input("lengths", [2], "int64") },
    graph.input("bias", ["batch", 1, 1, size, `cached + ${size}`]),
  );
  const padded = (x: NdArray) => {
    const result = ndarray([BATCH, KV_HEADS, 1, room, HEAD_DIM]);
    result.data.fill(7);
    for (let block = 0; block < BATCH * KV_HEADS; block++) {
      const part = tokensOf(x, 0, cached).data.subarray(block * cached * HEAD_DIM, (block + 1) * cached * HEAD_DIM);
      result.data.set(part, block * room * HEAD_DIM);
    }
    return result;
  };
  const bias = ndarray([BATCH, 1, 1, tokens, room + tokens]);
  bias.data.forEach((_, i) => {
    const [token, column] = [Math.floor(i / (room + tokens)) % tokens, i % (room + tokens)];
    const isSeen = column < cached || (column >= room && column <= room + token);
    bias.data[i] = isSeen ? 0 : MASKED;
  });
  const end = cached + tokens;
  const feeds = {
    q: tokensOf(q, cached, end),
    k: tokensOf(k, cached, end),
    v: tokensOf(v, cached, end),
    keys: padded(k),
    values: padded(v),
    lengths: ndarray([2], [room, tokens]),
    bias,
  };
  return { output, feeds };
}

for (
  const [what, cached, tokens, isNamed] of [
    ["a prompt into an empty cache", 0, 5, true],
    ["a prompt of a fixed length into an empty cache", 0, 5, false],
    ["one token into an empty cache", 0, 1, false],
    ["one new token, as a decode step has it", 4, 1, true],
    ["one new token of a fixed size", 4, 1, false],
    ["some tokens more", 3, 2, true],
  ] as const
) {
  Deno.test(`cachedAttention() is a part of attention() over all tokens: ${what}`, async () => {
    const all = cached + tokens;
    const q = randomArray([BATCH, HEADS, all, HEAD_DIM], "q");
    const k = randomArray([BATCH, KV_HEADS, all, HEAD_DIM], "k");
    const v = randomArray([BATCH, KV_HEADS, all, HEAD_DIM], "v");
    const graph = new Graph();
    const whole = attention(
      graph.input("q", q.shape),
      graph.input("k", k.shape),
      graph.input("v", v.shape),
      graph.input("bias", [BATCH, 1, 1, all, all]),
    );
    const bias = ndarray([BATCH, 1, 1, all, all], causalBias(new Int32Array(BATCH * all), BATCH, all));
    const expected = tokensOf(evaluate([whole], { q, k, v, bias })[0], cached, all);

    const { output, feeds } = cachedCase(q, k, v, cached, tokens, isNamed);
    assertClose(evaluate([output], feeds)[0], expected, 1e-12, "reference");
    assertClose((await runOnEngine(engine, { y: output }, feeds)).y, expected, 1e-6, "engine");
  });
}

Deno.test("cachedAttention() refuses heads that do not share the key-value heads", () => {
  const graph = new Graph();
  const x = (name: string, heads: number) => graph.input(name, ["batch", heads, 1, 4]);
  const cache = { keys: x("keys", 2), values: x("values", 2), lengths: graph.input("lengths", [2], "int64") };
  const bias = graph.input("bias", ["batch", 1, 1, 1, 1]);
  assert.throws(() => cachedAttention(x("q", 3), x("k", 2), x("v", 2), cache, bias), /3 heads do not share 2/);
});
