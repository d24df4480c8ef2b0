import { float16At } from "./float16.ts";

/**
 * Weights and bytes of a block: a float16 scale, a float16 minimum, 32 bits with the fifth bit of each weight, then 16
 * bytes with the lower four of weight i and, in the upper half, of weight i + 16.
 */
const size = 32, half = 16, bytes = 24;
const { fround } = Math;

/** As {@link Dequantizer.dequantize}. */
export function dequantize(blocks: Uint8Array, into: Float32Array): void {
  for (let start = 0, at = 0; start < into.length; start += size, at += bytes) {
    const scale = float16At(blocks, at), minimum = float16At(blocks, at + 2);
    for (let i = 0; i < half; i++) {
      const pair = blocks[at + 8 + i];
      const fifth = blocks[at + 4 + (i >> 3)] >> (i & 7) & 1;
      const fifthOfHigh = blocks[at + 6 + (i >> 3)] >> (i & 7) & 1;
      into[start + i] = fround((pair & 15 | fifth << 4) * scale) + minimum;
      into[start + half + i] = fround((pair >> 4 | fifthOfHigh << 4) * scale) + minimum;
    }
  }
}
