/**
 * Root-mean-square layer normalisation (Zhang & Sennrich 2019, arXiv:1910.07467).
 *
 *   y = x r w,   r = 1 / sqrt(mean(x^2) + epsilon),   along the last axis
 *
 * Backward, with x^ = x r and g = dy w:
 *
 *   dx = r (g - x^ mean(g x^)),   dw = sum over rows of dy x^
 */
import {
  add,
  defineOperator,
  mean,
  mul,
  ndarray,
  reciprocal,
  sqrt,
  square,
  sub,
  sumTo,
  type Tensor,
} from "../graph/mod.ts";

const applyRmsNorm = defineOperator<{ epsilon: number }>({
  name: "rms_norm",
  cheap: true,
  infer([x, weight]) {
    if (weight.shape.length !== 1 || weight.shape[0] !== x.shape.at(-1)) {
      throw new Error(`expected a weight of [${x.shape.at(-1)}]`);
    }
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  gradient({ inputs: [x, weight], outputGradient: dy, attributes: { epsilon } }) {
    const r = reciprocal(sqrt(add(mean(square(x), -1), x.graph.scalar(epsilon))));
    const normalized = mul(x, r);
    const g = mul(dy, weight);
    const dx = mul(r, sub(g, mul(normalized, mean(mul(g, normalized), -1))));
    return [dx, sumTo(mul(dy, normalized), weight)];
  },
  lower({ inputs, outputs, attributes: { epsilon }, emit }) {
    emit("SimplifiedLayerNormalization", inputs, { outputs, attributes: { axis: -1, epsilon: { float: epsilon } } });
  },
  evaluate([x, weight], { epsilon }) {
    const width = x.shape.at(-1)!;
    const result = ndarray(x.shape);
    for (let start = 0; start < x.data.length; start += width) {
      let squares = 0;
      for (let k = 0; k < width; k++) squares += x.data[start + k] ** 2;
      const r = 1 / Math.sqrt(squares / width + epsilon);
      for (let k = 0; k < width; k++) result.data[start + k] = x.data[start + k] * r * weight.data[k];
    }
    return [result];
  },
});

/** Normalises the last axis of `x` [..., size] and multiplies it by `weight` [size]. */
export function rmsNorm(x: Tensor, weight: Tensor, epsilon: number): Tensor {
  return applyRmsNorm([x, weight], { epsilon })[0];
}
