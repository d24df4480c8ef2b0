/** Tensors as ONNX Runtime holds them. */
import * as ort from "onnxruntime-node";
import { BYTES, type DType, sizeOf } from "../graph/mod.ts";
import type { DeviceTensor, TensorData } from "./engine.ts";

/** The element type that an array stands for where none is named. */
export function dtypeOf(data: TensorData): DType {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof Uint16Array) return "float16";
  if (data instanceof Int32Array) return "int32";
  if (data instanceof BigInt64Array) return "int64";
  return "uint8";
}

/** Wraps an array, which is not copied. */
export function makeOrtTensor(data: TensorData, shape: readonly number[], dtype: DType): ort.Tensor {
  if (dtype !== "float16") return new ort.Tensor(dtype as "float32", data as Float32Array, shape);
  // As "float16" the data would become a Float16Array, which Deno hands to native code as empty.
  const tensor = new ort.Tensor("uint16", data as Uint16Array, shape);
  Object.defineProperty(tensor, "type", { value: "float16" });
  return tensor;
}

/** An output's numbers; float16 as bits, whatever array ONNX Runtime chose. */
export function dataOf(tensor: ort.Tensor): TensorData {
  const data = tensor.data as TensorData;
  if (tensor.type !== "float16") return data;
  return new Uint16Array(data.buffer as ArrayBuffer, data.byteOffset, data.length);
}

/** Keeps the number of bytes in tensors that were not disposed. */
export interface ByteCounter {
  bytesInUse: number;
}

/** Wraps an ONNX Runtime tensor; `owner` counts its bytes, and `onDispose` is told when its memory was given back. */
export class OrtTensor implements DeviceTensor {
  readonly byteLength: number;
  #disposed = false;
  constructor(
    readonly owner: ByteCounter,
    readonly tensor: ort.Tensor,
    readonly dtype: DType,
    readonly shape: readonly number[],
    readonly data: TensorData | null,
    readonly onDispose?: () => void,
  ) {
    this.byteLength = sizeOf(shape) * BYTES[dtype];
    owner.bytesInUse += this.byteLength;
  }
  get isDisposed(): boolean {
    return this.#disposed;
  }
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.owner.bytesInUse -= this.byteLength;
    if (this.data === null) this.tensor.dispose();
    this.onDispose?.();
  }
}
