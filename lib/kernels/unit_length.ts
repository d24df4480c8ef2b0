/**
 * Vectors scaled to length 1, so that their products are cosines.
 *
 *   y = r x,   r = 1 / sqrt(sum(x^2) + 1e-24),   along the last axis
 *
 * Backward:
 *
 *   dx = r (dy - y sum(dy y))
 */
import { add, customGradient, mul, reciprocal, sqrt, square, sub, sum, type Tensor } from "../graph/mod.ts";

/** `x` [..., size] with each vector of the last axis scaled to length 1. One of zeros stays zeros. */
export function unitLength(x: Tensor): Tensor {
  // PyTorch's normalize divides by at least 1e-12: the same for all but vectors shorter than that.
  const r = reciprocal(sqrt(add(sum(square(x), -1), x.graph.scalar(1e-24))));
  const [y] = customGradient([mul(x, r)], [x], ({ outputs: [y], outputGradient: dy }) => [
    mul(r, sub(dy, mul(y, sum(mul(dy, y), -1)))),
  ]);
  return y;
}
