/** Operators that move elements, or tell where they are, and compute nothing. Those that only rename a value share its memory. */
import * as tf from "@tensorflow/tfjs-core";
import { type Dimension, showShape } from "../../../graph/mod.ts";
import { type Operator, operator, type OperatorCall } from "./operator.ts";

function reshape(
  { inputs: [x, like], attributes: { shape }, size }: OperatorCall<{ shape: readonly Dimension[] }>,
): tf.Tensor {
  if (like) return tf.reshape(x, like.shape);
  const sizes = shape.map((dimension) => size(dimension) ?? -1);
  // One size that the run does not show is whatever is left.
  if (sizes.filter((length) => length === -1).length > 1) {
    throw new Error(`reshape to ${showShape(shape)}: more than one size that no input shows`);
  }
  return tf.reshape(x, sizes);
}

function split(
  { inputs: [x, lengths], attributes, size }: OperatorCall<{ axis: number; lengths: readonly Dimension[] }>,
): tf.Tensor[] {
  // Lengths are fed as a tensor where the graph only knows their sum.
  const given = lengths && attributes.lengths.some((length) => size(length) === null) ? lengths.dataSync() : null;
  let start = 0;
  return attributes.lengths.map((dimension, part) => {
    const length = given ? given[part] : size(dimension)!;
    const begin = x.shape.map((_, axis) => axis === attributes.axis ? start : 0);
    start += length;
    return tf.slice(x, begin, x.shape.with(attributes.axis, length));
  });
}

/** Kernels differ in what they make of tensors without elements. */
function concat({ inputs, attributes: { axis } }: OperatorCall<{ axis: number }>): tf.Tensor {
  const filled = inputs.filter((x) => x.size > 0);
  if (filled.length === 1) return tf.clone(filled[0]);
  return tf.concat(filled.length === 0 ? [...inputs] : filled, axis);
}

const same = operator<null>(({ inputs: [x] }) => tf.clone(x));

export const SHAPES: Readonly<Record<string, Operator>> = {
  reshape: operator(reshape),
  transpose: operator<{ order: readonly number[] }>(({ inputs: [x], attributes: { order } }) =>
    tf.transpose(x, [...order])
  ),
  expand: operator<null>(({ inputs: [x, like] }) => tf.broadcastTo(x, like.shape)),
  split: operator(split),
  concat: operator(concat),
  identity: same,
  custom_gradient: operator<{ count: number }>(({ inputs, attributes: { count } }) =>
    inputs.slice(0, count).map((x) => tf.clone(x))
  ),
  index_column: operator<null>(({ inputs: [indices] }) => tf.expandDims(indices, -1)),
  last_places: operator<{ axis: number }>(({ inputs: [x, count], attributes: { axis } }) => {
    const [kept] = count.dataSync();
    const begin = kept === 0 ? 0 : Math.max(0, x.shape[axis] - kept);
    return tf.slice(x, x.shape.map((_, at) => at === axis ? begin : 0));
  }),
  steps_to_end: operator<{ axis: number }>(({ inputs: [x], attributes: { axis } }) =>
    tf.range(x.shape[axis] - 1, -1, -1)
  ),
};
