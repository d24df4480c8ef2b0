/** The operators that kernels define for themselves. */
import * as tf from "@tensorflow/tfjs-core";
import { gatherRows } from "./gather.ts";
import { type Operator, operator } from "./operator.ts";

/** y = x r weight and r = 1 / sqrt(mean(x^2) + epsilon), along the last axis. */
function rmsNorm(x: tf.Tensor, weight: tf.Tensor, epsilon: number): tf.Tensor[] {
  const r = tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), tf.scalar(epsilon)));
  return [tf.mul(tf.mul(x, r), weight), r];
}

/** y = (x - m) r weight + bias, m the mean and r = 1 / sqrt(variance + epsilon), along the last axis. */
function layerNorm(x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor, epsilon: number): tf.Tensor[] {
  const m = tf.mean(x, -1, true);
  const offset = tf.sub(x, m);
  const r = tf.rsqrt(tf.add(tf.mean(tf.square(offset), -1, true), tf.scalar(epsilon)));
  return [tf.add(tf.mul(tf.mul(offset, r), weight), bias), m, r];
}

function gelu(x: tf.Tensor): tf.Tensor {
  const share = tf.mul(tf.add(tf.erf(tf.mul(x, tf.scalar(Math.SQRT1_2))), tf.scalar(1)), tf.scalar(0.5));
  return tf.mul(x, share);
}

/** x [batch, heads, tokens, headDim] turned by the angles at positions [batch, tokens]; halves of a head are paired. */
function rotary(x: tf.Tensor, positions: tf.Tensor, cosines: tf.Tensor, sines: tf.Tensor): tf.Tensor {
  const [first, second] = tf.split(x, 2, -1);
  const [cos, sin] = [cosines, sines].map((table) => tf.expandDims(gatherRows(table, positions), 1));
  return tf.concat([
    tf.sub(tf.mul(first, cos), tf.mul(second, sin)),
    tf.add(tf.mul(second, cos), tf.mul(first, sin)),
  ], -1);
}

export const KERNELS: Readonly<Record<string, Operator>> = {
  erf: operator<null>(({ inputs: [x] }) => tf.erf(x)),
  gelu: operator<null>(({ inputs: [x] }) => gelu(x)),
  layer_norm: operator<{ epsilon: number }>(({ inputs: [x, weight, bias], attributes: { epsilon } }) =>
    layerNorm(x, weight, bias, epsilon)
  ),
  rms_norm: operator<{ epsilon: number }>(({ inputs: [x, weight], attributes: { epsilon } }) =>
    rmsNorm(x, weight, epsilon)
  ),
  rotary: operator<null>(({ inputs: [x, positions, cos, sin] }) => rotary(x, positions, cos, sin)),
  silu: operator<null>(({ inputs: [x] }) => tf.mul(x, tf.sigmoid(x))),
};
