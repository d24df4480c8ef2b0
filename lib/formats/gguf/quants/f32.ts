/** As {@link Codec.quantize}: the bytes as they are. All machines that run this are little-endian, as the file is. */
export function quantize(values: Float32Array, into: Uint8Array): void {
  into.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
}

/** As {@link Dequantizer.dequantize}. */
export function dequantize(blocks: Uint8Array, into: Float32Array): void {
  new Uint8Array(into.buffer, into.byteOffset, into.byteLength).set(blocks);
}
