/**
 * AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101), as PyTorch computes it, and the norm for clipping.
 *
 *   g' = clip g
 *   m' = beta1 m + (1 - beta1) g',   v' = beta2 v + (1 - beta2) g'^2
 *   p' = p (1 - lr weightDecay) - lr / (1 - beta1^t) m' / (sqrt(v') / sqrt(1 - beta2^t) + epsilon)
 *
 * The numbers that change at each step are inputs of rank 0, so that one program serves the whole run and every tensor.
 */
import {
  add,
  div,
  Graph,
  greater,
  mul,
  reshape,
  scale,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  where,
} from "../graph/mod.ts";

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

/** A tensor with its gradient and moments, all of one shape. */
export interface AdamWState {
  parameter: Tensor;
  gradient: Tensor;
  firstMoment: Tensor;
  secondMoment: Tensor;
}

/** The new parameter and moments; declares the step's rank-0 inputs. */
export function adamwUpdate({ beta1, beta2, epsilon }: AdamWOptions, state: AdamWState): Omit<AdamWState, "gradient"> {
  const { graph } = state.parameter;
  const [clip, decay, stepSize, secondCorrection] = ADAMW_STEP_INPUTS.map((name) => graph.input(name, []));
  const gradient = mul(state.gradient, clip);
  const firstMoment = add(scale(state.firstMoment, beta1), scale(gradient, 1 - beta1));
  const secondMoment = add(scale(state.secondMoment, beta2), scale(square(gradient), 1 - beta2));
  const denominator = add(mul(sqrt(secondMoment), secondCorrection), graph.scalar(epsilon));
  const parameter = sub(mul(state.parameter, decay), mul(stepSize, div(firstMoment, denominator)));
  return { parameter, firstMoment, secondMoment };
}

/**
 * The update of one tensor: inputs `parameter`, `gradient`, `firstMoment`, `secondMoment` of one shape and the rank-0
 * inputs named above; outputs the new parameter and moments under the same names.
 *
 * @param rank How many axes the tensor has; their sizes do not matter. Default 1.
 */
export function adamwGraph(options: AdamWOptions, rank = 1): Record<string, Tensor> {
  const graph = new Graph();
  const [parameter, gradient, firstMoment, secondMoment] = ["parameter", "gradient", "firstMoment", "secondMoment"]
    .map((name) => graph.input(name, anyShape(rank)));
  return { ...adamwUpdate(options, { parameter, gradient, firstMoment, secondMoment }) };
}

/** The sum of squares of one tensor, `gradient`: its part of the global norm. */
export function sumOfSquaresGraph(rank = 1): Record<string, Tensor> {
  const gradient = new Graph().input("gradient", anyShape(rank));
  return { sumOfSquares: sum(square(gradient), gradient.shape.map((_, axis) => axis)) };
}

/**
 * The same among those of other tensors: `sums` [tensors] with the sum of squares of `gradient` where `place` [tensors] is 1
 * and not 0. The sums of many tensors can so be read back at once, and are added up in float64. Within the tensor one axis is
 * summed after the other: adding few numbers each time, float32 stays exact to about 1e-7.
 */
export function placeSumOfSquaresGraph(rank = 1): Record<string, Tensor> {
  const graph = new Graph();
  const gradient = graph.input("gradient", anyShape(rank));
  const [sums, place] = ["sums", "place"].map((name) => graph.input(name, ["tensors"]));
  const total = gradient.shape.reduceRight((rest, _, axis) => sum(rest, axis), square(gradient));
  return { sums: where(greater(place, graph.scalar(0)), reshape(total, [1]), sums) };
}

/** The sum of two tensors of one shape, `total` and `gradient`: gradients of several micro-batches. */
export function accumulateGraph(rank = 1): Record<string, Tensor> {
  const graph = new Graph();
  return { total: add(graph.input("total", anyShape(rank)), graph.input("gradient", anyShape(rank))) };
}
