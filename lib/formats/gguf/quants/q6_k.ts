import { fitScales, lanes, negligible, partSize } from "./fit_scale.ts";
import { float16At, storeFloat16 } from "./float16.ts";
import { rounder } from "./round.ts";

/**
 * Weights and bytes of a block: 128 bytes with the lower four bits of the levels, 64 with the upper two, a signed byte
 * as the scale of 16 weights each, and a float16 scale of the scales. A weight is scale times level, the level 32 less
 * than its bits say. Each half of 128 weights is stored as four quarters: byte i of 64 holds the lower bits of weight i
 * (lower half) and 64 + i, byte i of 32 the upper bits of weights i, 32 + i, 64 + i and 96 + i.
 */
const size = 256, bytes = 210, parts = 16, scalesAt = 192, scaleAt = 208;
const { fround, abs } = Math;

const fitted = new Float64Array(parts);
const levels = new Uint8Array(size);

/** As {@link Codec.quantize}: the blocks that llama.cpp makes without an importance matrix. */
export function quantize(values: Float32Array, into: Uint8Array): void {
  for (let start = 0, at = 0; start < values.length; start += size, at += bytes) {
    let largest = 0;
    for (let first = 0; first < parts; first += lanes) {
      const fits = fitScales(values, start + first * partSize);
      for (let lane = 0; lane < lanes; lane++) {
        const scale = fits.scales[lane];
        fitted[first + lane] = scale;
        if (abs(scale) > abs(largest)) largest = scale;
        const to = (first + lane) * partSize;
        for (let i = 0; i < partSize; i++) levels[to + i] = fits.levels[i * lanes + lane] + 32;
      }
    }
    if (abs(largest) < negligible) {
      into.fill(0, at, at + bytes);
      continue;
    }
    const inverse = fround(-128 / largest);
    const scaleOfScales = storeFloat16(into, at + scaleAt, fround(1 / inverse));
    for (let part = 0; part < parts; part++) {
      const multiple = fround(inverse * fitted[part]) + rounder - rounder;
      const rounded = multiple > 127 ? 127 : multiple;
      into[at + scalesAt + part] = rounded;
      const scale = fround(scaleOfScales * rounded);
      // Then no level matters; those of the fit stay, as in llama.cpp.
      if (scale === 0) continue;
      for (let i = part * partSize; i < (part + 1) * partSize; i++) {
        const level = fround(values[start + i] / scale) + rounder - rounder;
        levels[i] = (level < -32 ? -32 : level > 31 ? 31 : level) + 32;
      }
    }
    for (let half = 0; half < 2; half++) {
      const from = half * 128, lower = at + half * 64, upper = at + 128 + half * 32;
      for (let i = 0; i < 32; i++) {
        const a = levels[from + i], b = levels[from + 32 + i], c = levels[from + 64 + i], d = levels[from + 96 + i];
        into[lower + i] = a & 15 | (c & 15) << 4;
        into[lower + 32 + i] = b & 15 | (d & 15) << 4;
        into[upper + i] = a >> 4 | b >> 4 << 2 | c >> 4 << 4 | d >> 4 << 6;
      }
    }
  }
}

/** As {@link Dequantizer.dequantize}. */
export function dequantize(blocks: Uint8Array, into: Float32Array): void {
  for (let start = 0, at = 0; start < into.length; start += size, at += bytes) {
    const scaleOfScales = float16At(blocks, at + scaleAt);
    for (let part = 0; part < parts; part++) {
      const scale = fround((blocks[at + scalesAt + part] << 24 >> 24) * scaleOfScales);
      const half = part >> 3, quarter = part >> 1 & 3, column = (part & 1) * 16;
      const lower = at + half * 64 + (quarter & 1) * 32 + column, lowerShift = (quarter >> 1) * 4;
      const upper = at + 128 + half * 32 + column, upperShift = quarter * 2;
      const to = start + part * partSize;
      for (let i = 0; i < partSize; i++) {
        const level = blocks[lower + i] >> lowerShift & 15 | (blocks[upper + i] >> upperShift & 3) << 4;
        into[to + i] = (level - 32) * scale;
      }
    }
  }
}
