/**
 * The forms in which a decoder is written, and what transformers.js calls them.
 *
 * |        | `dtype` | file            | linear layers        | token table and head | activations and caches  | runs on           |
 * | ------ | ------- | --------------- | -------------------- | -------------------- | ----------------------- | ----------------- |
 * | `f32`  | `fp32`  | model.onnx      | float32              | float32              | float32                 | ONNX Runtime 1.18 |
 * | `f16`  | `fp16`  | model_fp16.onnx | float16              | float16              | see `decoder_graph.ts`  | ONNX Runtime 1.18 |
 * | `4bit` | `q4`    | model_q4.onnx   | 4 bits, blocks of 32 | 8 bits, blocks of 32 | float32                 | ONNX Runtime 1.22 |
 *
 * Four bits are those of ONNX Runtime's MatMulNBits, symmetric, and the numbers are those that a model loaded with
 * `precision: "4bit"` computes with. Matrices whose rows are not whole blocks of 32 stay float32.
 *
 * Many exports of others give the head 4 bits and the table 32. With 8 bits for both, which tied models share, they take a
 * quarter of that in Qwen2.5-0.5B (153 MB), and the distribution of tokens stays closer: in the house model a head of 4 bits
 * moves it by a KL divergence of 1.6e-2, one of 8 bits by 1.7e-4.
 */
import type { DType } from "../../graph/mod.ts";
import type { ModelConfig, Precision } from "../../models/mod.ts";

/** How weights are written. */
export type OnnxPrecision = "f32" | "f16" | "4bit";

/** What belongs to a form. */
export interface OnnxVariant {
  /** transformers.js' `dtype`. */
  dtype: string;
  /** The file inside the folder `onnx`. */
  file: string;
  /** What keys and values are kept in. */
  cacheType: Extract<DType, "float32" | "float16">;
  /** How `lib/models` names the form of the weights. */
  weights: Precision;
}

const SYMMETRIC = { symmetric: true, compute: "float32" } as const;

const VARIANTS: Record<OnnxPrecision, OnnxVariant> = {
  f32: { dtype: "fp32", file: "model.onnx", cacheType: "float32", weights: { weights: "float32", ...SYMMETRIC } },
  f16: {
    dtype: "fp16",
    file: "model_fp16.onnx",
    cacheType: "float16",
    weights: { weights: "float16", symmetric: true, compute: "float16" },
  },
  "4bit": { dtype: "q4", file: "model_q4.onnx", cacheType: "float32", weights: { weights: "4bit", ...SYMMETRIC } },
};

/** All of them. */
export const ONNX_PRECISIONS = Object.keys(VARIANTS) as readonly OnnxPrecision[];

/** What belongs to a precision. Throws, naming it, when there is no such one. */
export function variantOf(precision: OnnxPrecision): OnnxVariant {
  if (Object.hasOwn(VARIANTS, precision)) return VARIANTS[precision];
  throw new RangeError(`precision: expected one of ${ONNX_PRECISIONS.join(", ")}, got ${JSON.stringify(precision)}`);
}

/** The configuration of a model whose weights have that form. */
export function configIn({ weights }: OnnxVariant, config: ModelConfig): ModelConfig {
  return { ...config, precision: weights };
}
