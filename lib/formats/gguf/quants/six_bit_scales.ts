/**
 * The 12 bytes of a Q4_K or Q5_K block that hold eight scales and eight minima of six bits each. Byte j of the first
 * four holds scale j, of the next four minimum j, both in the lower six bits; the last four hold the lower halves of
 * scale and minimum 4 + j, whose upper two bits fill up the first eight bytes.
 */
export function unpackSixBits(blocks: Uint8Array, at: number, scales: Uint8Array, minima: Uint8Array): void {
  for (let j = 0; j < 4; j++) {
    const first = blocks[at + j], second = blocks[at + 4 + j], third = blocks[at + 8 + j];
    scales[j] = first & 63;
    minima[j] = second & 63;
    scales[j + 4] = third & 15 | first >> 6 << 4;
    minima[j + 4] = third >> 4 | second >> 6 << 4;
  }
}

/** The inverse of {@link unpackSixBits}. */
export function packSixBits(scales: Uint8Array, minima: Uint8Array, blocks: Uint8Array, at: number): void {
  for (let j = 0; j < 4; j++) {
    blocks[at + j] = scales[j] | scales[j + 4] >> 4 << 6;
    blocks[at + 4 + j] = minima[j] | minima[j + 4] >> 4 << 6;
    blocks[at + 8 + j] = scales[j + 4] & 15 | (minima[j + 4] & 15) << 4;
  }
}
