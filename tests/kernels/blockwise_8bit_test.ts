import assert from "node:assert/strict";
import fc from "fast-check";
import { createEngine, type Engine } from "../../lib/engine/mod.ts";
import { evaluate, Graph, ndarray } from "../../lib/graph/mod.ts";
import { BLOCK_8BIT, dequantizeBlockwise, dynamicLevels, quantizeBlockwise, zeroCode } from "../../lib/kernels/mod.ts";
import { adamw8bit } from "../support/adamw_8bit_golden.ts";
import { assertClose } from "../support/golden.ts";

/** The smallest normal float32, which is the least that absmax can be. */
const SMALLEST = 2 ** -126;
const BLOCKS = 4;

function graphOf(signed: boolean, blocks = BLOCKS) {
  return quantizeBlockwise(new Graph().input("x", [blocks, BLOCK_8BIT]), signed);
}

/** Whole blocks of some numbers; what is missing is filled with zeros. */
function blocksWith(numbers: readonly number[], blocks = BLOCKS): Float32Array {
  const x = new Float32Array(blocks * BLOCK_8BIT);
  x.set(numbers);
  return x;
}

/** Quantizes on an engine and returns numbers. */
async function quantizer(engine: Engine, signed: boolean, blocks = BLOCKS) {
  const program = await engine.compile({ outputs: graphOf(signed, blocks) });
  return async (x: Float32Array) => {
    const fed = engine.upload(x, [blocks, BLOCK_8BIT]);
    const { codes, absmax } = await program.run({ x: fed });
    const read = { codes: await engine.read(codes) as Uint8Array, absmax: await engine.read(absmax) as Float32Array };
    [fed, codes, absmax].forEach((tensor) => tensor.dispose());
    return read;
  };
}

/** The nearest level to each number by trying all; the larger of two as near. */
function nearestCodes(x: Float32Array, signed: boolean): Uint8Array {
  const levels = dynamicLevels(signed);
  return Uint8Array.from(x, (value, position) => {
    const start = position - position % BLOCK_8BIT;
    const absmax = Math.max(...x.subarray(start, start + BLOCK_8BIT).map(Math.abs), SMALLEST);
    const ratio = Math.fround(value / absmax);
    let nearest = 0;
    for (let code = 1; code < levels.length; code++) {
      if (Math.abs(ratio - levels[code]) <= Math.abs(ratio - levels[nearest])) nearest = code;
    }
    return nearest;
  });
}

Deno.test("dynamicLevels() are the levels of bitsandbytes' dynamic maps", () => {
  for (const [signed, map] of [[true, adamw8bit.maps.first], [false, adamw8bit.maps.second]] as const) {
    const levels = dynamicLevels(signed);
    assert.equal(levels.length, 256);
    levels.forEach((level, code) => {
      assert.ok(Math.abs(level - map[code]) <= 2e-7 * Math.abs(map[code]), `${signed}, code ${code}: ${level}`);
      assert.ok(code === 0 || level > levels[code - 1], "in rising order");
    });
    assert.equal(levels[zeroCode(signed)], 0);
  }
  assert.deepEqual([zeroCode(true), zeroCode(false)], [127, 0]);
});

const float32 = fc.float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(-1e30), max: Math.fround(1e30) });
/** Numbers in which all decades occur, and with them a block's largest. */
const spread = fc.tuple(fc.double({ min: -9, max: 0, noNaN: true }), fc.boolean()).map(([power, negative]) =>
  Math.fround(10 ** power * (negative ? -1 : 1))
);

Deno.test("quantizeBlockwise() finds the nearest level of any numbers", async () => {
  const engine = await createEngine({ threads: 1 });
  for (const signed of [true, false]) {
    const quantize = await quantizer(engine, signed);
    const numbers = fc.array(fc.oneof(spread, spread, spread, float32, fc.constantFrom(0, -0, 1, -1)), {
      maxLength: BLOCKS * BLOCK_8BIT,
      size: "max",
    });
    await fc.assert(
      fc.asyncProperty(numbers, async (list) => {
        const x = blocksWith(signed ? list : list.map(Math.abs));
        assert.deepEqual((await quantize(x)).codes, nearestCodes(x, signed));
      }),
      { numRuns: 20, seed: 8 },
    );
  }
  await engine.dispose();
});

/** Blocks whose largest number is 1, with every number that lies between two levels, exactly and three float32 to both sides. */
function numbersAtBorders(signed: boolean): Float32Array {
  const levels = dynamicLevels(signed);
  const numbers: number[] = [];
  for (let code = 0; code + 1 < levels.length; code++) {
    const bits = new Int32Array(Float32Array.of((levels[code] + levels[code + 1]) / 2).buffer);
    for (let step = -3; step <= 3; step++) {
      if (numbers.length % BLOCK_8BIT === 0) numbers.push(1);
      numbers.push(new Float32Array(Int32Array.of(bits[0] + step).buffer)[0]);
    }
  }
  return blocksWith(numbers, Math.ceil(numbers.length / BLOCK_8BIT));
}

