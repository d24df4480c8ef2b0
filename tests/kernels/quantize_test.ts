import assert from "node:assert/strict";
import fc from "fast-check";
import { dequantize, evaluate, Graph, type NdArray, quantizedShapes } from "../../lib/graph/mod.ts";
import { quantize } from "../../lib/kernels/mod.ts";
import { randomArray } from "../support/random_array.ts";

const FORMS = [
  { bits: 4, symmetric: true },
  { bits: 4, symmetric: false },
  { bits: 8, symmetric: true },
  { bits: 8, symmetric: false },
] as const;

type Form = (typeof FORMS)[number];

/** What a matrix is after it was rounded and read again, by the float64 reference. */
function roundTrip(weight: Float32Array, [rows, columns]: [number, number], form: Form) {
  const { codes, scales, zeroPoints } = quantize(weight, [rows, columns], form);
  const shapes = quantizedShapes(form.bits, rows, columns);
  const graph = new Graph();
  const matrix = dequantize({
    bits: form.bits,
    codes: graph.input("codes", shapes.codes, "uint8"),
    scales: graph.input("scales", shapes.scales),
    zeroPoints: form.symmetric ? null : graph.input("zeroPoints", shapes.zeroPoints, "uint8"),
  });
  const array = (shape: number[], data: ArrayLike<number>): NdArray => ({ shape, data: Float64Array.from(data) });
  const [read] = evaluate([matrix], {
    codes: array(shapes.codes, codes),
    scales: array(shapes.scales, scales),
    ...(zeroPoints ? { zeroPoints: array(shapes.zeroPoints, zeroPoints) } : {}),
  });
  return { read: read.data, scales };
}

const block = fc.array(
  fc.float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(-1e30), max: Math.fround(1e30) }),
  {
    minLength: 32,
    maxLength: 32,
  },
);

for (const form of FORMS) {
  const name = `${form.bits} bits, ${form.symmetric ? "symmetric" : "zero points"}`;

  Deno.test(`quantize() is off by half a scale at most (${name})`, () => {
    fc.assert(fc.property(fc.array(block, { minLength: 3, maxLength: 3 }), (blocks) => {
      const weight = Float32Array.from(blocks.flat());
      const { read, scales } = roundTrip(weight, [1, 96], form);
      read.forEach((value, i) => {
        const scale = Math.abs(scales[Math.floor(i / 32)]);
        // The number that would need one code more than there is.
        const most = (form.symmetric && Math.abs(weight[i]) > scale * (2 ** (form.bits - 1) - 1)) ? 1 : 0.5;
        const lost = 2 ** form.bits * 2 ** -150; // of the smallest scales
        assert.ok(Math.abs(value - weight[i]) <= most * scale * (1 + 1e-4) + lost);
      });
    }));
  });

  Deno.test(`quantize() keeps zeros, and the number of largest magnitude (${name})`, () => {
    for (const largest of [-7, 7]) {
      const weight = Float32Array.from(randomArray([64], "weight").data);
      weight.fill(0, 32);
      weight[5] = largest;
      weight[9] = 0;
      const { read } = roundTrip(weight, [2, 32], form);
      assert.ok(read.subarray(32).every((value) => value === 0));
      assert.ok(read[9] === 0);
      if (form.symmetric) assert.ok(Math.abs(read[5] - largest) < 1e-6);
    }
  });

  Deno.test(`quantize() of numbers that codes hold exactly changes nothing (${name})`, () => {
    const levels = 2 ** form.bits;
    const zero = form.symmetric ? levels / 2 : 5;
    // Every code once or more, so that a block's extremes are the outermost codes.
    const weight = Float32Array.from({ length: 32 * 8 }, (_, i) => {
      const code = i % 32 === 0 ? 0 : i % 32 === 1 ? levels - 1 : (i * 7) % levels;
      return 0.25 * (code - zero);
    });
    assert.deepEqual([...roundTrip(weight, [4, 64], form).read], [...weight]);
  });
}

Deno.test("quantize() refuses numbers that are not finite, saying in which row, and rows that are not whole blocks", () => {
  for (const broken of [NaN, Infinity, -Infinity]) {
    const weight = new Float32Array(96);
    weight[70] = broken;
    for (const form of FORMS) {
      assert.throws(
        () => quantize(weight, [3, 32], form),
        new RegExp(`expected finite numbers, got ${broken} in row 2`),
      );
    }
  }
  assert.throws(
    () => quantize(new Float32Array(48), [1, 48], FORMS[0]),
    /\[1, 48\]: expected a multiple of 32 columns/,
  );
});
