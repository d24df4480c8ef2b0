import assert from "node:assert/strict";
import onnxProto from "onnx-proto";
import {
  add,
  exp,
  gradients,
  Graph,
  matmul,
  mul,
  scale,
  serialize,
  type SerializeOptions,
  softmax,
  stopGradient,
  sum,
} from "../../lib/graph/mod.ts";
import { rmsNorm } from "../../lib/kernels/mod.ts";

function written(options: Omit<SerializeOptions, "target"> & { target?: SerializeOptions["target"] }) {
  const serialized = serialize({ target: "cpu", ...options });
  const { graph, opsetImport } = onnxProto.onnx.ModelProto.decode(serialized.bytes);
  return {
    ...serialized,
    graph: graph!,
    opTypes: graph!.node!.map((node) => node.opType),
    inputNames: graph!.input!.map((input) => input.name),
    outputNames: graph!.output!.map((output) => output.name),
    initializerNames: graph!.initializer!.map((initializer) => initializer.name),
    opsets: opsetImport!.map(({ domain, version }) => `${domain || "onnx"} ${version}`),
  };
}

function floatsOf({ rawData }: onnxProto.onnx.ITensorProto): Float32Array {
  return new Float32Array(Uint8Array.from(rawData!).buffer);
}

Deno.test("serialize() writes only the nodes and inputs that the outputs need", () => {
  const graph = new Graph();
  const [x, y] = [graph.input("x", ["batch", 2]), graph.input("y", [2])];
  const wanted = exp(x);
  softmax(add(wanted, y));
  const { opTypes, inputNames, nodeCount, inputs } = written({ outputs: [wanted] });
  assert.deepEqual(opTypes, ["Exp"]);
  assert.equal(nodeCount, 1);
  assert.deepEqual(inputNames, ["x"]);
  assert.deepEqual(inputs, [x]);
});

Deno.test("serialize() keeps names, dtypes and named sizes", () => {
  const graph = new Graph();
  const ids = graph.input("token ids", ["batch", "2*tokens"], "int64");
  const x = graph.input("model.layers.0.mlp.down_proj.weight", [3, 4]);
  const { graph: file, outputNames } = written({ outputs: [exp(x), add(ids, ids)], names: ["loss", "sum of ids"] });
  assert.deepEqual(outputNames, ["loss", "sum of ids"]);
  const types = file.input!.map(({ name, type }) => {
    const { elemType, shape } = type!.tensorType!;
    return [name, elemType, shape!.dim!.map((dim) => dim.dimParam || Number(dim.dimValue))];
  });
  assert.deepEqual(types, [
    ["token ids", 7, ["batch", "2*tokens"]],
    ["model.layers.0.mlp.down_proj.weight", 1, [3, 4]],
  ]);
});

Deno.test("serialize() bakes initializers in and removes them from the inputs", () => {
  const graph = new Graph();
  const [x, w] = [graph.input("x", ["rows", 2]), graph.input("w", [2, 3])];
  const data = Float32Array.of(1, 2, 3, 4, 5, 6);
  const { inputNames, inputs, graph: file } = written({
    outputs: [matmul(x, w)],
    initializers: { w: { data, shape: [2, 3] }, elsewhere: { data, shape: [6] } },
  });
  assert.deepEqual(inputNames, ["x"]);
  assert.deepEqual(inputs, [x]);
  const [baked] = file.initializer!;
  assert.equal(file.initializer!.length, 1);
  assert.equal(baked.name, "w");
  assert.deepEqual(baked.dims!.map(Number), [2, 3]);
  assert.deepEqual(floatsOf(baked), data);
});

Deno.test("serialize() writes where an initializer lies that is in another file", () => {
  const graph = new Graph();
  const [x, w] = [graph.input("x", ["rows", 2]), graph.input("w", [2, 3])];
  const place = { location: "model.onnx_data", offset: 65536, byteLength: 24, shape: [2, 3] };
  const { inputNames, graph: file } = written({ outputs: [matmul(x, w)], initializers: { w: place } });
  assert.deepEqual(inputNames, ["x"]);
  const [{ name, dims, dataType, dataLocation, externalData, rawData }] = file.initializer!;
  assert.deepEqual([name, dims!.map(Number), dataType, dataLocation, rawData!.length], ["w", [2, 3], 1, 1, 0]);
  const entries = externalData!.map(({ key, value }) => [key, value]);
  assert.deepEqual(entries, [["location", "model.onnx_data"], ["offset", "65536"], ["length", "24"]]);
  assert.throws(
    () => written({ outputs: [matmul(x, w)], initializers: { w: { ...place, shape: [3, 2] } } }),
    /input "w": expected \[2, 3\], got \[3, 2\]/,
  );
});

