import { narrowToBfloat16, widenBfloat16 } from "../../../models/safetensors.ts";
import { fillSixteenBits, sixteenBits } from "./sixteen_bits.ts";

/** As {@link Codec.quantize}: rounded to the nearest, ties to even. */
export function quantize(values: Float32Array, into: Uint8Array): void {
  fillSixteenBits(into, (numbers) => narrowToBfloat16(values, numbers));
}

/** As {@link Dequantizer.dequantize}: exact. */
export function dequantize(blocks: Uint8Array, into: Float32Array): void {
  widenBfloat16(sixteenBits(blocks), new Uint32Array(into.buffer, into.byteOffset, into.length));
}
