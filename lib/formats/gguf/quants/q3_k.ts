import { float16At } from "./float16.ts";

/**
 * Weights and bytes of a block: 32 bytes with the third bit of the weights (bit n of byte i is weight 32n + i's), 64
 * bytes with the lower two bits as in Q2_K, 12 bytes with the scales of 16 weights each, and a float16 scale of the
 * scales. A scale has six bits and is 32 less than they say, a weight three and is 4 less.
 */
const size = 256, bytes = 110;
const { fround } = Math;

/** As {@link Dequantizer.dequantize}. */
export function dequantize(blocks: Uint8Array, into: Float32Array): void {
  for (let start = 0, at = 0; start < into.length; start += size, at += bytes) {
    const scaleOfScales = float16At(blocks, at + 108);
    for (let part = 0; part < 16; part++) {
      const scale = fround((scaleOf(blocks, at + 96, part) - 32) * scaleOfScales);
      const column = (part & 1) * 16;
      const from = at + 32 + (part >> 3) * 32 + column;
      const shift = (part >> 1 & 3) * 2;
      const to = start + part * 16;
      for (let i = 0; i < 16; i++) {
        const third = blocks[at + column + i] >> (part >> 1) & 1;
        into[to + i] = ((blocks[from + i] >> shift & 3 | third << 2) - 4) * scale;
      }
    }
  }
}

/**
 * The lower four bits of the 16 scales are the halves of eight bytes, the upper two the quarters of the four after
 * them.
 */
function scaleOf(blocks: Uint8Array, at: number, part: number): number {
  const lower = blocks[at + (part & 7)] >> (part >> 3) * 4 & 15;
  const upper = blocks[at + 8 + (part & 3)] >> (part >> 2) * 2 & 3;
  return lower | upper << 4;
}