Deno.test("serialize() names an initializer of another shape than its input", () => {
  const graph = new Graph();
  const [x, w] = [graph.input("x", ["rows", 2]), graph.input("w", [2, 3])];
  const initializers = { w: { data: new Float32Array(6), shape: [3, 2] } };
  assert.throws(
    () => serialize({ outputs: [matmul(x, w)], target: "cpu", initializers }),
    /input "w": expected \[2, 3\], got \[3, 2\]/,
  );
});

Deno.test("serialize() refuses an output under the name of another tensor", () => {
  const graph = new Graph();
  const x = graph.input("x", []);
  const options: SerializeOptions = { outputs: [exp(x)], names: ["x"], target: "cpu" };
  assert.throws(() => serialize(options), /output "x": the graph has another tensor of that name/);
});

Deno.test("serialize() writes constants that are used, and each small list of integers once", () => {
  const graph = new Graph();
  const x = graph.input("x", [2, 3]);
  graph.scalar(99);
  const { initializerNames, graph: file } = written({ outputs: [add(sum(scale(x, 0.5), 1), sum(x, 1))] });
  assert.equal(initializerNames.length, 2);
  const floats = file.initializer!.filter((initializer) => initializer.dataType === 1);
  assert.deepEqual([...floatsOf(floats[0])], [0.5]);
});

Deno.test("serialize() picks names that no input has", () => {
  const graph = new Graph();
  const taken = ["literal0", "temporary0", "temporary1"].map((name) => graph.input(name, [2]));
  const total = sum(add(add(taken[0], taken[1]), taken[2]), 0);
  const { graph: file, initializerNames } = written({ outputs: [total] });
  const defined = [
    ...file.input!.map(({ name }) => name),
    ...initializerNames,
    ...file.node!.flatMap((n) => n.output!),
  ];
  assert.equal(new Set(defined).size, defined.length);
});

Deno.test("serialize() writes no node for a custom gradient or a stopped one", () => {
  const graph = new Graph();
  const x = graph.input("x", [2]);
  assert.deepEqual(written({ outputs: [exp(stopGradient(exp(x)))] }).opTypes, ["Exp", "Exp"]);
});

Deno.test("serialize() lowers products as each provider is fastest at them", () => {
  const graph = new Graph();
  const [a, b] = [graph.input("a", [3, 2]), graph.input("b", [3, 4])];
  const outputs = [matmul(a, b, { transposeA: true, scale: 0.5 })];
  const gpu = written({ outputs, target: "webgpu" });
  assert.deepEqual(gpu.opTypes, ["Gemm"]);
  assert.deepEqual(written({ outputs }).opTypes, ["FusedMatMul"]);
  const wide = graph.input("wide", [3, 512]);
  const apart = written({ outputs: [matmul(a, wide, { transposeA: true })] });
  assert.deepEqual(apart.opTypes, ["Transpose", "MatMul"]);
  assert.deepEqual(gpu.opsets, ["onnx 21", "com.microsoft 1"]);
  const [weight, x] = [graph.input("weight", [5, 4]), graph.input("x", ["batch", "tokens", 4])];
  const linears = written({ outputs: [matmul(x, weight, { transposeB: true })], target: "webgpu" });
  assert.deepEqual(linears.opTypes, ["Flatten", "Gemm", "Slice", "Unsqueeze", "Shape", "Reshape"]);
  // A scale is cheapest where there are fewest numbers.
  const [q, k] = [graph.input("q", ["batch", 2, "7*tokens", 64]), graph.input("k", ["batch", 2, "tokens", 64])];
  const scores = written({ outputs: [matmul(q, k, { transposeB: true, scale: 0.5 })], target: "webgpu" });
  assert.deepEqual(scores.opTypes, ["Mul", "Transpose", "MatMul"]);
  assert.equal(scores.graph.node![0].input![0], "k");
});

Deno.test("serialize() writes no node of an operator's output that is not wanted", () => {
  const graph = new Graph();
  const normed = rmsNorm(graph.input("x", [2, 4]), graph.input("weight", [4]), 1e-6);
  assert.deepEqual(written({ outputs: [normed], target: "webgpu" }).opTypes, ["SimplifiedLayerNormalization"]);
});

Deno.test("serialize() writes a graph that is both differentiated and not, without the gradient where none is asked", () => {
  const graph = new Graph();
  const [x, w] = [graph.input("x", [2, 2]), graph.input("w", [2, 2])];
  const y = mul(matmul(x, w), x);
  const forward = written({ outputs: [y] });
  const [dw] = gradients([{ tensor: y, gradient: graph.input("dy", [2, 2]) }], [w]);
  assert.equal(written({ outputs: [y] }).nodeCount, forward.nodeCount);
  assert.deepEqual(written({ outputs: [dw] }).inputNames, ["x", "dy"]);
});
