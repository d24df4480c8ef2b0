/** As {@link Dequantizer.dequantize}, rounded to float32. */
export function dequantize(blocks: Uint8Array, into: Float32Array): void {
  const view = new DataView(blocks.buffer, blocks.byteOffset, blocks.byteLength);
  for (let i = 0; i < into.length; i++) into[i] = view.getFloat64(i * 8, true);
}
