import { float16At } from "./float16.ts";

/**
 * Weights and bytes of a block: a float16 scale, a float16 minimum, then 16 bytes with weight i in the lower and i + 16
 * in the upper half.
 */
const size = 32, half = 16, bytes = 20;
const { fround } = Math;

/** As {@link Dequantizer.dequantize}. */
export function dequantize(blocks: Uint8Array, into: Float32Array): void {
  for (let start = 0, at = 0; start < into.length; start += size, at += bytes) {
    const scale = float16At(blocks, at), minimum = float16At(blocks, at + 2);
    for (let i = 0; i < half; i++) {
      const pair = blocks[at + 4 + i];
      into[start + i] = fround((pair & 15) * scale) + minimum;
      into[start + half + i] = fround((pair >> 4) * scale) + minimum;
    }
  }
}
