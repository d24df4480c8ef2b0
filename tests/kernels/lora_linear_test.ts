import assert from "node:assert/strict";
import { evaluate, Graph, ndarray } from "../../lib/graph/mod.ts";
import { loraLinear } from "../../lib/kernels/mod.ts";
import { assertClose } from "../support/check_engine.ts";
import { randomArray } from "../support/random_array.ts";

Deno.test("loraLinear() equals a layer whose weight is W + scaling B A", () => {
  const [inputs, outputs, rank, scaling] = [4, 3, 2, 1.5];
  const graph = new Graph();
  const x = graph.input("x", ["rows", inputs]);
  const weight = graph.input("weight", [outputs, inputs]);
  const bias = graph.input("bias", [outputs]);
  const lora = {
    a: graph.input("a", ["rank", inputs]),
    b: graph.input("b", [outputs, "rank"]),
    scaling: graph.input("scaling", []),
  };
  const feeds = {
    x: randomArray([5, inputs], "x"),
    weight: randomArray([outputs, inputs], "weight"),
    bias: randomArray([outputs], "bias"),
    a: randomArray([rank, inputs], "a"),
    b: randomArray([outputs, rank], "b"),
    scaling: ndarray([], [scaling]),
  };
  const merged = ndarray(feeds.weight.shape, feeds.weight.data);
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < inputs; i++) {
      for (let r = 0; r < rank; r++) {
        merged.data[o * inputs + i] += scaling * feeds.b.data[o * rank + r] * feeds.a.data[r * inputs + i];
      }
    }
  }
  const [corrected] = evaluate([loraLinear(x, weight, bias, lora)], feeds);
  const [plain] = evaluate([loraLinear(x, weight, bias)], { ...feeds, weight: merged });
  assertClose(corrected, plain, 1e-12, "loraLinear");
  // With B of zeros, as adapters start, nothing changes.
  const untrained = { ...feeds, b: ndarray([outputs, rank]) };
  assert.deepEqual(
    evaluate([loraLinear(x, weight, bias, lora)], untrained)[0],
    evaluate([loraLinear(x, weight, bias)], feeds)[0],
  );
});
