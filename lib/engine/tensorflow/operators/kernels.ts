/** The operators that kernels define for themselves. */
import * as tf from "@tensorflow/tfjs-core";
import { gatherRows } from "./gather.ts";
import { type Operator, operator } from "./operator.ts";

/** y = x r weight and r = 1 / sqrt(mean(x^2) + epsilon), along the last axis. */
function rmsNorm(x: tf.Tensor, weight: tf.Tensor, epsilon: number): tf.Tensor[] {
  const r = tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), tf.scalar(epsilon)));
  return [tf.mul(tf.mul(x, r), weight), r];
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
  rms_norm: operator<{ epsilon: number }>(({ inputs: [x, weight], attributes: { epsilon } }) =>
    rmsNorm(x, weight, epsilon)
  ),
  rotary: operator<null>(({ inputs: [x, positions, cos, sin] }) => rotary(x, positions, cos, sin)),
  silu: operator<null>(({ inputs: [x] }) => tf.mul(x, tf.sigmoid(x))),
};
