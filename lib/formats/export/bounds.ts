/**
 * How far the logits of an export may be from those of its source: the norm of the difference as a share of the norm.
 *
 * Each bound is some four times what was measured on kiln-tiny with an adapter, and no less than what random models of each family
 * needed, which are the hardest to quantize:
 *
 * | format                | kiln-tiny | random models | bound |
 * | --------------------- | --------- | ------------- | ----- |
 * | PEFT                  | 0         | 0             | 1e-5  |
 * | F32, ONNX f32         | 1e-6      | 1e-6          | 1e-5  |
 * | F16                   | 4e-4      | 1.3e-3        | 5e-3  |
 * | ONNX f16              | 1e-3      | 1.4e-3        | 1e-2  |
 * | BF16                  | 4e-3      | 1.0e-2        | 4e-2  |
 * | Q8_0                  | 1.3e-2    | 2.4e-2        | 0.1   |
 * | Q4_K                  | 0.13      | 0.18          | 0.4   |
 * | Q4_0, ONNX 4 bits     | 0.19      | 0.35          | 0.5   |
 *
 * Mistakes cost more than rounding: on kiln-tiny, heads in another order 0.86, forgotten biases 1.1, one norm left out 0.52, one
 * matrix left out 0.24. What is as small as four bits' own rounding shows in the other formats, and in F32 before all.
 */
import type { GgufType } from "../gguf/mod.ts";
import type { CheckpointDtype } from "../hugging_face/mod.ts";
import type { OnnxPrecision } from "../onnx_decoder/mod.ts";

/** By dtype, type or precision. */
export const BOUNDS: Readonly<Record<"peft" | CheckpointDtype | GgufType | OnnxPrecision, number>> = {
  peft: 1e-5,
  F32: 1e-5,
  F16: 5e-3,
  BF16: 4e-2,
  Q8_0: 0.1,
  Q4_0: 0.5,
  Q4_K: 0.4,
  f32: 1e-5,
  f16: 1e-2,
  "4bit": 0.5,
};
