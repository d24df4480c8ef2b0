/** Reading and adding rows and elements by index. */
import * as tf from "@tensorflow/tfjs-core";
import { type Operator, operator } from "./operator.ts";

/**
 * Finds an index outside 0 to `count` - 1: the WebAssembly kernels would write wherever it points, and an index into the
 * last axis would be read from another row.
 */
function checkIndices(indices: tf.Tensor, count: number): void {
  const wrong = indices.dataSync().find((index) => index < 0 || index >= count);
  if (wrong !== undefined) throw new Error(`index ${wrong}: expected 0 to ${count - 1}`);
}

/** `values` added up at `indices` [n] of a flat list of rows [count, ...]; an index may occur several times. */
function addedUp(indices: tf.Tensor, values: tf.Tensor, count: number): tf.Tensor {
  const row = values.shape.slice(1);
  if (values.size === 0) return tf.zeros([count, ...row], values.dtype);
  return tf.scatterND(tf.reshape(indices, [-1, 1]), values, [count, ...row]);
}

/** Rows of a table [rows, ...] at indices [...]. */
export function gatherRows(table: tf.Tensor, indices: tf.Tensor): tf.Tensor {
  checkIndices(indices, table.shape[0]);
  return tf.reshape(tf.gather(table, tf.reshape(indices, [-1]), 0), [...indices.shape, ...table.shape.slice(1)]);
}

function scatterAddRows(table: tf.Tensor, indices: tf.Tensor, rows: tf.Tensor): tf.Tensor {
  const [count, ...row] = table.shape;
  checkIndices(indices, count);
  return tf.add(table, addedUp(indices, tf.reshape(rows, [indices.size, ...row]), count));
}

/** Indices [..., k] of the last axis of x [..., n], as indices [all] into the elements of x. */
function flatIndices(x: tf.Tensor, indices: tf.Tensor): tf.Tensor {
  const width = x.shape.at(-1)!;
  checkIndices(indices, width);
  const rows = x.size / width;
  const starts = tf.mul(tf.range(0, rows, 1, "int32"), tf.scalar(width, "int32"));
  const flat = tf.reshape(indices, [rows, indices.size / rows]);
  return tf.reshape(tf.add(flat, tf.reshape(starts, [rows, 1])), [-1]);
}

function takeAlongLast(x: tf.Tensor, indices: tf.Tensor): tf.Tensor {
  return tf.reshape(tf.gather(tf.reshape(x, [-1]), flatIndices(x, indices), 0), indices.shape);
}

function addAlongLast(x: tf.Tensor, indices: tf.Tensor, values: tf.Tensor): tf.Tensor {
  const added = addedUp(flatIndices(x, indices), tf.reshape(values, [-1]), x.size);
  return tf.add(x, tf.reshape(added, x.shape));
}

export const GATHERS: Readonly<Record<string, Operator>> = {
  gather_rows: operator<null>(({ inputs: [table, indices] }) => gatherRows(table, indices)),
  scatter_add_rows: operator<null>(({ inputs: [table, indices, rows] }) => scatterAddRows(table, indices, rows)),
  take_along_last: operator<null>(({ inputs: [x, indices] }) => takeAlongLast(x, indices)),
  add_along_last: operator<null>(({ inputs: [x, indices, values] }) => addAlongLast(x, indices, values)),
};
