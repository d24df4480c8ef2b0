/** Arithmetic element by element, comparisons, selections and casts. TensorFlow.js broadcasts as NumPy does. */
import * as tf from "@tensorflow/tfjs-core";
import type { DType } from "../../../graph/mod.ts";
import { HELD_AS, type Operator, operator } from "./operator.ts";

function binary(compute: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): Operator {
  return operator<null>(({ inputs: [a, b] }) => compute(a, b));
}

function unary(compute: (x: tf.Tensor) => tf.Tensor): Operator {
  return operator<null>(({ inputs: [x] }) => compute(x));
}

/**
 * log(1 + e^x) as max(x, 0) + log1p(e^-|x|): TensorFlow.js's own operator takes the logarithm of a rounded 1 + e^x, which
 * for x = -10 is off by a thousandth.
 */
function softplus(x: tf.Tensor): tf.Tensor {
  return tf.add(tf.relu(x), tf.log1p(tf.exp(tf.neg(tf.abs(x)))));
}

/** Kernels copy between arrays, which would make 0.5 a false and 256 too. */
function cast(x: tf.Tensor, to: DType): tf.Tensor {
  const held = HELD_AS[to];
  if (held === x.dtype) return tf.clone(x);
  return held === "bool" ? tf.notEqual(x, tf.scalar(0, x.dtype)) : tf.cast(x, held);
}

export const ELEMENTWISE: Readonly<Record<string, Operator>> = {
  add: binary(tf.add),
  sub: binary(tf.sub),
  mul: binary(tf.mul),
  div: binary(tf.div),
  min: binary(tf.minimum),
  max: binary(tf.maximum),
  neg: unary(tf.neg),
  abs: unary(tf.abs),
  exp: unary(tf.exp),
  log: unary(tf.log),
  sqrt: unary(tf.sqrt),
  reciprocal: unary(tf.reciprocal),
  sigmoid: unary(tf.sigmoid),
  tanh: unary(tf.tanh),
  softplus: unary(softplus),
  less: binary(tf.less),
  greater: binary(tf.greater),
  equal: binary(tf.equal),
  where: operator<null>(({ inputs: [condition, a, b] }) => tf.where(condition, a, b)),
  cast: operator<{ to: DType }>(({ inputs: [x], attributes: { to } }) => cast(x, to)),
};
