import assert from "node:assert/strict";
import { createEngine, type Engine } from "../../lib/engine/mod.ts";
import { cast, evaluate, gradients, Graph, linear, type NdArray } from "../../lib/graph/mod.ts";
import { denseWeight, weightedLinear, weightRows } from "../../lib/kernels/mod.ts";
import { narrowToFloat16 } from "../../lib/models/mod.ts";
import { randomArray } from "../support/random_array.ts";

const [ROWS, INPUTS, OUTPUTS] = [5, 64, 24];

/** Rows of x and of dy are this large: float16 alone would lose the first two and overflow at the last two. */
const MAGNITUDES = [1e-9, 1e-7, 1, 1e5, 1e9];

function rowsOf(seed: string, width: number): Float32Array {
  const { data } = randomArray([ROWS, width], seed);
  return Float32Array.from(data, (value, i) => value * MAGNITUDES[Math.floor(i / width)]);
}

/** y = x W^T and dx = dy W, for one row in float64. */
function rowTimes(row: Float32Array, weight: Float32Array, transposed: boolean): number[] {
  const length = transposed ? OUTPUTS : INPUTS;
  return Array.from({ length }, (_, j) => {
    let total = 0;
    for (let i = 0; i < row.length; i++) total += row[i] * weight[transposed ? j * INPUTS + i : i * INPUTS + j];
    return total;
  });
}

async function checkProducts(engine: Engine, compute: "float32" | "float16", tolerance: number): Promise<void> {
  const halves = new Uint16Array(OUTPUTS * INPUTS);
  narrowToFloat16(Float32Array.from(randomArray([OUTPUTS, INPUTS], "weight").data), halves);
  const weight = Float32Array.from(new Float16Array(halves.buffer));
  const [x, dy] = [rowsOf("x", INPUTS), rowsOf("dy", OUTPUTS)];

  const graph = new Graph();
  const input = graph.input("x", ["rows", INPUTS]);
  const y = weightedLinear(input, { float16: graph.input("weight", [OUTPUTS, INPUTS], "float16"), compute });
  const [dx] = gradients([{ tensor: y, gradient: graph.input("dy", ["rows", OUTPUTS]) }], [input]);
  const program = await engine.compile({ outputs: { y, dx } });
  const feeds = {
    x: engine.upload(x, [ROWS, INPUTS]),
    dy: engine.upload(dy, [ROWS, OUTPUTS]),
    weight: engine.upload(halves, [OUTPUTS, INPUTS], "float16"),
  };
  const results = await program.run(feeds);
  for (const [name, from, width, transposed] of [["y", x, OUTPUTS, true], ["dx", dy, INPUTS, false]] as const) {
    const numbers = await engine.read(results[name]) as Float32Array;
    const given = from.length / ROWS;
    for (let row = 0; row < ROWS; row++) {
      const expected = rowTimes(from.subarray(row * given, (row + 1) * given), weight, transposed);
      const error = Math.hypot(...expected.map((value, j) => numbers[row * width + j] - value));
      assert.ok(error <= tolerance * Math.hypot(...expected), `${name} of magnitude ${MAGNITUDES[row]}: ${error}`);
    }
  }
  [...Object.values(feeds), ...Object.values(results)].forEach((tensor) => tensor.dispose());
  await program.dispose();
}

Deno.test("weightedLinear() in float16 loses no row to under- or overflow, in the reference that rounds as float16 does", () => {
  const graph = new Graph();
  const x = graph.input("x", [ROWS, INPUTS]);
  const float16 = graph.input("weight", [OUTPUTS, INPUTS], "float16");
  const y = weightedLinear(x, { float16, compute: "float16" });
  const [dx] = gradients([{ tensor: y, gradient: graph.input("dy", [ROWS, OUTPUTS]) }], [x]);
  const exact = linear(x, cast(float16, "float32"));
  const [exactDx] = gradients([{ tensor: exact, gradient: graph.inputs[2] }], [x]);
  const array = (shape: number[], data: Float32Array): NdArray => ({ shape, data: Float64Array.from(data) });
  const [results, gradient, expected, expectedGradient] = evaluate([y, dx, exact, exactDx], {
    x: array([ROWS, INPUTS], rowsOf("x", INPUTS)),
    dy: array([ROWS, OUTPUTS], rowsOf("dy", OUTPUTS)),
    weight: array([OUTPUTS, INPUTS], Float32Array.from(randomArray([OUTPUTS, INPUTS], "weight").data)),
  });
  for (const [got, wanted] of [[results, expected], [gradient, expectedGradient]]) {
    const width = wanted.shape[1];
    for (let row = 0; row < ROWS; row++) {
      const part = wanted.data.subarray(row * width, (row + 1) * width);
      const error = Math.hypot(...part.map((value, j) => got.data[row * width + j] - value));
      assert.ok(error > 0 && error < 1e-3 * Math.hypot(...part), `magnitude ${MAGNITUDES[row]}: ${error}`);
    }
  }
});

