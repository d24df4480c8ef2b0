/** Turns blocks of one type into numbers. */
export interface Dequantizer {
  /**
   * @param blocks as they are stored
   * @param into as many numbers as the blocks hold; float32, computed as ggml computes them
   */
  dequantize(blocks: Uint8Array, into: Float32Array): void;
}

/** Turns numbers into blocks of one type, and back. */
export interface Codec extends Dequantizer {
  /**
   * @param values finite numbers, whole blocks of them
   * @param into as many bytes as the blocks take; all are written
   */
  quantize(values: Float32Array, into: Uint8Array): void;
}
