/** Tensors as TensorFlow.js holds them. */
import * as tf from "@tensorflow/tfjs-core";
import { BYTES, type DType, showShape, sizeOf } from "../../graph/mod.ts";
import type { DeviceTensor, TensorData } from "../engine.ts";
import { HELD_AS } from "./operators/mod.ts";

const [LEAST_INT32, MOST_INT32] = [-(2n ** 31n), 2n ** 31n - 1n];

/**
 * Copies numbers to the backend that is in use.
 *
 * @throws When they do not fill the shape, or an int64 does not fit the 32 bits of TensorFlow.js's integers.
 */
export function makeTensor(data: TensorData, shape: readonly number[], dtype: DType): tf.Tensor {
  const size = sizeOf(shape);
  if (data.length !== size) {
    throw new Error(`a tensor of shape ${showShape(shape)} has ${size} elements, got data of ${data.length}`);
  }
  return tf.tensor(heldNumbers(data, dtype), [...shape], HELD_AS[dtype]);
}

/** A copy, since backends in this process may keep the array that they are given. */
function heldNumbers(data: TensorData, dtype: DType): Float32Array | Int32Array | Uint8Array {
  if (data instanceof BigInt64Array) {
    data.forEach((value, position) => {
      if (value < LEAST_INT32 || value > MOST_INT32) {
        throw new Error(`int64 ${value} at position ${position}: TensorFlow.js's integers end at ${MOST_INT32}`);
      }
    });
    return Int32Array.from(data, Number);
  }
  if (dtype === "float16") {
    return Float32Array.from(new Float16Array(data.buffer as ArrayBuffer, data.byteOffset, data.length));
  }
  if (dtype === "uint8") return Int32Array.from(data as Uint8Array);
  return (data as Float32Array | Int32Array | Uint8Array).slice();
}

/** Numbers as the rest of Kiln holds them, from what TensorFlow.js holds. */
export function readNumbers(held: Float32Array | Int32Array | Uint8Array, dtype: DType): TensorData {
  switch (dtype) {
    case "int64":
      return BigInt64Array.from(held as Int32Array, BigInt);
    case "uint8":
      return Uint8Array.from(held);
    case "float16": {
      const halves = Float16Array.from(held as Float32Array);
      return new Uint16Array(halves.buffer, halves.byteOffset, halves.length);
    }
    default:
      // The CPU backend hands out its own array.
      return held.slice();
  }
}

/** Wraps a TensorFlow.js tensor; `owner` counts its bytes as its dtype says, which is what they take on other engines. */
export class TensorFlowTensor implements DeviceTensor {
  readonly byteLength: number;
  readonly shape: readonly number[];
  readonly data = null;
  #tensor: tf.Tensor;
  constructor(readonly owner: { bytesInUse: number }, tensor: tf.Tensor, readonly dtype: DType) {
    this.#tensor = tensor;
    this.shape = tensor.shape;
    this.byteLength = sizeOf(this.shape) * BYTES[dtype];
    owner.bytesInUse += this.byteLength;
  }
  get tensor(): tf.Tensor {
    return this.#tensor;
  }
  get isDisposed(): boolean {
    return this.#tensor.isDisposed;
  }
  /** Takes the numbers of another tensor of the same shape, which becomes its own. */
  replace(tensor: tf.Tensor): void {
    this.#tensor.dispose();
    this.#tensor = tensor;
  }
  dispose(): void {
    if (this.isDisposed) return;
    this.owner.bytesInUse -= this.byteLength;
    this.#tensor.dispose();
  }
}

/** Whether a tensor is TensorFlow.js's. */
export function isTensorFlowTensor(tensor: DeviceTensor): tensor is TensorFlowTensor {
  return tensor instanceof TensorFlowTensor;
}
