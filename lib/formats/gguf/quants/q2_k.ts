import { float16At } from "./float16.ts";

/**
 * Weights and bytes of a block: 16 bytes with the scale (lower half) and minimum (upper half) of 16 weights each, 64
 * bytes of weights, then float16 scales of the scales and of the minima. Each half of 128 weights has 32 bytes, whose
 * lowest two bits are its weights 0 to 31, the next two 32 to 63, and so on.
 */
const size = 256, bytes = 84;
const { fround } = Math;

/** As {@link Dequantizer.dequantize}. */
export function dequantize(blocks: Uint8Array, into: Float32Array): void {
  for (let start = 0, at = 0; start < into.length; start += size, at += bytes) {
    const scaleOfScales = float16At(blocks, at + 80), scaleOfMinima = float16At(blocks, at + 82);
    for (let part = 0; part < 16; part++) {
      const both = blocks[at + part];
      const scale = fround((both & 15) * scaleOfScales), minimum = fround((both >> 4) * scaleOfMinima);
      const from = at + 16 + (part >> 3) * 32 + (part & 1) * 16;
      const shift = (part >> 1 & 3) * 2;
      const to = start + part * 16;
      for (let i = 0; i < 16; i++) into[to + i] = fround((blocks[from + i] >> shift & 3) * scale) - minimum;
    }
  }
}
