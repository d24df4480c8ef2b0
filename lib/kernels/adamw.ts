/**
 * AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101), as PyTorch computes it, and the norm for clipping.
 *
 *   g' = clip g
 *   m' = beta1 m + (1 - beta1) g',   v' = beta2 v + (1 - beta2) g'^2
 *   p' = p (1 - lr weightDecay) - lr / (1 - beta1^t) m' / (sqrt(v') / sqrt(1 - beta2^t) + epsilon)
 *
 * The numbers that change at each step are inputs of rank 0, so that one program serves the whole run and every tensor.
 */
import { add, div, Graph, mul, scale, sqrt, square, sub, sum, type Tensor } from "../graph/mod.ts";

/** Constants of a run. */
export interface AdamWOptions {
  beta1: number;
  beta2: number;
  epsilon: number;
}

/** The names of the step's rank-0 inputs. */
export const ADAMW_STEP_INPUTS = ["clip", "decay", "stepSize", "secondCorrection"] as const;

/** The step's rank-0 inputs for step `t`, counted from 1. */
export function adamwStepValues(
  { beta1, beta2 }: AdamWOptions,
  step: { t: number; learningRate: number; weightDecay: number; clip: number },
): Record<(typeof ADAMW_STEP_INPUTS)[number], number> {
  return {
    clip: step.clip,
    decay: 1 - step.learningRate * step.weightDecay,
    stepSize: step.learningRate / (1 - beta1 ** step.t),
    secondCorrection: 1 / Math.sqrt(1 - beta2 ** step.t),
  };
}

/** The sizes of a tensor of any shape with that many axes. */
function anyShape(rank: number): string[] {
  return Array.from({ length: rank }, (_, axis) => `size${axis}`);
}

/**
 * The update of one tensor: inputs `parameter`, `gradient`, `firstMoment`, `secondMoment` of one shape and the rank-0
 * inputs named above; outputs the new parameter and moments under the same names.
 *
 * @param rank How many axes the tensor has; their sizes do not matter. Default 1.
 */
export function adamwGraph({ beta1, beta2, epsilon }: AdamWOptions, rank = 1): Record<string, Tensor> {
  const graph = new Graph();
  const [parameter, raw, m, v] = ["parameter", "gradient", "firstMoment", "secondMoment"].map((name) =>
    graph.input(name, anyShape(rank))
  );
  const [clip, decay, stepSize, secondCorrection] = ADAMW_STEP_INPUTS.map((name) => graph.input(name, []));
  const gradient = mul(raw, clip);
  const firstMoment = add(scale(m, beta1), scale(gradient, 1 - beta1));
  const secondMoment = add(scale(v, beta2), scale(square(gradient), 1 - beta2));
  const denominator = add(mul(sqrt(secondMoment), secondCorrection), graph.scalar(epsilon));
  const updated = sub(mul(parameter, decay), mul(stepSize, div(firstMoment, denominator)));
  return { parameter: updated, firstMoment, secondMoment };
}

/** The sum of squares of one tensor, `gradient`: its part of the global norm. */
export function sumOfSquaresGraph(rank = 1): Record<string, Tensor> {
  const gradient = new Graph().input("gradient", anyShape(rank));
  return { sumOfSquares: sum(square(gradient), gradient.shape.map((_, axis) => axis)) };
}

/** The sum of two tensors of one shape, `total` and `gradient`: gradients of several micro-batches. */
export function accumulateGraph(rank = 1): Record<string, Tensor> {
  const graph = new Graph();
  return { total: add(graph.input("total", anyShape(rank)), graph.input("gradient", anyShape(rank))) };
}
