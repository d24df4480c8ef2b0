/**
 * Root-mean-square layer normalisation (Zhang & Sennrich 2019, arXiv:1910.07467).
 *
 *   y = x r w,   r = 1 / sqrt(mean(x^2) + epsilon),   along the last axis
 *
 * Backward, where the sums over columns and over rows are matrix-vector products, the cheapest way to read dy x:
 *
 *   dx = r (dy w - x r^2 mean(dy x w)),   dw = sum over rows of dy x r
 */
import {
  defineOperator,
  matmul,
  mul,
  multiplyDimensions,
  ndarray,
  reshape,
  scale,
  square,
  sub,
  type Tensor,
} from "../graph/mod.ts";

/** Gives y [..., size] and r [..., 1]. */
const applyRmsNorm = defineOperator<{ epsilon: number }>({
  name: "rms_norm",
  cheap: true,
  infer([x, weight]) {
    if (weight.shape.length !== 1 || weight.shape[0] !== x.shape.at(-1)) {
      throw new Error(`expected a weight of [${x.shape.at(-1)}]`);
    }
    return [{ dtype: x.dtype, shape: x.shape }, { dtype: x.dtype, shape: [...x.shape.slice(0, -1), 1] }];
  },
  gradient({ inputs: [x, weight], outputs: [, r], outputGradient: dy }) {
    const size = weight.shape[0];
    if (typeof size !== "number") {
      throw new Error(`rms_norm: the gradient needs a last axis of known size, got ${size}`);
    }
    const product = mul(dy, x);
    const mean = scale(matmul(product, reshape(weight, [size, 1])), 1 / size);
    const dx = mul(r, sub(mul(dy, weight), mul(x, mul(square(r), mean))));
    const rows = multiplyDimensions(...x.shape.slice(0, -1));
    const dWeight = matmul(reshape(r, [rows, 1]), reshape(product, [rows, size]), { transposeA: true });
    return [dx, reshape(dWeight, [size])];
  },
  lower({ target, inputs, outputs: [y, r], attributes: { epsilon }, emit, float, integers }) {
    if (target === "portable") {
      // SimplifiedLayerNormalization is no part of the standard; ONNX Runtime makes one of exactly this.
      const meanSquare = emit("ReduceMean", [emit("Pow", [inputs[0], float(2)]), integers([-1])]);
      const root = emit("Sqrt", [emit("Add", [meanSquare, float(epsilon)])]);
      emit("Mul", [emit("Div", [inputs[0], root]), inputs[1]], { outputs: [y] });
      emit("Reciprocal", [root], { outputs: [r] });
      return;
    }
    const attributes = { axis: -1, epsilon: { float: epsilon } };
    if (target !== "webgpu") {
      emit("SimplifiedLayerNormalization", inputs, { outputs: [y, r], attributes });
      return;
    }
    // The WebGPU provider leaves something else in the second output (seen in 1.30).
    emit("SimplifiedLayerNormalization", inputs, { outputs: [y], attributes });
    const meanSquare = emit("ReduceMean", [emit("Mul", [inputs[0], inputs[0]]), integers([-1])]);
    emit("Reciprocal", [emit("Sqrt", [emit("Add", [meanSquare, float(epsilon)])])], { outputs: [r] });
  },
  evaluate([x, weight], { epsilon }) {
    const width = x.shape.at(-1)!;
    const [y, inverse] = [ndarray(x.shape), ndarray([...x.shape.slice(0, -1), 1])];
    for (let row = 0; row < inverse.data.length; row++) {
      const start = row * width;
      let squares = 0;
      for (let k = 0; k < width; k++) squares += x.data[start + k] ** 2;
      const r = inverse.data[row] = 1 / Math.sqrt(squares / width + epsilon);
      for (let k = 0; k < width; k++) y.data[start + k] = x.data[start + k] * r * weight.data[k];
    }
    return [y, inverse];
  },
});

/** Normalises the last axis of `x` [..., size] and multiplies it by `weight` [size]. */
export function rmsNorm(x: Tensor, weight: Tensor, epsilon: number): Tensor {
  return applyRmsNorm([x, weight], { epsilon })[0];
}
