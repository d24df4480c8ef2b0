import assert from "node:assert/strict";
import { createEngine } from "../../lib/engine/mod.ts";
import { evaluate, gradients, Graph, type NdArray, ndarray } from "../../lib/graph/mod.ts";
import { gelu, infoNce, layerNorm, MASKED, unitLength } from "../../lib/kernels/mod.ts";
import { runOnEngine } from "../support/check_engine.ts";
import { assertClose, goldenTensors } from "../support/golden.ts";

const engine = await createEngine({ threads: 1 });
const golden = await goldenTensors("bert_tiny/kernels.safetensors");

function array(name: string, ...shape: number[]): NdArray {
  return ndarray(shape, golden.get(name)!);
}

Deno.test("layerNorm() has PyTorch's values and gradients", async () => {
  const graph = new Graph();
  const [x, seed] = ["x", "seed"].map((name) => graph.input(name, ["rows", 10]));
  const [weight, bias] = ["weight", "bias"].map((name) => graph.input(name, [10]));
  const y = layerNorm(x, weight, bias, 1e-5);
  const [dx, dWeight, dBias] = gradients([{ tensor: y, gradient: seed }], [x, weight, bias]);
  const feeds = {
    x: array("layerNorm.x", 6, 10),
    seed: array("layerNorm.seed", 6, 10),
    weight: array("layerNorm.weight", 10),
    bias: array("layerNorm.bias", 10),
  };
  const results = await runOnEngine(engine, { y, dx, dWeight, dBias }, feeds);
  for (const [name, { data }] of Object.entries(results)) {
    assertClose(data, golden.get(`layerNorm.${name}`)!, `layerNorm ${name}`, 2e-6);
  }
});

Deno.test("layerNorm() of a row of equal numbers is the bias", async () => {
  const graph = new Graph();
  const y = layerNorm(graph.input("x", [1, 4]), graph.input("weight", [4]), graph.input("bias", [4]), 1e-12);
  const feeds = {
    x: ndarray([1, 4], [5, 5, 5, 5]),
    weight: ndarray([4], [1, 2, 3, 4]),
    bias: ndarray([4], [1, 2, 3, 4]),
  };
  assert.deepEqual([...(await runOnEngine(engine, { y }, feeds)).y.data], [1, 2, 3, 4]);
  assert.deepEqual([...evaluate([y], feeds)[0].data], [1, 2, 3, 4]);
});

Deno.test("layerNorm() names the weight and the bias that it expects", () => {
  const graph = new Graph();
  const [x, four, three] = [["rows", 4], [4], [3]].map((shape, i) => graph.input(`input ${i}`, shape));
  assert.throws(() => layerNorm(x, three, four, 1e-6), /layer_norm\(.*\): expected a weight of \[4\]/);
  assert.throws(() => layerNorm(x, four, three, 1e-6), /layer_norm\(.*\): expected a bias of \[4\]/);
});

Deno.test("gelu() has PyTorch's values and gradients, and stays finite far out", async () => {
  const graph = new Graph();
  const [x, ones] = [graph.input("x", ["n"]), graph.input("ones", ["n"])];
  const y = gelu(x);
  const [dx] = gradients([{ tensor: y, gradient: ones }], [x]);
  const numbers = golden.get("gelu.x")!;
  const all = (values: ArrayLike<number>) => ({
    x: ndarray([values.length], values),
    ones: ndarray([values.length], new Float32Array(values.length).fill(1)),
  });
  const results = await runOnEngine(engine, { y, dx }, all(numbers));
  assertClose(results.y.data, golden.get("gelu.y")!, "gelu", 1e-6);
  assertClose(results.dx.data, golden.get("gelu.dx")!, "gelu's gradient", 1e-6);
  const [exactY, exactDx] = evaluate([y, dx], all(numbers));
  assertClose(exactY.data, golden.get("gelu.y")!, "gelu in float64", 1e-7);
  assertClose(exactDx.data, golden.get("gelu.dx")!, "gelu's gradient in float64", 1e-7);
  const far = await runOnEngine(engine, { y, dx }, all([-1e4, -40, 40, 1e4]));
  assert.deepEqual([...far.y.data].map(Math.abs), [0, 0, 40, 1e4]);
  assert.deepEqual([...far.dx.data].map(Math.abs), [0, 0, 1, 1]);
});

