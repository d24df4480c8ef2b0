/**
 * Programs written for the CUDA provider, without a card: what nodes they are made of, and that ONNX Runtime's CPU provider
 * computes the reference's numbers from the same files.
 */
import assert from "node:assert/strict";
import onnxProto from "onnx-proto";
import type * as ort from "onnxruntime-node";
import { CudaEngine } from "../../lib/engine/cuda_engine.ts";
import { Graph, inChunks, matmul, scatterAddRows, serialize, sum, type Tensor } from "../../lib/graph/mod.ts";
import { rmsNorm } from "../../lib/kernels/mod.ts";
import { DIFFERENTIABLE, PLAIN } from "../graph/ops/operator_cases.ts";
import { DECODING_KERNELS, TRAINING_KERNELS } from "../kernels/kernel_cases.ts";
import { checkEngine } from "../support/check_engine.ts";
import { DECODER_BLOCK } from "../support/decoder_block.ts";
import { buildCase, type GraphCase } from "../support/graph_case.ts";

/** Runs what is written for CUDA on the CPU. */
class CudaOnCpu extends CudaEngine {
  protected override readonly sessionOptions: ort.InferenceSession.SessionOptions = {
    executionProviders: ["cpu"],
    // ONNX Runtime's ScatterND adds on the CPU from several threads at once, and loses sums.
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
  };
}

const engine = new CudaOnCpu({ cards: [{ name: "RTX 4090", memoryBytes: 24 * 2 ** 30 }] });

/**
 * Operators that ONNX Runtime's OperatorKernels.md lists for the CUDA provider in the versions that operator set 18 has: those
 * that we write or may.
 */
const ON_CUDA = new Set(
  ("Abs Add Cast Concat Div Equal Erf Exp Expand Flatten Floor Gather GatherElements Gemm Greater Identity LayerNormalization Less Log MatMul Max " +
    "Min Mul Neg Pad Range Reciprocal ReduceMax ReduceMean ReduceSum Reshape Scan ScatterElements ScatterND Shape Sigmoid " +
    "SimplifiedLayerNormalization Slice Softmax Softplus Split Sqrt Squeeze Sub Tanh Transpose Unsqueeze Where " +
    "com.microsoft.FusedMatMul com.microsoft.GatherBlockQuantized com.microsoft.Gelu com.microsoft.MatMulNBits com.microsoft.QuickGelu " +
    "com.microsoft.RotaryEmbedding And ArgMax Ceil Clip CumSum Mod Not Or Round Sign Tile TopK").split(" "),
);

function fileOf(outputs: readonly Tensor[]) {
  const { graph, opsetImport } = onnxProto.onnx.ModelProto.decode(serialize({ outputs, target: "cuda" }).bytes);
  const nodes = graph!.node!;
  const ofBody = nodes.flatMap(({ attribute }) => attribute!.flatMap(({ g }) => g?.node ?? []));
  const all = [...nodes, ...ofBody];
  const opTypes = all.map(({ domain, opType }) => domain ? `${domain}.${opType}` : opType!);
  return { nodes: all, opTypes, opset: Number(opsetImport![0].version) };
}

const CASES: readonly GraphCase[] = [
  ...DIFFERENTIABLE,
  ...TRAINING_KERNELS,
  DECODER_BLOCK,
  ...PLAIN,
  ...DECODING_KERNELS,
];

Deno.test("the engine for CUDA names its card, says that runs copy their feeds, and tries what needs the libraries", async () => {
  assert.match(engine.description, /^ONNX Runtime \d+\.\d+\.\d+ on CUDA, RTX 4090$/);
  assert.deepEqual([engine.device, engine.copiesFeeds, engine.sharesMemory], ["cuda", true, true]);
  await engine.probe();
  assert.equal(engine.bytesInUse, 0);
});

Deno.test("programs for CUDA are written in operators that its provider lists", () => {
  const used = new Set(CASES.flatMap((graphCase) => fileOf(buildCase(graphCase).outputs).opTypes));
  assert.ok(used.size > 20);
  assert.deepEqual([...used].filter((opType) => !ON_CUDA.has(opType)), []);
});

Deno.test("programs for CUDA use an operator set for which its Scan, Identity and Pad are registered", () => {
  const x = new Graph().input("x", ["rows", 4]);
  const { total, rows } = inChunks({ x }, {}, 2, ({ x }) => ({ rows: { rows: x }, sums: { total: sum(x, [0, 1]) } }));
  const { opset, opTypes } = fileOf([total, rows]);
  assert.equal(opset, 18);
  for (const opType of ["Scan", "Identity", "Pad"]) assert.ok(opTypes.includes(opType), opType);
});

Deno.test("a product with transposed factors and a scale is one node on CUDA", () => {
  const graph = new Graph();
  const [a, b] = [graph.input("a", ["n", 600]), graph.input("b", [700, "n"])];
  const { nodes: [{ opType, domain, attribute }], opTypes } = fileOf([
    matmul(a, b, { transposeA: true, transposeB: true, scale: 0.5 }),
  ]);
  assert.deepEqual([opTypes.length, domain, opType], [1, "com.microsoft", "FusedMatMul"]);
  assert.deepEqual(attribute!.map(({ name, i, f }) => [name, name === "alpha" ? f : Number(i)]), [
    ["transA", 1],
    ["transB", 1],
    ["alpha", 0.5],
  ]);
});

Deno.test("rows are added at repeated places by ScatterND on CUDA, which adds atomically there", () => {
  const graph = new Graph();
  const table = graph.input("table", [5, 3]);
  const ids = graph.input("ids", ["n"], "int64");
  const { nodes } = fileOf([scatterAddRows(table, ids, graph.input("rows", ["n", 3]))]);
  const scatter = nodes.find(({ opType }) => opType === "ScatterND")!;
  assert.equal(new TextDecoder().decode(scatter.attribute![0].s!), "add");
});

Deno.test("a norm's inverse root mean square is its node's second output on CUDA", () => {
  const graph = new Graph();
  const y = rmsNorm(graph.input("x", ["n", 8]), graph.input("weight", [8]), 1e-6);
  assert.deepEqual(fileOf([y]).opTypes, ["SimplifiedLayerNormalization"]);
  assert.equal(fileOf([y]).nodes[0].output!.length, 2);
});

for (const graphCase of CASES) {
  const differentiable = !PLAIN.includes(graphCase) && !DECODING_KERNELS.includes(graphCase);
  Deno.test(`${graphCase.name}: as written for CUDA${differentiable ? ", with its gradient" : ""}`, async () => {
    await checkEngine(engine, graphCase, { differentiable });
  });
}

Deno.test("no tensor is left of programs for CUDA", async () => {
  assert.equal(engine.bytesInUse, 0);
  await engine.dispose();
});
