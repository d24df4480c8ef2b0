/**
 * The types of tensors: how weights become blocks of bytes and back. What is written equals llama.cpp's own
 * quantization (without an importance matrix) to the bit, and so does what is read.
 *
 * @module
 */
import type { GgufStoredType, GgufTensorType } from "../format.ts";
import type { Codec, Dequantizer } from "./codec.ts";
import * as bf16 from "./bf16.ts";
import * as f16 from "./f16.ts";
import * as f32 from "./f32.ts";
import * as f64 from "./f64.ts";
import * as q2_K from "./q2_k.ts";
import * as q3_K from "./q3_k.ts";
import * as q4_0 from "./q4_0.ts";
import * as q4_1 from "./q4_1.ts";
import * as q4_K from "./q4_k.ts";
import * as q5_0 from "./q5_0.ts";
import * as q5_1 from "./q5_1.ts";
import * as q5_K from "./q5_k.ts";
import * as q6_K from "./q6_k.ts";
import * as q8_0 from "./q8_0.ts";

export type { Codec, Dequantizer } from "./codec.ts";

/** Of the types that are written. */
export const codecs: Readonly<Record<GgufTensorType, Codec>> = {
  F32: f32,
  F16: f16,
  BF16: bf16,
  Q8_0: q8_0,
  Q5_0: q5_0,
  Q4_0: q4_0,
  Q6_K: q6_K,
  Q4_K: q4_K,
};

const onlyRead = { F64: f64, Q4_1: q4_1, Q5_1: q5_1, Q2_K: q2_K, Q3_K: q3_K, Q5_K: q5_K };

/** Of the types that are read. */
const dequantizers: Partial<Record<GgufStoredType, Dequantizer>> = { ...codecs, ...onlyRead };

/** What reads a type; undefined for integers, and for types that are not read. */
export function dequantizerOf(type: GgufStoredType): Dequantizer | undefined {
  return dequantizers[type];
}

/** The types that are read, for messages. */
export const readableTypes: readonly string[] = Object.keys(dequantizers);
