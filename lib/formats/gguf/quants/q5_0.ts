import { float16At, storeFloat16 } from "./float16.ts";
import { inverseOf, largestByAbsolute } from "./scale.ts";

/**
 * Weights and bytes of a block: a float16 scale, 32 bits with the fifth bit of each weight, then 16 bytes with the
 * lower four of weight i and, in the upper half, of weight i + 16.
 */
const size = 32, half = 16, bytes = 22;
const { fround } = Math;

/**
 * As {@link Codec.quantize}: the weight of the largest absolute value becomes -16 steps, so the other end is 15 at
 * most.
 */
export function quantize(values: Float32Array, into: Uint8Array): void {
  for (let start = 0, at = 0; start < values.length; start += size, at += bytes) {
    const scale = fround(largestByAbsolute(values, start, size) / -16);
    const inverse = inverseOf(scale);
    storeFloat16(into, at, scale);
    let fifths = 0;
    for (let i = 0; i < half; i++) {
      const low = atMost31(fround(fround(values[start + i] * inverse) + 16.5));
      const high = atMost31(fround(fround(values[start + half + i] * inverse) + 16.5));
      into[at + 6 + i] = low & 15 | (high & 15) << 4;
      fifths |= low >> 4 << i | high >> 4 << i + half;
    }
    for (let i = 0; i < 4; i++) into[at + 2 + i] = fifths >>> 8 * i;
  }
}

function atMost31(steps: number): number {
  return steps >= 31 ? 31 : steps | 0;
}

/** As {@link Dequantizer.dequantize}. */
export function dequantize(blocks: Uint8Array, into: Float32Array): void {
  for (let start = 0, at = 0; start < into.length; start += size, at += bytes) {
    const scale = float16At(blocks, at);
    for (let i = 0; i < half; i++) {
      const pair = blocks[at + 6 + i];
      const fifth = blocks[at + 2 + (i >> 3)] >> (i & 7) & 1;
      const fifthOfHigh = blocks[at + 4 + (i >> 3)] >> (i & 7) & 1;
      into[start + i] = ((pair & 15 | fifth << 4) - 16) * scale;
      into[start + half + i] = ((pair >> 4 | fifthOfHigh << 4) - 16) * scale;
    }
  }
}
