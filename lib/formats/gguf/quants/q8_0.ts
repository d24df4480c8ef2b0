import { float16At, storeFloat16 } from "./float16.ts";
import { inverseOf, largestByAbsolute } from "./scale.ts";

/** Weights and bytes of a block: a float16 scale, then 32 signed bytes. A weight is scale times byte. */
const size = 32, bytes = 34;
const { fround } = Math;

/** As {@link Codec.quantize}: the weight of the largest absolute value becomes 127 or -127. */
export function quantize(values: Float32Array, into: Uint8Array): void {
  for (let start = 0, at = 0; start < values.length; start += size, at += bytes) {
    const scale = fround(Math.abs(largestByAbsolute(values, start, size)) / 127);
    const inverse = inverseOf(scale);
    storeFloat16(into, at, scale);
    for (let i = 0; i < size; i++) {
      const steps = fround(values[start + i] * inverse);
      // Half a step away from zero, then cut off: a byte keeps the lowest 8 bits of the two's complement.
      into[at + 2 + i] = steps < 0 ? steps - 0.5 : steps + 0.5;
    }
  }
}

/** As {@link Dequantizer.dequantize}. */
export function dequantize(blocks: Uint8Array, into: Float32Array): void {
  for (let start = 0, at = 0; start < into.length; start += size, at += bytes) {
    const scale = float16At(blocks, at);
    for (let i = 0; i < size; i++) into[start + i] = (blocks[at + 2 + i] << 24 >> 24) * scale;
  }
}
