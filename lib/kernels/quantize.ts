/**
 * Rounding a matrix to 4 or 8 bits in blocks of 32 numbers, as graph/ops/quantized.ts reads it.
 *
 * Symmetric, with n = 2^(bits - 1) and m the block's number of largest magnitude:
 *
 *   scale = -m / n,   code = round(w / scale) + n
 *
 * so that m itself is exact (code 0 stands for -n scales, and m comes out whatever its sign). With zero points, lo and hi
 * being the block's extremes and 0:
 *
 *   scale = (hi - lo) / (2n - 1),   zeroPoint = round(-lo / scale),   code = round(w / scale) + zeroPoint
 *
 * An error is at most half a scale, but for the one number in a symmetric block that would need code 2n.
 */
import { type Bits, BLOCK, quantizedShapes } from "../graph/mod.ts";

/** A matrix in few bits, as bytes. */
export interface QuantizedData {
  codes: Uint8Array<ArrayBuffer>;
  scales: Float32Array<ArrayBuffer>;
  zeroPoints: Uint8Array<ArrayBuffer> | null;
}

/**
 * Rounds `weight` [rows, columns] block by block.
 *
 * @param symmetric Without zero points. Default true.
 * @throws When a row is not whole blocks of 32, or a number is not finite.
 */
export function quantize(
  weight: Float32Array,
  [rows, columns]: readonly number[],
  { bits, symmetric = true }: { bits: Bits; symmetric?: boolean },
): QuantizedData {
  const shapes = quantizedShapes(bits, rows, columns);
  const [codes, scales] = [new Uint8Array(size(shapes.codes)), new Float32Array(size(shapes.scales))];
  const zeroPoints = symmetric ? null : new Uint8Array(size(shapes.zeroPoints));
  const [blocks, zerosPerRow] = [columns / BLOCK, shapes.zeroPoints[1]];
  const [middle, highest] = [2 ** (bits - 1), 2 ** bits - 1];
  for (let block = 0; block < scales.length; block++) {
    const start = block * BLOCK;
    let [low, high] = [0, 0];
    for (let i = start; i < start + BLOCK; i++) {
      if (weight[i] < low) low = weight[i];
      else if (weight[i] > high) high = weight[i];
      else if (weight[i] !== weight[i]) throw new Error(notFinite(i, columns, weight[i]));
    }
    if (high - low === Infinity) throw new Error(notFinite(start, columns, high === Infinity ? high : low));
    // The rounded scale is what reading multiplies by, so codes are chosen for that one.
    let [scale, zero] = [0, middle];
    if (symmetric) scale = Math.fround((-low > high ? -low : -high) / middle) || 0;
    else {
      scale = Math.fround((high - low) / highest);
      if (scale > 0) zero = Math.min(highest, Math.floor(-low / scale + 0.5));
      const place = bits === 8 ? block : Math.floor(block / blocks) * zerosPerRow + ((block % blocks) >> 1);
      zeroPoints![place] |= bits === 4 && (block % blocks) % 2 === 1 ? zero << 4 : zero;
    }
    scales[block] = scale;
    const inverse = scale === 0 ? 0 : 1 / scale;
    for (let i = start; i < start + BLOCK; i++) {
      let code = Math.floor(weight[i] * inverse + zero + 0.5);
      if (code > highest) code = highest;
      else if (code < 0) code = 0;
      if (bits === 8) codes[i] = code;
      else codes[i >> 1] |= i % 2 === 0 ? code : code << 4;
    }
  }
  return { codes, scales, zeroPoints };
}

/** Reads a rounded matrix [rows, columns] again; what programs compute with, number for number. */
export function readQuantized(
  { codes, scales, zeroPoints }: QuantizedData,
  [rows, columns]: readonly number[],
  { bits }: { bits: Bits },
): Float32Array<ArrayBuffer> {
  const numbers = new Float32Array(rows * columns);
  const blocks = columns / BLOCK;
  const zerosPerRow = quantizedShapes(bits, rows, columns).zeroPoints[1];
  for (let block = 0; block < scales.length; block++) {
    const scale = scales[block];
    let zero = 2 ** (bits - 1);
    if (zeroPoints) {
      const of = block % blocks;
      const byte = zeroPoints[Math.floor(block / blocks) * zerosPerRow + (bits === 8 ? of : of >> 1)];
      zero = bits === 8 ? byte : of % 2 === 0 ? byte & 15 : byte >> 4;
    }
    for (let i = block * BLOCK; i < (block + 1) * BLOCK; i++) {
      const code = bits === 8 ? codes[i] : i % 2 === 0 ? codes[i >> 1] & 15 : codes[i >> 1] >> 4;
      numbers[i] = (code - zero) * scale;
    }
  }
  return numbers;
}

function size(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

function notFinite(index: number, columns: number, value: number): string {
  return `expected finite numbers, got ${value} in row ${Math.floor(index / columns)}`;
}
