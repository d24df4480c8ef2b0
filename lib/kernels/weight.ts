/**
 * A matrix that a layer multiplies by, in any of the forms that a model may hold it in, and what layers do with it.
 *
 * Frozen matrices may be float16 or have 4 or 8 bits. Everything else stays float32: activations, their gradients, norms,
 * biases, low-rank factors, optimizer states. A float16 matrix is widened when it is used, so that only its own rounding
 * is lost; or the product itself is computed in float16, which GPUs do faster:
 *
 *   y = amax(x) float32(float16(x / amax(x)) W^T),   dx = amax(dy) float32(float16(dy / amax(dy)) W)
 *
 * with amax the largest magnitude of each token's row. That scaling takes the place of a scaled loss: whatever size a
 * gradient has, none of its row underflows that is not lost in the row's own rounding, and no large activation
 * overflows; nothing has to be tried, skipped or tuned, and a row's result does not depend on other rows. (Compare
 * Micikevicius et al. 2018, arXiv:1710.03740, who scale the whole loss by one number.)
 */
import {
  abs,
  add,
  cast,
  customGradient,
  dequantize,
  dequantizeRows,
  div,
  type DType,
  gatherRows,
  linear,
  matmul,
  mul,
  quantizedLinear,
  type QuantizedMatrix,
  reduceMax,
  type Tensor,
} from "../graph/mod.ts";

/** A frozen matrix in float16 [out, in]. */
export interface Float16Matrix {
  float16: Tensor;
  /** What products are computed in. */
  compute: Extract<DType, "float32" | "float16">;
  /** That factors and products stay far below float16's 65504, as behind a norm: then no row has to be scaled. Default false. */
  bounded?: boolean;
}

/** A matrix [out, in]: float32, float16, or 4 or 8 bits. */
export type Weight = Tensor | Float16Matrix | QuantizedMatrix;

/** x W^T: `x` [..., in] gives [..., out]. */
export function weightedLinear(x: Tensor, weight: Weight): Tensor {
  if ("codes" in weight) return quantizedLinear(x, weight);
  if (!("float16" in weight)) return linear(x, weight);
  if (weight.compute === "float32") return linear(x, cast(weight.float16, "float32"));
  const { float16 } = weight;
  if (weight.bounded) return cast(linear(cast(x, "float16"), float16), "float32");
  const y = inFloat16(x, (scaled) => linear(scaled, float16));
  const [product] = customGradient([y], [x], ({ outputGradient }) => [
    inFloat16(outputGradient, (scaled) => matmul(scaled, float16)),
  ]);
  return product;
}

/** Applies a product to the rows of `x` in float16, scaled so that the largest number of each is 1. */
function inFloat16(x: Tensor, product: (scaled: Tensor) => Tensor): Tensor {
  // A row of zeros stays one.
  const amax = add(reduceMax(abs(x), -1), x.graph.scalar(1e-30));
  return mul(cast(product(cast(div(x, amax), "float16")), "float32"), amax);
}

/** The matrix in float32, for products that need all of it. */
export function denseWeight(weight: Weight): Tensor {
  if ("codes" in weight) return dequantize(weight);
  return "float16" in weight ? cast(weight.float16, "float32") : weight;
}

/** Rows of the matrix at int64 `indices` [...], in float32 [..., in]. */
export function weightRows(weight: Weight, indices: Tensor): Tensor {
  if ("codes" in weight) return dequantizeRows(weight, indices);
  return "float16" in weight ? cast(gatherRows(weight.float16, indices), "float32") : gatherRows(weight, indices);
}
