/**
 * Conversions between float32 and the two 16-bit formats of checkpoints, bit by bit. To float32 they are exact
 * (subnormals, infinities and NaN too); from float32 they round to the nearest, ties to even, as the hardware and
 * PyTorch do.
 */

/**
 * float32 bits of every float16, filled at first use: indexing it is three times faster than
 * Float32Array.from(Float16Array).
 */
let float32OfFloat16: Uint32Array | undefined;

function float16Table(): Uint32Array {
  if (float32OfFloat16 !== undefined) return float32OfFloat16;
  const table = new Uint32Array(65536);
  const number = new Float32Array(1);
  const bits = new Uint32Array(number.buffer);
  for (let half = 0; half < 65536; half++) {
    const sign = (half & 0x8000) << 16;
    const exponent = (half >>> 10) & 31;
    const mantissa = half & 1023;
    if (exponent === 0) {
      number[0] = mantissa * 2 ** -24;
      table[half] = sign | bits[0];
    } else {
      table[half] = sign | ((exponent === 31 ? 255 : exponent + 112) << 23) | (mantissa << 13);
    }
  }
  return float32OfFloat16 = table;
}

/** Widens float16 bits to float32 bits. The two may share memory when `from` is the second half of `to`'s bytes. */
export function widenFloat16(from: Uint16Array, to: Uint32Array): void {
  const table = float16Table();
  for (let i = 0; i < from.length; i++) to[i] = table[from[i]];
}

/** Widens bfloat16 bits to float32 bits. The two may share memory when `from` is the second half of `to`'s bytes. */
export function widenBfloat16(from: Uint16Array, to: Uint32Array): void {
  for (let i = 0; i < from.length; i++) to[i] = from[i] << 16;
}

/** Narrows float32 numbers to float16 bits; beyond 65519 they become infinite. */
export function narrowToFloat16(from: Float32Array, to: Uint16Array): void {
  new Float16Array(to.buffer, to.byteOffset, from.length).set(from);
}

/** Narrows float32 numbers to bfloat16 bits. */
export function narrowToBfloat16(from: Float32Array, to: Uint16Array): void {
  const bits = new Uint32Array(from.buffer, from.byteOffset, from.length);
  for (let i = 0; i < bits.length; i++) {
    const b = bits[i];
    // A NaN must stay one: rounding its mantissa could carry it to infinity.
    if ((b & 0x7fffffff) > 0x7f800000) to[i] = (b >>> 16) | 0x40;
    else to[i] = (b + 0x7fff + ((b >>> 16) & 1)) >>> 16;
  }
}