for (const device of ["cpu", "webgpu"] as const) {
  Deno.test({
    name: `quantizeBlockwise() finds the nearest level beside each border between two on ${device}`,
    ignore: device === "webgpu" && Deno.env.get("KILN_WEBGPU") !== "1",
    fn: async () => {
      const engine = await createEngine({ device });
      for (const signed of [true, false]) {
        const x = numbersAtBorders(signed);
        const { codes } = await (await quantizer(engine, signed, x.length / BLOCK_8BIT))(x);
        assert.deepEqual(codes, nearestCodes(x, signed));
      }
      await engine.dispose();
    },
  });
}

Deno.test("quantizeBlockwise() takes the larger of two levels that are as near", async () => {
  const engine = await createEngine({ threads: 1 });
  for (const signed of [true, false]) {
    const levels = dynamicLevels(signed);
    const middles = Array.from({ length: 255 }, (_, code) => (levels[code] + levels[code + 1]) / 2);
    // Those that float32 can hold.
    const ties = middles.flatMap((middle, code) => Math.fround(middle) === middle ? [{ middle, code }] : []);
    assert.ok(ties.length > 50, `${ties.length} ties`);
    const x = blocksWith([1, ...ties.map(({ middle }) => middle)]);
    const { codes } = await (await quantizer(engine, signed))(x);
    assert.deepEqual([...codes.subarray(1, 1 + ties.length)], ties.map(({ code }) => code + 1));
  }
  await engine.dispose();
});

Deno.test("quantizeBlockwise() holds blocks of zeros, of subnormal numbers, and with the largest float32", async () => {
  const engine = await createEngine({ threads: 1 });
  const quantize = await quantizer(engine, true);
  const [subnormal, largest] = [2 ** -149, (2 - 2 ** -23) * 2 ** 127];
  const x = new Float32Array(BLOCKS * BLOCK_8BIT);
  x.fill(-0, 0, 10);
  x.set([subnormal, 3 * subnormal, -(2 ** -127)], BLOCK_8BIT);
  x.set([largest, -largest, 1, largest / 2], 2 * BLOCK_8BIT);
  const { codes, absmax } = await quantize(x);
  assert.deepEqual([...absmax], [SMALLEST, SMALLEST, largest, SMALLEST]);
  assert.deepEqual(codes, nearestCodes(x, true));
  assert.ok(codes.subarray(0, BLOCK_8BIT).every((code) => code === 127), "zeros, negative ones too");
  assert.deepEqual([...codes.subarray(2 * BLOCK_8BIT, 2 * BLOCK_8BIT + 3)], [255, 0, 127]);
  await engine.dispose();
});

Deno.test("dequantizeBlockwise() gives level times absmax on the engine and in the reference", async () => {
  const engine = await createEngine({ threads: 1 });
  for (const signed of [true, false]) {
    const graph = new Graph();
    const [codes, absmax] = [graph.input("codes", [2, 256], "uint8"), graph.input("absmax", [2, 1])];
    const x = dequantizeBlockwise({ codes, absmax }, signed);
    const all = Uint8Array.from({ length: 512 }, (_, i) => i % 256);
    const expected = Float64Array.from(all, (code, i) => dynamicLevels(signed)[code] * (i < 256 ? 1 : 3));
    const [reference] = evaluate([x], { codes: ndarray([2, 256], all), absmax: ndarray([2, 1], [1, 3]) });
    assert.deepEqual(reference.data, expected);
    const program = await engine.compile({ outputs: { x } });
    const fed = { codes: engine.upload(all, [2, 256]), absmax: engine.upload(Float32Array.of(1, 3), [2, 1]) };
    assert.deepEqual((await program.run(fed)).x.data, Float32Array.from(expected));
  }
  await engine.dispose();
});

Deno.test("quantizeBlockwise() and dequantizeBlockwise() lose a little of normal numbers, in the reference as on the engine", async () => {
  const engine = await createEngine({ threads: 1 });
  const x = Float32Array.from({ length: BLOCKS * BLOCK_8BIT }, (_, i) => Math.sin(i * i) * 10 ** (i % 3));
  const quantized = graphOf(true);
  const [codes, absmax] = evaluate([quantized.codes, quantized.absmax], { x: ndarray([BLOCKS, BLOCK_8BIT], x) });
  const engines = await (await quantizer(engine, true))(x);
  assert.deepEqual(Uint8Array.from(codes.data), engines.codes);
  assert.deepEqual(Float32Array.from(absmax.data), engines.absmax);
  const back = x.map((_, i) => dynamicLevels(true)[codes.data[i]] * absmax.data[Math.floor(i / BLOCK_8BIT)]);
  assertClose(back, x, "numbers from their codes", 0.01);
  await engine.dispose();
});