const DEVICES = [
  { device: "cpu", ignore: false },
  { device: "webgpu", ignore: Deno.env.get("KILN_WEBGPU_F16") !== "1" },
] as const;

for (const { device, ignore } of DEVICES) {
  for (const [compute, tolerance] of [["float32", 1e-6], ["float16", 5e-3]] as const) {
    Deno.test({
      name: `weightedLinear() of a float16 matrix in ${compute} is right for rows from 1e-9 to 1e9 (${device})`,
      ignore,
      fn: async () => {
        const engine = await createEngine({ device });
        await checkProducts(engine, compute, tolerance);
        await engine.dispose();
      },
    });
  }
}

Deno.test("weightedLinear() in float16 leaves rows of zeros as they are", async () => {
  const engine = await createEngine({ threads: 1 });
  const graph = new Graph();
  const weight = { float16: graph.input("weight", [2, 3], "float16"), compute: "float16" as const };
  const program = await engine.compile({ outputs: { y: weightedLinear(graph.input("x", [2, 3]), weight) } });
  const { y } = await program.run({
    x: engine.upload(Float32Array.of(0, 0, 0, 1, 2, 3), [2, 3]),
    weight: engine.upload(new Uint16Array(6).fill(0x3c00), [2, 3], "float16"),
  });
  const numbers = y.data as Float32Array;
  assert.deepEqual([...numbers.subarray(0, 2)], [0, 0]);
  assert.ok(Math.abs(numbers[2] - 6) < 0.01);
  await engine.dispose();
});

Deno.test("denseWeight() and weightRows() widen float16 exactly, and leave float32 as it is", async () => {
  const engine = await createEngine({ threads: 1 });
  const graph = new Graph();
  const float16 = graph.input("float16", [2, 2], "float16");
  const half = { float16, compute: "float32" as const };
  const ids = graph.input("ids", ["ids"], "int64");
  const full = graph.input("full", [2, 2]);
  assert.equal(denseWeight(full), full);
  const program = await engine.compile({ outputs: { all: denseWeight(half), rows: weightRows(half, ids) } });
  const { all, rows } = await program.run({
    // 1, the smallest subnormal, the largest number, -2
    float16: engine.upload(Uint16Array.of(0x3c00, 0x0001, 0x7bff, 0xc000), [2, 2], "float16"),
    ids: engine.upload(BigInt64Array.of(1n, 0n, 1n), [3]),
  });
  assert.deepEqual([...all.data as Float32Array], [1, 2 ** -24, 65504, -2]);
  assert.deepEqual([...rows.data as Float32Array], [65504, -2, 1, 2 ** -24, 65504, -2]);
  await engine.dispose();
});

Deno.test("weightedLinear() of a bounded float16 matrix computes in float16 as it is, which nothing large survives", () => {
  const graph = new Graph();
  const x = graph.input("x", [ROWS, INPUTS]);
  const float16 = cast(graph.input("weight", [OUTPUTS, INPUTS]), "float16");
  const y = weightedLinear(x, { float16, compute: "float16", bounded: true });
  const weight = randomArray([OUTPUTS, INPUTS], "weight");
  const numbers = rowsOf("x", INPUTS);
  const [{ data }] = evaluate([y], { x: { shape: [ROWS, INPUTS], data: Float64Array.from(numbers) }, weight });
  const errorOf = (row: number) => {
    const expected = rowTimes(numbers.subarray(row * INPUTS, (row + 1) * INPUTS), Float32Array.from(weight.data), true);
    const difference = expected.map((value, j) => data[row * OUTPUTS + j] - value);
    return Math.hypot(...difference) / Math.hypot(...expected);
  };
  const usual = MAGNITUDES.indexOf(1);
  assert.ok(errorOf(usual) < 1e-3, `error ${errorOf(usual)}`);
  assert.ok(!(errorOf(MAGNITUDES.indexOf(1e9)) < 1), "rows beyond 65504 need the scaling");
});
