/**
 * Layer normalisation (Ba et al. 2016, arXiv:1607.06450).
 *
 *   y = n w + b,   n = (x - m) r,   m = mean(x),   r = 1 / sqrt(mean((x - m)^2) + epsilon),   along the last axis
 *
 * Backward, with g = dy w:
 *
 *   dx = r (g - mean(g) - n mean(n g)),   dw = sum over rows of dy n,   db = sum over rows of dy
 *
 * The means of g are matrix-vector products of dy and dy n with w, so that g itself is read once only.
 */
import {
  defineOperator,
  matmul,
  mul,
  multiplyDimensions,
  ndarray,
  reshape,
  scale,
  sub,
  sum,
  type Tensor,
} from "../graph/mod.ts";

/** Gives y [..., size], and m and r [..., 1]. */
const applyLayerNorm = defineOperator<{ epsilon: number }>({
  name: "layer_norm",
  cheap: true,
  infer([x, weight, bias]) {
    const size = x.shape.at(-1);
    for (const [what, { shape }] of [["weight", weight], ["bias", bias]] as const) {
      if (shape.length !== 1 || shape[0] !== size) throw new Error(`expected a ${what} of [${size}]`);
    }
    const perRow = { dtype: x.dtype, shape: [...x.shape.slice(0, -1), 1] };
    return [{ dtype: x.dtype, shape: x.shape }, perRow, perRow];
  },
  gradient({ inputs: [x, weight], outputs: [, m, r], outputGradient: dy }) {
    const size = weight.shape[0];
    if (typeof size !== "number") {
      throw new Error(`layer_norm: the gradient needs a last axis of known size, got ${size}`);
    }
    const column = scale(reshape(weight, [size, 1]), 1 / size);
    const n = mul(sub(x, m), r);
    const product = mul(dy, n);
    const centred = sub(sub(mul(dy, weight), matmul(dy, column)), mul(n, matmul(product, column)));
    const rows = multiplyDimensions(...x.shape.slice(0, -1));
    const overRows = (values: Tensor) => reshape(sum(reshape(values, [rows, size]), 0), [size]);
    return [mul(r, centred), overRows(product), overRows(dy)];
  },
  lower({ target, inputs, outputs: [y, m, r], attributes: { epsilon }, emit, float, integers }) {
    const attributes = { axis: -1, epsilon: { float: epsilon } };
    if (target !== "webgpu") {
      emit("LayerNormalization", inputs, { outputs: [y, m, r], attributes });
      return;
    }
    // The WebGPU provider computes the first output only.
    emit("LayerNormalization", inputs, { outputs: [y], attributes });
    const [x] = inputs;
    emit("ReduceMean", [x, integers([-1])], { outputs: [m] });
    const offset = emit("Sub", [x, m]);
    const variance = emit("ReduceMean", [emit("Mul", [offset, offset]), integers([-1])]);
    emit("Reciprocal", [emit("Sqrt", [emit("Add", [variance, float(epsilon)])])], { outputs: [r] });
  },
  evaluate([x, weight, bias], { epsilon }) {
    const width = x.shape.at(-1)!;
    const perRow = [...x.shape.slice(0, -1), 1];
    const [y, means, inverses] = [ndarray(x.shape), ndarray(perRow), ndarray(perRow)];
    for (let row = 0; row < means.data.length; row++) {
      const values = x.data.subarray(row * width, (row + 1) * width);
      const m = means.data[row] = values.reduce((total, value) => total + value, 0) / width;
      const squares = values.reduce((total, value) => total + (value - m) ** 2, 0);
      const r = inverses.data[row] = 1 / Math.sqrt(squares / width + epsilon);
      values.forEach((value, k) => y.data[row * width + k] = (value - m) * r * weight.data[k] + bias.data[k]);
    }
    return [y, means, inverses];
  },
});

/** Normalises the last axis of `x` [..., size] to mean 0 and variance 1, times `weight` [size] plus `bias` [size]. */
export function layerNorm(x: Tensor, weight: Tensor, bias: Tensor, epsilon: number): Tensor {
  return applyLayerNorm([x, weight, bias], { epsilon })[0];
}
