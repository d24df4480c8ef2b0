/** What ONNX Runtime makes of frozen weights in less than float32, seen in the graph that it optimizes. */
import assert from "node:assert/strict";
import onnxProto from "onnx-proto";
import * as ort from "onnxruntime-node";
import { CpuEngine } from "../../lib/engine/cpu_engine.ts";
import { add, cast, dequantize, Graph, linear, quantizedShapes, serialize, sizeOf } from "../../lib/graph/mod.ts";
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
  let wide = 0;
  await inFolder(async (folder) => {
    const optimizedModelFilePath = `${folder}/optimized.onnx`;
    const options = { ...new CpuEngine(1).optionsFor({ foldConstants }), optimizedModelFilePath };
    const session = await ort.InferenceSession.create(bytes, options);
    await session.release();
    const { graph } = onnxProto.onnx.ModelProto.decode(await Deno.readFile(optimizedModelFilePath));
    for (const { dataType, dims } of graph!.initializer!) {
      if (dataType === 1) wide += 4 * sizeOf(dims!.map(Number));
    }
  });
  return wide;
}

Deno.test("foldConstants: false keeps frozen weights as small as they are, which ONNX Runtime would widen", async () => {
  const matrix = 4 * SIZE * SIZE;
  assert.ok(await wideBytes(true) >= 2 * matrix);
  // Scales are float32: an eighth of a 4-bit matrix's numbers.
  assert.ok(await wideBytes(false) < matrix / 16);
});
