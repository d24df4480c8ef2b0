import { float16At, storeFloat16 } from "./float16.ts";
import { inverseOf, largestByAbsolute } from "./scale.ts";

/**
 * Weights and bytes of a block: a float16 scale, then 16 bytes with weight i in the lower and i + 16 in the upper half.
 */
const size = 32, half = 16, bytes = 18;
const { fround } = Math;

/**
 * As {@link Codec.quantize}: the weight of the largest absolute value becomes -8 steps, so the other end is 7 at most.
 */
export function quantize(values: Float32Array, into: Uint8Array): void {
  for (let start = 0, at = 0; start < values.length; start += size, at += bytes) {
    const scale = fround(largestByAbsolute(values, start, size) / -8);
    const inverse = inverseOf(scale);
    storeFloat16(into, at, scale);
    for (let i = 0; i < half; i++) {
      const low = fround(fround(values[start + i] * inverse) + 8.5) | 0;
      const high = fround(fround(values[start + half + i] * inverse) + 8.5) | 0;
      into[at + 2 + i] = (low > 15 ? 15 : low) | (high > 15 ? 15 : high) << 4;
    }
  }
}

/** As {@link Dequantizer.dequantize}. */
export function dequantize(blocks: Uint8Array, into: Float32Array): void {
  for (let start = 0, at = 0; start < into.length; start += size, at += bytes) {
    const scale = float16At(blocks, at);
    for (let i = 0; i < half; i++) {
      const pair = blocks[at + 2 + i];
      into[start + i] = ((pair & 15) - 8) * scale;
      into[start + half + i] = ((pair >> 4) - 8) * scale;
    }
  }
}
