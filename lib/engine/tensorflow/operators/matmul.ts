/**
 * Matrix products. TensorFlow.js's own backends (CPU and WebAssembly, 4.22) broadcast batches wrongly: block i of the
 * result is the product of blocks i modulo each side's number, which is right only where one side has a single block or
 * both have the same. So every product is brought to one of those two forms first.
 */
import * as tf from "@tensorflow/tfjs-core";
import { broadcastShapes, type MatmulOptions, sameShape, sizeOf } from "../../../graph/mod.ts";
import { type Operator, operator } from "./operator.ts";

/** a [..., m, k] times b [..., k, n], before the optional transposes; leading axes broadcast. */
export function matmul(
  a: tf.Tensor,
  b: tf.Tensor,
  { transposeA = false, transposeB = false }: MatmulOptions,
): tf.Tensor {
  const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const batch = broadcastShapes(batchA, batchB) as number[];
  const [m, k] = transposeA ? [a.shape.at(-1)!, a.shape.at(-2)!] : a.shape.slice(-2);
  const n = transposeB ? b.shape.at(-2)! : b.shape.at(-1)!;
  const shape = [...batch, m, n];
  if (k === 0) return tf.zeros(shape);
  if (sameShape(batchA, batchB)) return tf.reshape(product(a, b, transposeA, transposeB), shape);
  // Where b repeats along the last axes of the batch, those are more rows of a: one product over all of them.
  const shared = transposeA ? batch.length : sharedFrom(batch, batchB);
  const rows = sizeOf(batch.slice(shared)) * m;
  const left = tf.reshape(tf.broadcastTo(a, [...batch, ...a.shape.slice(-2)]), [
    ...batch.slice(0, shared),
    ...(transposeA ? [k, m] : [rows, k]),
  ]);
  const blocks = batchB.slice(0, Math.max(0, batchB.length - (batch.length - shared)));
  const right = tf.reshape(b, [...blocks, ...b.shape.slice(-2)]);
  const repeated = tf.broadcastTo(right, [...batch.slice(0, shared), ...b.shape.slice(-2)]);
  return tf.reshape(product(left, repeated, transposeA, transposeB), shape);
}

/** The first axis of the batch from which on b has nothing but axes of size 1. */
function sharedFrom(batch: readonly number[], batchB: readonly number[]): number {
  let first = batch.length;
  while (first > 0 && (batchB[first - 1 - (batch.length - batchB.length)] ?? 1) === 1) first--;
  return first;
}

/**
 * Both of one batch. WebAssembly has fast kernels for factors as they lie and slow ones for transposed factors: turning
 * them first is three to ten times faster. Elsewhere it is slower.
 */
function product(a: tf.Tensor, b: tf.Tensor, transposeA: boolean, transposeB: boolean): tf.Tensor {
  if (tf.getBackend() !== "wasm") return tf.matMul(a, b, transposeA, transposeB);
  return tf.matMul(transposeA ? turned(a) : a, transposeB ? turned(b) : b);
}

/** The last two axes swapped. */
function turned(x: tf.Tensor): tf.Tensor {
  const axes = x.shape.map((_, axis) => axis);
  return tf.transpose(x, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
}

export const PRODUCTS: Readonly<Record<string, Operator>> = {
  matmul: operator<Required<MatmulOptions>>(({ inputs: [a, b], attributes }) => {
    const result = matmul(a, b, attributes);
    return attributes.scale === 1 ? result : tf.mul(result, tf.scalar(attributes.scale));
  }),
};
