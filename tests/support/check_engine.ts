/** Judges what an engine computes by the float64 reference. */
import assert from "node:assert/strict";
import type { DeviceTensor, Engine, TensorData } from "../../lib/engine/mod.ts";
import { type DType, evaluate, gradients, type NdArray, type Tensor } from "../../lib/graph/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { recordError } from "./measured_error.ts";
import { buildCase, differentiated, type GraphCase } from "./graph_case.ts";

/** Numbers as an engine takes them. */
export function toTensorData({ data }: NdArray, dtype: DType): TensorData {
  switch (dtype) {
    case "float32":
      return Float32Array.from(data);
    case "int64":
      return BigInt64Array.from(data, BigInt);
    case "int32":
      return Int32Array.from(data);
    case "bool":
    case "uint8":
      return Uint8Array.from(data);
    case "float16":
      throw new Error("float16 is not drawn by cases");
  }
}

/** Compiles and runs outputs on an engine, and returns them as the reference has them. */
export async function runOnEngine(
  engine: Engine,
  outputs: Record<string, Tensor>,
  feeds: Record<string, NdArray>,
): Promise<Record<string, NdArray>> {
  const program = await engine.compile({ outputs });
  const { inputs } = Object.values(outputs)[0].graph;
  const fed: Record<string, DeviceTensor> = {};
  for (const name of program.inputNames) {
    const { dtype } = inputs.find((input) => input.name === name)!;
    fed[name] = engine.upload(toTensorData(feeds[name], dtype), feeds[name].shape, dtype);
  }
  const results = await program.run(fed);
  const read: Record<string, NdArray> = {};
  for (const [name, tensor] of Object.entries(results)) {
    read[name] = { shape: [...tensor.shape], data: Float64Array.from(await engine.read(tensor), Number) };
  }
  [...Object.values(fed), ...Object.values(results)].forEach((tensor) => tensor.dispose());
  await program.dispose();
  return read;
}

/**
 * Compares an engine's outputs and gradients with the reference.
 *
 * @param tolerance Largest length of the difference relative to the length of the tensor (float32).
 * @param differentiable False where there is no gradient to compare.
 */
export async function checkEngine(
  engine: Engine,
  graphCase: GraphCase,
  { tolerance = 1e-5, differentiable = true } = {},
): Promise<void> {
  const built = buildCase(graphCase);
  const { graph, inputs, outputs } = built;
  const feeds = { ...built.feeds };
  const wanted: Record<string, Tensor> = {};
  outputs.forEach((output, i) => wanted[`output ${i}`] = output);
  if (differentiable) {
    const { wrt, losses } = differentiated(graphCase, built);
    const random = new Random(graphCase.name);
    const plain = evaluate(losses, feeds);
    const seeds = losses.map((tensor, i) => {
      feeds[`weights ${i}`] = { shape: plain[i].shape, data: plain[i].data.map(() => Math.fround(random.normal())) };
      return { tensor, gradient: graph.input(`weights ${i}`, tensor.shape) };
    });
    const computed = gradients(seeds, wrt.map((name) => inputs[name]));
    computed.forEach((tensor, i) => wanted[`gradient by ${wrt[i]}`] = tensor);
  }
  const names = Object.keys(wanted);
  const expected = evaluate(Object.values(wanted), feeds);
  const results = await runOnEngine(engine, wanted, feeds);
  names.forEach((name, i) => {
    assertClose(results[name], expected[i], tolerance, `${graphCase.name} on ${engine.device}: ${name}`);
  });
}

/** Asserts equal shapes, and values equal up to `tolerance` relative to the length of `expected`. */
export function assertClose(actual: NdArray, expected: NdArray, tolerance: number, what: string): void {
  assert.deepEqual(actual.shape, expected.shape, `${what}: shape`);
  let [difference, length] = [0, 0];
  expected.data.forEach((value, i) => {
    difference += (actual.data[i] - value) ** 2;
    length += value ** 2;
  });
  const error = Math.sqrt(difference);
  // A result that cancels to nothing has no length to measure by.
  if (length > 1e-12) recordError("reference", what, error / Math.sqrt(length));
  // Written so that NaN fails. The floor lets results that cancel to nothing differ by a few roundings.
  assert.ok(
    error <= tolerance * Math.sqrt(length) + 1e-7,
    `${what}: off by ${(error / Math.sqrt(length)).toExponential(1)} of its length; ` +
      `got ${show(actual)}, expected ${show(expected)}`,
  );
}

function show({ data }: NdArray): string {
  const head = [...data.subarray(0, 6)].map((value) => Number(value.toPrecision(7))).join(", ");
  return `[${head}${data.length > 6 ? ", ..." : ""}]`;
}
