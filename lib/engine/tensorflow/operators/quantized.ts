/**
 * Matrices of 4 and 8 bits, laid out as lib/graph/ops/quantized.ts says. TensorFlow.js has no bytes to compute with: codes
 * are int32, so that a matrix of 4 bits takes two bytes a number, and a product makes the whole matrix for a moment.
 */
import * as tf from "@tensorflow/tfjs-core";
import { type Bits, BLOCK } from "../../../graph/mod.ts";
import { gatherRows } from "./gather.ts";
import { matmul } from "./matmul.ts";
import { type Operator, operator } from "./operator.ts";

interface Attributes {
  bits: Bits;
}

/** Bytes [..., n] as codes [..., n or 2 n]; of 4 bits the low half of a byte comes first. Floats hold bytes exactly. */
function unpacked(bytes: tf.Tensor, bits: Bits): tf.Tensor {
  const numbers = tf.cast(bytes, "float32");
  if (bits === 8) return numbers;
  const high = tf.floor(tf.mul(numbers, tf.scalar(1 / 16)));
  const low = tf.sub(numbers, tf.mul(high, tf.scalar(16)));
  return tf.reshape(tf.stack([low, high], -1), [...bytes.shape.slice(0, -1), 2 * bytes.shape.at(-1)!]);
}

/** Rows [rows, columns] from codes [rows, blocks, bytes], scales [rows, blocks] and zero points [rows, bytes]. */
function dequantized([codes, scales, zeroPoints]: readonly tf.Tensor[], bits: Bits): tf.Tensor {
  const [rows, blocks] = scales.shape;
  const zero = zeroPoints
    ? tf.expandDims(tf.slice(unpacked(zeroPoints, bits), [0, 0], [rows, blocks]), 2)
    : tf.scalar(2 ** (bits - 1));
  const scaled = tf.mul(tf.sub(unpacked(codes, bits), zero), tf.expandDims(scales, 2));
  return tf.reshape(scaled, [rows, blocks * BLOCK]);
}

function dequantizedRows([indices, ...parts]: readonly tf.Tensor[], bits: Bits): tf.Tensor {
  const list = tf.reshape(indices, [-1]);
  const rows = dequantized(parts.map((part) => gatherRows(part, list)), bits);
  return tf.reshape(rows, [...indices.shape, rows.shape[1]!]);
}

export const QUANTIZED: Readonly<Record<string, Operator>> = {
  dequantize: operator<Attributes>(({ inputs, attributes: { bits } }) => dequantized(inputs, bits)),
  dequantize_rows: operator<Attributes>(({ inputs, attributes: { bits } }) => dequantizedRows(inputs, bits)),
  quantized_linear: operator<Attributes>(({ inputs: [x, ...parts], attributes: { bits } }) =>
    matmul(x, dequantized(parts, bits), { transposeB: true })
  ),
};
