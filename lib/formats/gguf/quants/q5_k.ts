import { float16At } from "./float16.ts";
import { unpackSixBits } from "./six_bit_scales.ts";

/**
 * Weights and bytes of a block: float16 scales of the scales and of the minima, eight of both in 12 bytes, 32 bytes
 * with the fifth bit of the weights (bit n of byte i is weight 32n + i's), and 128 bytes with the lower four as in
 * Q4_K.
 */
const size = 256, bytes = 176;
const { fround } = Math;
const scales = new Uint8Array(8), minima = new Uint8Array(8);

/** As {@link Dequantizer.dequantize}. */
export function dequantize(blocks: Uint8Array, into: Float32Array): void {
  for (let start = 0, at = 0; start < into.length; start += size, at += bytes) {
    const scaleOfScales = float16At(blocks, at), scaleOfMinima = float16At(blocks, at + 2);
    unpackSixBits(blocks, at + 4, scales, minima);
    for (let part = 0; part < 8; part++) {
      const scale = fround(scales[part] * scaleOfScales), minimum = fround(minima[part] * scaleOfMinima);
      const from = at + 48 + (part >> 1) * 32;
      const shift = (part & 1) * 4;
      const to = start + part * 32;
      for (let i = 0; i < 32; i++) {
        const fifth = blocks[at + 16 + i] >> part & 1;
        into[to + i] = fround((blocks[from + i] >> shift & 15 | fifth << 4) * scale) - minimum;
      }
    }
  }
}
