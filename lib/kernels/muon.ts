/**
 * Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon), as torch.optim.Muon computes it, in float32: the
 * momentum of a weight matrix, made nearly orthogonal, is the direction of its step. For the same loss it reads about half of
 * what AdamW reads when a model is trained from nothing; tables, norms and biases stay with AdamW.
 *
 *   m' = momentum m + (1 - momentum) clip g,   u = (1 - momentum) clip g + momentum m'        (Nesterov)
 *   p' = p (1 - lr weightDecay) - lr 0.2 sqrt(max(rows, columns)) orthogonalized(u)
 *
 * The factor 0.2 sqrt(max(rows, columns)) gives the step the size of AdamW's, so that both take the same learning rate and decay
 * (Liu et al. 2025, arXiv:2502.16982; `adjust_lr_fn="match_rms_adamw"` in PyTorch).
 */
import { add, div, Graph, matmul, mul, scale, sqrt, square, sub, sum, type Tensor, transpose } from "../graph/mod.ts";

/** The quintic's coefficients: they lift small singular values fast and leave all between about 0.7 and 1.2. */
const [A, B, C] = [3.4445, -4.775, 2.0315];
const ITERATIONS = 5;
const EPSILON = 1e-7;

/** The names of the step's rank-0 inputs. */
export const MUON_STEP_INPUTS = ["clip", "decay", "learningRate"] as const;

/**
 * The matrix with its singular values brought near 1, and its singular vectors kept (five steps of a Newton-Schulz iteration).
 *
 * @param x [rows, columns], sizes known
 */
export function orthogonalized(x: Tensor): Tensor {
  const [rows, columns] = x.shape as number[];
  // The products are of the smaller side.
  if (rows > columns) return transpose(orthogonalized(transpose(x, [1, 0])), [1, 0]);
  const { graph } = x;
  let y = div(x, add(sqrt(sum(square(x), [0, 1])), graph.scalar(EPSILON)));
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const gram = matmul(y, y, { transposeB: true });
    const polynomial = add(scale(gram, B), scale(matmul(gram, gram), C));
    y = add(scale(y, A), matmul(polynomial, y));
  }
  return y;
}

/**
 * The update of one matrix: inputs `parameter`, `gradient`, `momentum` of the given shape and the rank-0 inputs
 * `MUON_STEP_INPUTS`; outputs the new parameter and momentum under the same names.
 */
export function muonGraph(momentum: number, shape: readonly number[]): Record<string, Tensor> {
  const graph = new Graph();
  const [parameter, gradient, before] = ["parameter", "gradient", "momentum"].map((name) => graph.input(name, shape));
  const [clip, decay, learningRate] = MUON_STEP_INPUTS.map((name) => graph.input(name, []));
  const fresh = scale(mul(gradient, clip), 1 - momentum);
  const after = add(scale(before, momentum), fresh);
  const direction = orthogonalized(add(fresh, scale(after, momentum)));
  const size = 0.2 * Math.sqrt(Math.max(...shape));
  return { parameter: sub(mul(parameter, decay), mul(learningRate, scale(direction, size))), momentum: after };
}
