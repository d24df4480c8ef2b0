import { fitScaleAndMinimum, lanes, partSize } from "./fit_scale_and_minimum.ts";
import { float16At, storeFloat16 } from "./float16.ts";
import { rounder } from "./round.ts";
import { packSixBits, unpackSixBits } from "./six_bit_scales.ts";

/**
 * Weights and bytes of a block: float16 scales of the scales and of the minima, a scale and a minimum for each of eight
 * parts of 32 weights in 12 bytes, and 128 bytes of four-bit levels: of each 32 the lower halves are one part, the
 * upper halves the next. A weight is scale times level minus minimum.
 */
const size = 256, bytes = 144, parts = 8;
const { fround } = Math;

const levels = new Uint8Array(size);
const scales = new Uint8Array(parts), minima = new Uint8Array(parts);
const fittedScales = new Float64Array(parts), fittedMinima = new Float64Array(parts);

/** As {@link Codec.quantize}: the blocks that llama.cpp makes without an importance matrix. */
export function quantize(values: Float32Array, into: Uint8Array): void {
  for (let start = 0, at = 0; start < values.length; start += size, at += bytes) {
    let largestScale = 0, largestMinimum = 0;
    for (let first = 0; first < parts; first += lanes) {
      const fits = fitScaleAndMinimum(values, start + first * partSize);
      for (let lane = 0; lane < lanes; lane++) {
        const scale = fits.scales[lane], minimum = -fits.minima[lane];
        fittedScales[first + lane] = scale;
        fittedMinima[first + lane] = minimum;
        if (scale > largestScale) largestScale = scale;
        if (minimum > largestMinimum) largestMinimum = minimum;
        const to = (first + lane) * partSize;
        for (let i = 0; i < partSize; i++) levels[to + i] = fits.levels[i * lanes + lane];
      }
    }
    toSixBits(fittedScales, largestScale, scales);
    toSixBits(fittedMinima, largestMinimum, minima);
    const scaleOfScales = storeFloat16(into, at, fround(largestScale / 63));
    const scaleOfMinima = storeFloat16(into, at + 2, fround(largestMinimum / 63));
    packSixBits(scales, minima, into, at + 4);
    for (let part = 0; part < parts; part++) {
      // The levels that fit best once scale and minimum are rounded.
      const scale = fround(scaleOfScales * scales[part]);
      if (scale === 0) continue;
      const minimum = fround(scaleOfMinima * minima[part]);
      for (let i = part * partSize; i < (part + 1) * partSize; i++) {
        const level = fround(fround(values[start + i] + minimum) / scale) + rounder - rounder;
        levels[i] = level < 0 ? 0 : level > 15 ? 15 : level;
      }
    }
    for (let pair = 0; pair < parts / 2; pair++) {
      const from = pair * 2 * partSize, to = at + 16 + pair * partSize;
      for (let i = 0; i < partSize; i++) into[to + i] = levels[from + i] | levels[from + partSize + i] << 4;
    }
  }
}

/** Numbers from 0 on as multiples, up to 63, of a 63rd of the largest. */
function toSixBits(numbers: Float64Array, largest: number, into: Uint8Array): void {
  const inverse = largest > 0 ? fround(63 / largest) : 0;
  for (let i = 0; i < numbers.length; i++) {
    const multiple = fround(inverse * numbers[i]) + rounder - rounder;
    into[i] = multiple > 63 ? 63 : multiple;
  }
}

/** As {@link Dequantizer.dequantize}. */
export function dequantize(blocks: Uint8Array, into: Float32Array): void {
  for (let start = 0, at = 0; start < into.length; start += size, at += bytes) {
    const scaleOfScales = float16At(blocks, at), scaleOfMinima = float16At(blocks, at + 2);
    unpackSixBits(blocks, at + 4, scales, minima);
    for (let part = 0; part < parts; part++) {
      const scale = fround(scales[part] * scaleOfScales), minimum = fround(minima[part] * scaleOfMinima);
      const from = at + 16 + (part >> 1) * partSize;
      const shift = (part & 1) * 4;
      const to = start + part * partSize;
      for (let i = 0; i < partSize; i++) into[to + i] = fround((blocks[from + i] >> shift & 15) * scale) - minimum;
    }
  }
}
