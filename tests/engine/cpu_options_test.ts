/** What ONNX Runtime makes of what we write for the CPU, seen in the graph that it optimizes. */
import assert from "node:assert/strict";
import onnxProto from "onnx-proto";
import * as ort from "onnxruntime-node";
import { CpuEngine } from "../../lib/engine/cpu_engine.ts";
import {
  add,
  cast,
  dequantize,
  Graph,
  linear,
  matmul,
  quantizedShapes,
  serialize,
  sizeOf,
} from "../../lib/graph/mod.ts";
import { inFolder } from "../support/in_folder.ts";

const SIZE = 64;

/** Bytes of the float32 constants of a program with a float16 and a 4-bit matrix, after ONNX Runtime has optimized it. */
async function wideBytes(foldConstants: boolean): Promise<number> {
  const graph = new Graph();
  const x = graph.input("x", ["n", SIZE]);
  const half = graph.input("half", [SIZE, SIZE], "float16");
  const parts = quantizedShapes(4, SIZE, SIZE);
  const codes = graph.input("codes", parts.codes, "uint8");
  const scales = graph.input("scales", parts.scales);
  const quantized = dequantize({ bits: 4, codes, scales, zeroPoints: null });
  const y = add(linear(x, cast(half, "float32")), linear(x, quantized));
  const { bytes } = serialize({
    outputs: [y],
    target: "cpu",
    initializers: {
      half: { data: new Uint16Array(SIZE * SIZE).fill(0x3c00), shape: [SIZE, SIZE] },
      codes: { data: new Uint8Array(sizeOf(parts.codes)).fill(0x79), shape: parts.codes },
      scales: { data: new Float32Array(sizeOf(parts.scales)).fill(1), shape: parts.scales },
    },
  });
  const { initializer } = await optimized(bytes, foldConstants);
  const wide = initializer!.filter(({ dataType }) => dataType === 1);
  return wide.reduce((sum, { dims }) => sum + 4 * sizeOf(dims!.map(Number)), 0);
}

/** The graph that runs in the end. */
async function optimized(bytes: Uint8Array, foldConstants: boolean): Promise<onnxProto.onnx.IGraphProto> {
  const found: onnxProto.onnx.IGraphProto[] = [];
  await inFolder(async (folder) => {
    const optimizedModelFilePath = `${folder}/optimized.onnx`;
    const options = { ...new CpuEngine(1).optionsFor({ foldConstants }), optimizedModelFilePath };
    const session = await ort.InferenceSession.create(bytes, options);
    await session.release();
    found.push(onnxProto.onnx.ModelProto.decode(await Deno.readFile(optimizedModelFilePath)).graph!);
  });
  return found[0];
}

Deno.test("foldConstants: false keeps frozen weights as small as they are, which ONNX Runtime would widen", async () => {
  const matrix = 4 * SIZE * SIZE;
  assert.ok(await wideBytes(true) >= 2 * matrix);
  // Scales are float32: an eighth of a 4-bit matrix's numbers.
  assert.ok(await wideBytes(false) < matrix / 16);
});

Deno.test("a factor that is transposed apart from its product stays so, whether constants are folded or not", async () => {
  const graph = new Graph();
  const y = matmul(graph.input("a", ["n", 8]), graph.input("b", ["n", 600]), { transposeA: true });
  const { bytes } = serialize({ outputs: [y], target: "cpu" });
  for (const foldConstants of [true, false]) {
    const { node } = await optimized(bytes, foldConstants);
    assert.deepEqual(node!.map(({ opType }) => opType), ["Transpose", "MatMul"]);
  }
});

Deno.test("threads stay awake between operators only in programs that ask for low latency", () => {
  const engine = new CpuEngine(1);
  const spins = (lowLatency?: boolean) => engine.optionsFor({ lowLatency }).extra.session.intra_op.allow_spinning;
  assert.deepEqual([spins(), spins(false), spins(true)], ["0", "0", "1"]);
});
