/**
 * Programs written for whoever reads the file: that they are made of nodes of the ONNX standard wherever there are some, and
 * compute the reference's numbers.
 */
import assert from "node:assert/strict";
import onnxProto from "onnx-proto";
import { CpuEngine } from "../../lib/engine/cpu_engine.ts";
import { dequantizeRows, Graph, matmul, serialize, type Tensor } from "../../lib/graph/mod.ts";
import { rmsNorm, silu } from "../../lib/kernels/mod.ts";
import { DIFFERENTIABLE, PLAIN } from "../graph/ops/operator_cases.ts";
import { DECODING_KERNELS, TRAINING_KERNELS } from "../kernels/kernel_cases.ts";
import { checkEngine } from "../support/check_engine.ts";
import { DECODER_BLOCK } from "../support/decoder_block.ts";
import { buildCase, type GraphCase } from "../support/graph_case.ts";

class PortableOnCpu extends CpuEngine {
  override get dialect() {
    return "portable" as const;
  }
}

const engine = new PortableOnCpu(1);

/** The standard has no products of few bits; the rotary kernel and the approximate GELU are one node in all dialects. */
const NOT_STANDARD = new Set(["MatMulNBits", "RotaryEmbedding", "Gelu"]);

function nodesOf(outputs: readonly Tensor[]) {
  return onnxProto.onnx.ModelProto.decode(serialize({ outputs, target: "portable" }).bytes).graph!.node!;
}

/** ONNX Runtime's CPU provider computes products of 8 bits from an `x` in 8 bits; see `decoder_test.ts` for how far that is off. */
const isRounded = ({ name }: GraphCase) => name.startsWith("quantizedLinear of 8 bits");

const CASES: readonly GraphCase[] = [
  ...DIFFERENTIABLE,
  ...TRAINING_KERNELS,
  DECODER_BLOCK,
  ...PLAIN,
  ...DECODING_KERNELS,
];

Deno.test("portable programs are written in nodes of the standard wherever there are some", () => {
  const nodes = CASES.flatMap((graphCase) => nodesOf(buildCase(graphCase).outputs));
  assert.ok(nodes.length > 300);
  const others = new Set(nodes.filter(({ domain }) => domain).map(({ opType }) => opType!));
  assert.deepEqual(others.difference(NOT_STANDARD), new Set());
  // ONNX Runtime knows it in the standard's domain, the standard does not.
  assert.ok(nodes.every(({ opType }) => opType !== "SimplifiedLayerNormalization"));
});

Deno.test("a norm, an activation and a product are the portable patterns that runtimes fuse", () => {
  const graph = new Graph();
  const x = graph.input("x", ["n", 8]);
  const typesOf = (output: Tensor) => nodesOf([output]).map(({ opType }) => opType);
  const norm = rmsNorm(x, graph.input("norm", [8]), 1e-6);
  assert.deepEqual(typesOf(norm), ["Pow", "ReduceMean", "Add", "Sqrt", "Div", "Mul"]);
  assert.deepEqual(typesOf(silu(x)), ["Sigmoid", "Mul"]);
  assert.deepEqual(typesOf(matmul(x, graph.input("weight", [3, 8]), { transposeB: true })), ["Gemm"]);
});

Deno.test("portable rows of a quantized table are widened behind the lookup, not the whole table", () => {
  const graph = new Graph();
  const table = {
    bits: 8 as const,
    codes: graph.input("codes", [500, 2, 32], "uint8"),
    scales: graph.input("scales", [500, 2]),
    zeroPoints: null,
  };
  const nodes = nodesOf([dequantizeRows(table, graph.input("ids", ["n"], "int64"))]);
  for (const { opType, input } of nodes) {
    if (opType !== "Gather") assert.ok(!input!.includes("codes") && !input!.includes("scales"), opType!);
  }
});

for (const graphCase of CASES) {
  const differentiable = !PLAIN.includes(graphCase) && !DECODING_KERNELS.includes(graphCase);
  Deno.test(`${graphCase.name}: as written for everybody${differentiable ? ", with its gradient" : ""}`, async () => {
    await checkEngine(engine, graphCase, { differentiable, ...(isRounded(graphCase) && { tolerance: 1e-2 }) });
  });
}

Deno.test("no tensor is left of portable programs", async () => {
  assert.equal(engine.bytesInUse, 0);
  await engine.dispose();
});
