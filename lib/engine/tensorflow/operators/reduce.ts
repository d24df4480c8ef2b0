/** Sums, means and maxima along axes, which stay with size 1. */
import * as tf from "@tensorflow/tfjs-core";
import { type Operator, operator } from "./operator.ts";

/** @param ofNothing The result where there is nothing to reduce: the WebAssembly kernels leave it as memory was. */
function reduction(
  compute: (x: tf.Tensor, axes: number[], keepDims: boolean) => tf.Tensor,
  ofNothing: number,
): Operator {
  return operator<{ axes: readonly number[] }>(({ inputs: [x], attributes: { axes } }) => {
    if (x.size > 0) return compute(x, [...axes], true);
    return tf.fill(x.shape.map((length, axis) => axes.includes(axis) ? 1 : length), ofNothing, x.dtype);
  });
}

export const REDUCTIONS: Readonly<Record<string, Operator>> = {
  sum: reduction(tf.sum, 0),
  mean: reduction(tf.mean, NaN),
  reduce_max: reduction(tf.max, -Infinity),
  softmax: operator<null>(({ inputs: [x] }) => tf.softmax(x)),
};
