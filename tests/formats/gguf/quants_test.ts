import assert from "node:assert/strict";
import fc from "fast-check";
import { type GgufTensorType, ggufTypes } from "../../../lib/formats/gguf/format.ts";
import { codecs, dequantizerOf } from "../../../lib/formats/gguf/quants/mod.ts";
import { openQuantizers } from "../../../lib/formats/gguf/quants/pool.ts";
import { openSafetensors } from "../../../lib/models/mod.ts";
import { GOLDEN, goldenJson } from "../../support/golden.ts";

const golden = await openSafetensors(`${GOLDEN}gguf/blocks.safetensors`);
const weights = await golden.readF32("weights");
const digests = (await goldenJson<{ dequantizedSha256: Record<GgufTensorType, string> }>("gguf/blocks.json"))
  .dequantizedSha256;
const bytesOf = async (name: string) => await golden.read(name) as Uint8Array;

async function sha256(values: Float32Array): Promise<string> {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice();
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

function quantized(type: GgufTensorType, values: Float32Array): Uint8Array {
  const { blockSize, blockBytes } = ggufTypes[type];
  const blocks = new Uint8Array(values.length / blockSize * blockBytes).fill(0xaa);
  codecs[type].quantize(values, blocks);
  return blocks;
}

function dequantized(type: GgufTensorType, blocks: Uint8Array): Float32Array {
  const { blockSize, blockBytes } = ggufTypes[type];
  const values = new Float32Array(blocks.length / blockBytes * blockSize).fill(NaN);
  dequantizerOf(type)!.dequantize(blocks, values);
  return values;
}

for (const type of ["F16", "BF16", "Q8_0", "Q5_0", "Q4_0", "Q6_K", "Q4_K"] as const) {
  Deno.test(`quantize() makes llama.cpp's blocks to the bit when the type is ${type}`, async () => {
    const expected = await bytesOf(`${type}.blocks`);
    assert.deepEqual(quantized(type, weights), expected);
  });
}

for (
  const type of ["Q8_0", "Q5_0", "Q4_0", "Q6_K", "Q4_K", "Q4_1", "Q5_1", "Q2_K", "Q3_K", "Q5_K", "F16", "BF16"] as const
) {
  Deno.test(`dequantize() gives gguf-py's numbers to the bit when the type is ${type}`, async () => {
    const stored = type as GgufTensorType;
    assert.equal(await sha256(dequantized(stored, await bytesOf(`${type}.blocks`))), digests[stored]);
    if (!golden.has(`${type}.randomBlocks`)) return;
    const expected = await golden.readF32(`${type}.randomNumbers`);
    assert.deepEqual(
      new Uint32Array(dequantized(stored, await bytesOf(`${type}.randomBlocks`)).buffer),
      new Uint32Array(expected.buffer),
    );
  });
}

/**
 * The largest error that a type may make in a block, in parts of its largest absolute weight, and in what a scale's
 * float16 may be off by (2^-25 for the smallest), which it multiplies: Q6_K cannot hold weights below 1e-4 if there are
 * no larger ones.
 */
const worstError: Record<GgufTensorType, { relative: number; scales: number }> = {
  F32: { relative: 0, scales: 0 },
  F16: { relative: 2 ** -11, scales: 1 },
  BF16: { relative: 2 ** -8, scales: 0 },
  // Half a step, or a whole one at the end that has one step less, and the rounding of the scale.
  Q8_0: { relative: 0.5 / 127 + 0.001, scales: 127 },
  Q5_0: { relative: 1 / 16 + 0.001, scales: 16 },
  Q4_0: { relative: 1 / 8 + 0.001, scales: 8 },
  // Here the scales of the parts are rounded too.
  Q6_K: { relative: 1 / 10, scales: 32 * 128 },
  Q4_K: { relative: 1 / 4, scales: 63 * 15 + 63 },
};

for (const type of Object.keys(worstError) as GgufTensorType[]) {
  Deno.test(`dequantize() stays near the weights when they were quantized to ${type}`, () => {
    const weight = fc.oneof(
      fc.float({ min: -1, max: 1, noNaN: true }),
      fc.constantFrom(0, -0, 1, -1, Math.fround(1e-3), Math.fround(-1e-6), Math.fround(1e-20)),
    );
    fc.assert(
      fc.property(
        fc.array(weight, { minLength: 256, maxLength: 256 }),
        fc.constantFrom(1, 1e-4, 300),
        (block, factor) => {
          const values = Float32Array.from(block, (x) => x * factor);
          const largest = values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
          const back = dequantized(type, quantized(type, values));
          for (let i = 0; i < 256; i++) {
            const error = Math.abs(back[i] - values[i]);
            const bound = worstError[type].relative * largest + worstError[type].scales * 2 ** -25;
            assert.ok(error <= bound, `${values[i]} became ${back[i]}, off by ${error}, at most ${bound}`);
          }
        },
      ),
      { numRuns: 100 },
    );
  });
}

Deno.test("quantize() makes zeros of weights that are all zero when the type is any", () => {
  for (const type of Object.keys(codecs) as GgufTensorType[]) {
    const back = dequantized(type, quantized(type, new Float32Array(512)));
    assert.ok(back.every((value) => value === 0), type);
  }
});

Deno.test("quantize() and dequantize() work on bytes that start at an odd offset when the type is any", () => {
  const values = weights.subarray(0, 512);
  for (const type of Object.keys(codecs) as GgufTensorType[]) {
    const expected = quantized(type, values);
    const odd = new Uint8Array(expected.length + 2).fill(7);
    codecs[type].quantize(values, odd.subarray(1, -1));
    assert.deepEqual(odd, Uint8Array.of(7, ...expected, 7), type);
    assert.deepEqual(dequantized(type, odd.subarray(1, -1)), dequantized(type, expected), type);
  }
});

Deno.test("openQuantizers() gives the same blocks when threads make them", async () => {
  for (const workers of [0, 1, 3]) {
    const quantizers = openQuantizers(workers);
    try {
      for (const type of ["Q4_K", "Q6_K"] as const) {
        const rows = Array.from({ length: 16 }, (_, row) => weights.subarray(row * 512, (row + 1) * 512));
        const blocks = workers === 0 ? [] : await Promise.all(rows.map((row) => quantizers.quantize(type, row)));
        if (workers === 0) { for (const row of rows) blocks.push((await quantizers.quantize(type, row)).slice()); }
        const expected = await bytesOf(`${type}.blocks`);
        assert.deepEqual(new Uint8Array(await new Blob(blocks as BlobPart[]).arrayBuffer()), expected);
      }
    } finally {
      quantizers.close();
    }
  }
});