Deno.test("unitLength() gives vectors of length 1, and leaves zeros alone", async () => {
  const graph = new Graph();
  const y = unitLength(graph.input("x", ["rows", 2]));
  const feeds = { x: ndarray([4, 2], [3, 4, 0, 0, -6e-5, 8e-5, 3e8, -4e8]) };
  const { data } = (await runOnEngine(engine, { y }, feeds)).y;
  assertClose(data, [0.6, 0.8, 0, 0, -0.6, 0.8, 0.6, -0.8], "unitLength", 1e-6);
});

/** The loss of queries whose own passage has their number. */
async function runInfoNce(
  { queries, passages, bias, symmetric }: {
    queries: NdArray;
    passages: NdArray;
    bias?: Float32Array;
    symmetric: boolean;
  },
  temperature: number,
) {
  const graph = new Graph();
  const inputs = {
    queries: graph.input("queries", ["queries", queries.shape[1]]),
    passages: graph.input("passages", ["passages", queries.shape[1]]),
    own: graph.input("own", ["queries", "passages"]),
    bias: graph.input("bias", ["queries", "passages"]),
    inverseTemperature: graph.input("inverseTemperature", []),
  };
  const { losses, isFirst } = infoNce(inputs, { symmetric });
  const share = graph.input("share", ["queries"]);
  const [dQueries, dPassages] = gradients([{ tensor: losses, gradient: share }], [inputs.queries, inputs.passages]);
  const [count, among] = [queries.shape[0], passages.shape[0]];
  const own = Float32Array.from({ length: count * among }, (_, i) => Math.floor(i / among) === i % among ? 1 : 0);
  const outputs = { losses, isFirst, dQueries, dPassages };
  return await runOnEngine(engine, outputs, {
    queries,
    passages,
    own: ndarray([count, among], own),
    bias: ndarray([count, among], bias ?? new Float32Array(own.length)),
    inverseTemperature: ndarray([], [1 / temperature]),
    share: ndarray([count], new Float32Array(count).fill(1 / count)),
  });
}

for (const name of ["plain", "symmetric"]) {
  Deno.test(`infoNce() has PyTorch's ${name} losses and gradients`, async () => {
    const [queries, passages] = [array("infoNce.queries", 4, 6), array("infoNce.passages", 7, 6)];
    const results = await runInfoNce({ queries, passages, symmetric: name === "symmetric" }, 0.05);
    for (const what of ["losses", "dQueries", "dPassages"]) {
      assertClose(results[what].data, golden.get(`infoNce.${name}.${what}`)!, `infoNce ${name} ${what}`, 2e-6);
    }
  });
}

Deno.test("infoNce() leaves masked passages out, as if they were not there", async () => {
  const queries = ndarray([2, 2], [1, 0, 0, 1]);
  const two = ndarray([2, 2], [0.8, 0.6, 0.6, 0.8]);
  const three = ndarray([3, 2], [0.8, 0.6, 0.6, 0.8, 1, 0]);
  const bias = Float32Array.of(0, 0, MASKED, 0, 0, MASKED);
  for (const symmetric of [false, true]) {
    const without = await runInfoNce({ queries, passages: two, symmetric }, 0.1);
    const masked = await runInfoNce({ queries, passages: three, bias, symmetric }, 0.1);
    assertClose(masked.losses.data, without.losses.data, "losses", 1e-6);
    assertClose(masked.dQueries.data, without.dQueries.data, "dQueries", 1e-6);
    assertClose(masked.dPassages.data, [...without.dPassages.data, 0, 0], "dPassages", 1e-6);
  }
});

Deno.test("infoNce() says for which queries the own passage is the closest", async () => {
  const queries = ndarray([3, 2], [1, 0, 0, 1, 0.6, 0.8]);
  const passages = ndarray([3, 2], [0.8, 0.6, 0, 1, 1, 0]);
  const { isFirst } = await runInfoNce({ queries, passages, symmetric: false }, 1);
  assert.deepEqual([...isFirst.data], [0, 1, 0]);
});
