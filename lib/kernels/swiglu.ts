/**
 * The gated feed-forward activation (Shazeer 2020, arXiv:2002.05202): swiglu(gate, up) = silu(gate) up, with
 * silu(x) = x s(x) and s the logistic function.
 *
 * Backward of silu: dx = dy (s + (1 - s) silu(x)). For the pair, arranged so that the tensors are read few times:
 *
 *   dUp = dy silu(gate),   dGate = up (dUp + s (dy - dUp))
 */
import { add, customGradient, defineOperator, mul, ndarray, sigmoid, sub, type Tensor } from "../graph/mod.ts";

const applySilu = defineOperator<null>({
  name: "silu",
  cheap: true,
  infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
  gradient({ inputs: [x], outputs: [y], outputGradient: dy }) {
    const s = sigmoid(x);
    return [mul(dy, add(s, mul(sub(x.graph.scalar(1), s), y)))];
  },
  lower({ target, inputs, outputs, emit }) {
    if (target === "portable") {
      emit("Mul", [inputs[0], emit("Sigmoid", inputs)], { outputs });
      return;
    }
    // QuickGelu is x s(alpha x); with alpha = 1 that is silu in one pass.
    emit("QuickGelu", inputs, { outputs, attributes: { alpha: { float: 1 } }, domain: "com.microsoft" });
  },
  evaluate: ([x]) => [ndarray(x.shape, x.data.map((value) => value / (1 + Math.exp(-value))))],
});

/** x s(x), the sigmoid-weighted linear unit. */
export function silu(x: Tensor): Tensor {
  return applySilu([x], null)[0];
}

/** silu(gate) times up, element by element; both of one shape. */
export function swiglu(gate: Tensor, up: Tensor): Tensor {
  const activated = silu(gate);
  const [product] = customGradient([mul(activated, up)], [gate, up], ({ outputGradient: dy }) => {
    const dUp = mul(dy, activated);
    return [mul(up, add(dUp, mul(sigmoid(gate), sub(dy, dUp)))), dUp];
  });
  return product;
}
