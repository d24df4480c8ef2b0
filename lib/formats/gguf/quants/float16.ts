/**
 * One float16 at a time, as blocks store their scales. Whole arrays are narrowed and widened by the readers of
 * checkpoints.
 */

const number = new Float16Array(1);
const bits = new Uint16Array(number.buffer);

/** The bits of the float16 nearest to a number, ties to even. */
export function float16Bits(value: number): number {
  number[0] = value;
  return bits[0];
}

/** The number of a float16 whose bits are two bytes, the lower one first. */
export function float16At(bytes: Uint8Array, offset: number): number {
  bits[0] = bytes[offset] | bytes[offset + 1] << 8;
  return number[0];
}

/** Stores a number as a float16 and gives what was stored. */
export function storeFloat16(bytes: Uint8Array, offset: number, value: number): number {
  number[0] = value;
  bytes[offset] = bits[0];
  bytes[offset + 1] = bits[0] >>> 8;
  return number[0];
}
