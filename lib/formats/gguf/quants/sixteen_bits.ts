/** The 16-bit numbers that lie in bytes: a view of them, or a copy where they start at an odd byte. */
export function sixteenBits(bytes: Uint8Array): Uint16Array {
  if (bytes.byteOffset % 2 === 0) return new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  return new Uint16Array(bytes.slice().buffer);
}

/** Bytes that a function fills as 16-bit numbers, wherever they start. */
export function fillSixteenBits(bytes: Uint8Array, fill: (numbers: Uint16Array) => void): void {
  if (bytes.byteOffset % 2 === 0) return fill(sixteenBits(bytes));
  const aligned = new Uint16Array(bytes.length / 2);
  fill(aligned);
  bytes.set(new Uint8Array(aligned.buffer));
}
