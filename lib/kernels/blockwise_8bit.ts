/**
 * Numbers as 8-bit codes in blocks of 256, each with one float32 scale (Dettmers et al. 2021, arXiv:2110.02861).
 *
 *   x = level[code] absmax,   absmax = the largest |x| of the block
 *
 * The levels are a dynamic tree: seven decades from 1e-7 to 1, each cut into twice as many equal parts as the one below, with a
 * level in the middle of each part, and 0 and 1. They are those of bitsandbytes' `create_dynamic_map`.
 */
import {
  abs,
  add,
  cast,
  div,
  less,
  max,
  mul,
  multiplyDimensions,
  neg,
  reduceMax,
  reshape,
  scale,
  sqrt,
  sub,
  takeAlongLast,
  type Tensor,
  where,
} from "../graph/mod.ts";

/** How many numbers share a scale. */
export const BLOCK_8BIT = 256;

const DECADES = 7;

/** The smallest float32 that every device computes with: so that a block of zeros is not divided by zero. */
const SMALLEST_ABSMAX = 2 ** -126;

/**
 * The 256 levels in rising order, from -0.993 to 1 (signed: a first moment) or from 0 to 1 (unsigned: a second moment, with
 * twice as many levels). Code 127, or 0, is the number 0.
 */
export function dynamicLevels(signed: boolean): Float32Array {
  const positive: number[] = [];
  for (let decade = 0; decade < DECADES; decade++) {
    const [parts, high] = [2 ** decade * (signed ? 1 : 2), 10 ** (decade - DECADES + 1)];
    for (let part = 0; part < parts; part++) positive.push(high * (0.1 + 0.9 * (part + 0.5) / parts));
  }
  const negative = signed ? positive.map((level) => -level).reverse() : [];
  return Float32Array.from([...negative, 0, ...positive, 1]);
}

/** The code of the number 0. */
export function zeroCode(signed: boolean): number {
  return dynamicLevels(signed).indexOf(0);
}

/** Half-open cells: a number between `borders[code - 1]` and `borders[code]` has that code, and one on a border the larger. */
function cellBorders(levels: Float32Array): Float32Array {
  return Float32Array.from({ length: levels.length - 1 }, (_, code) => {
    const middle = (levels[code] + levels[code + 1]) / 2; // exact, the numbers being float64
    const border = Math.fround(middle);
    return border >= middle ? border : nextFloat(border);
  });
}

/** The next larger float32. */
function nextFloat(x: number): number {
  const bits = new Int32Array(Float32Array.of(x).buffer);
  bits[0] += x < 0 ? -1 : 1;
  return new Float32Array(bits.buffer)[0];
}

/** Buckets that the fourth root of 0 to 1 is cut into: so many that none holds two borders. */
const BUCKETS = 1024;

/** By how much a device's fourth root may be off. */
const ROOT_ERROR = 1e-5;

/**
 * What a number's fourth root tells about its code. The fourth root spreads the levels so evenly that a bucket of it holds one
 * border at most: the code is `upper`, or one less below the border.
 */
function bucketTables(signed: boolean): { upper: Float32Array; border: Float32Array } {
  const borders = cellBorders(dynamicLevels(signed));
  const count = (signed ? 2 : 1) * BUCKETS + 1;
  const [upper, border] = [new Float32Array(count), new Float32Array(count)];
  let code = 0;
  for (let bucket = 0; bucket < count; bucket++) {
    const root = (bucket + 1 - (signed ? BUCKETS : 0)) / BUCKETS + ROOT_ERROR;
    while (code < borders.length && borders[code] <= Math.sign(root) * root ** 4) code++;
    upper[bucket] = code;
    border[bucket] = code === 0 ? -2 : borders[code - 1]; // nothing is below -1
  }
  return { upper, border };
}

/** For each of a flat list of float32 or uint8 indices, that element of a list of constants. */
function lookUp(values: Float32Array, indices: Tensor): Tensor {
  // By way of int32: the WebGPU provider makes int64 of nothing else.
  return takeAlongLast(indices.graph.constant(values, [values.length]), cast(cast(indices, "int32"), "int64"));
}

function flat(x: Tensor): Tensor {
  return reshape(x, [multiplyDimensions(...x.shape)]);
}

/**
 * The codes of the nearest levels; a number halfway between two takes the larger.
 *
 * @param x [blocks, 256]
 * @param signed False for numbers that are never negative.
 * @returns `codes`, uint8 [blocks, 256], and `absmax` [blocks, 1], which is at least 2^-126.
 */
export function quantizeBlockwise(x: Tensor, signed: boolean): { codes: Tensor; absmax: Tensor } {
  const number = (value: number) => x.graph.scalar(value);
  const absmax = max(reduceMax(signed ? abs(x) : x, 1), number(SMALLEST_ABSMAX));
  const ratio = flat(div(x, absmax));
  const root = sqrt(sqrt(signed ? abs(ratio) : ratio));
  const signedRoot = signed ? add(where(less(ratio, number(0)), neg(root), root), number(1)) : root;
  const bucket = scale(signedRoot, BUCKETS);
  const { upper, border } = bucketTables(signed);
  const code = sub(lookUp(upper, bucket), cast(less(ratio, lookUp(border, bucket)), "float32"));
  return { codes: cast(reshape(code, x.shape), "uint8"), absmax };
}

/** The numbers [blocks, 256] that codes and scales stand for. */
export function dequantizeBlockwise({ codes, absmax }: { codes: Tensor; absmax: Tensor }, signed: boolean): Tensor {
  return mul(reshape(lookUp(dynamicLevels(signed), flat(codes)), codes.shape), absmax);
}
