/**
 * A linear layer with a low-rank correction (Hu et al. 2021, arXiv:2106.09685).
 *
 *   y = x W^T + bias + scaling (x A^T) B^T,   A [rank, in], B [out, rank]
 *
 * Backward, with u = x A^T and v = scaling dy B:
 *
 *   dx = dy W + v A,   dA = v^T x,   dB = scaling dy^T u
 *
 * The correction is never added to W: x and dy pass through the thin factors, so a frozen W may be of any precision and
 * switching the adapter off costs nothing.
 */
import { add, linear, mul, type Tensor } from "../graph/mod.ts";
import { type Weight, weightedLinear } from "./weight.ts";

/** The factors of one layer's correction. */
export interface LoraFactors {
  /** [rank, in] */
  a: Tensor;
  /** [out, rank] */
  b: Tensor;
  /** Rank 0: alpha / rank, or alpha / sqrt(rank) for rank-stabilised LoRA. */
  scaling: Tensor;
}

/** `x` [..., in] through `weight` [out, in], an optional bias [out] and an optional low-rank correction. */
export function loraLinear(x: Tensor, weight: Weight, bias?: Tensor, lora?: LoraFactors): Tensor {
  let y = weightedLinear(x, weight);
  if (bias) y = add(y, bias);
  if (lora) y = add(y, linear(mul(linear(x, lora.a), lora.scaling), lora.b));
  return y;
}
