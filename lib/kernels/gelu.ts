/**
 * The Gaussian error linear unit (Hendrycks & Gimpel 2016, arXiv:1606.08415), in its exact form, as BERT has it:
 *
 *   y = x P(x),   P(x) = (1 + erf(x / sqrt 2)) / 2, the share of a normal distribution below x
 *
 * Backward, with p(x) = exp(-x^2 / 2) / sqrt(2 pi), the derivative of P:
 *
 *   dx = dy (P + x p)
 */
import { add, defineOperator, exp, mul, ndarray, scale, square, type Tensor } from "../graph/mod.ts";

const applyErf = defineOperator<null>({
  name: "erf",
  cheap: true,
  infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
  gradient: ({ inputs: [x], outputGradient: dy }) => [
    mul(dy, scale(exp(scale(square(x), -1)), 2 / Math.sqrt(Math.PI))),
  ],
  lower({ inputs, outputs, emit }) {
    emit("Erf", inputs, { outputs });
  },
  evaluate: ([x]) => [ndarray(x.shape, x.data.map(erfOf))],
});

const applyGelu = defineOperator<null>({
  name: "gelu",
  cheap: true,
  infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
  gradient({ inputs: [x], outputGradient: dy }) {
    const one = x.graph.scalar(1);
    const share = scale(add(applyErf([scale(x, Math.SQRT1_2)], null)[0], one), 0.5);
    const density = scale(exp(scale(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return [mul(dy, add(share, mul(x, density)))];
  },
  lower({ inputs, outputs, emit }) {
    emit("Gelu", inputs, { outputs, domain: "com.microsoft" });
  },
  evaluate: ([x]) => [ndarray(x.shape, x.data.map((value) => value * (1 + erfOf(value * Math.SQRT1_2)) / 2))],
});

/** x times the share of a normal distribution below x, element by element. */
export function gelu(x: Tensor): Tensor {
  return applyGelu([x], null)[0];
}

/**
 * The error function in float64: 2 / sqrt(pi) exp(-x^2) times the sum of 2^n x^(2n+1) / (1 3 5 ... (2n+1)), whose terms all have
 * one sign, so that nothing cancels (Abramowitz & Stegun, 7.1.6).
 */
function erfOf(x: number): number {
  // Beyond, it is 1 to the last digit of a double.
  if (Math.abs(x) > 6) return Math.sign(x);
  let [term, total] = [x, x];
  for (let n = 1; Math.abs(term) > Math.abs(total) * 1e-17; n++) total += term *= 2 * x * x / (2 * n + 1);
  return total * Math.exp(-x * x) * 2 / Math.sqrt(Math.PI);
}
