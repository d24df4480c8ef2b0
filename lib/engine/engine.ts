/** What can run a graph. Models and trainers speak to this interface and never to a runtime. */
import type { DType, Initializer, Tensor } from "../graph/mod.ts";

/** Where an engine computes; `"tensorflow"` is whatever TensorFlow.js runs on. */
export type Device = "cpu" | "webgpu" | "cuda" | "tensorflow";

/** What `createEngine` knows. */
export const DEVICES: readonly Device[] = ["cpu", "webgpu", "cuda", "tensorflow"];

/** Numbers as JavaScript holds them; float16 as the bits in a Uint16Array. */
export type TensorData = Float32Array | Uint16Array | Int32Array | BigInt64Array | Uint8Array;

/** A tensor that lives where its engine computes. Dispose it when done: GPU memory is not garbage-collected. */
export interface DeviceTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Size in bytes. */
  readonly byteLength: number;
  /**
   * The tensor's own memory where it lies in this process's, null where it lies on a device. Writing to it changes the
   * tensor; code that must work on every device uses `Engine.read` and `Engine.upload` instead.
   */
  readonly data: TensorData | null;
  dispose(): void;
}

/** A compiled graph. */
export interface Program {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /**
   * Runs the program. `feeds` may hold more than the program needs, so that programs with and without some inputs can
   * share one record.
   *
   * @param into Tensors to write outputs to, by name, which saves an allocation where the engine `sharesMemory`. WebGPU
   *   cannot write to tensors that it is given, and refuses them.
   * @throws When an input is missing, was disposed, or does not have the dtype and shape that the graph declares; when a
   *   tensor of `into` is not one that the program can write (the message names it); when the program was disposed.
   */
  run(
    feeds: Readonly<Record<string, DeviceTensor>>,
    into?: Readonly<Record<string, DeviceTensor>>,
  ): Promise<Record<string, DeviceTensor>>;
  /** Frees it. Another time does nothing. */
  dispose(): Promise<void>;
}

/** What to compile: the graph's tensors to compute, by the names that `run` returns them under. */
export interface CompileOptions {
  outputs: Readonly<Record<string, Tensor>>;
  /** Inputs frozen into the program, so that the runtime may lay them out for speed. */
  initializers?: Record<string, Initializer>;
  /** The program runs often and briefly, as decoding does: its threads stay awake between operators. Default false. */
  lowLatency?: boolean;
  /**
   * Whether the runtime may compute at once what only depends on constants and `initializers`. False for frozen weights in
   * less than float32 that shall stay small: widened once, they would take their full size. Default true.
   */
  foldConstants?: boolean;
}

/** Runs graphs on one device. */
export interface Engine {
  readonly device: Device;
  /** A line for logs: runtime, version, device, threads. */
  readonly description: string;
  /** Why `device: "auto"` took this engine; undefined where the device was named. */
  readonly reason?: string;
  /** Whether tensors live in this process's own memory, so that `DeviceTensor.data` is never null. */
  readonly sharesMemory: boolean;
  /** Whether each run copies its feeds to the device: weights that never change then belong into the program. */
  readonly copiesFeeds: boolean;
  /** Whether programs may hold and compute float16. */
  readonly supportsFloat16: boolean;
  compile(options: CompileOptions): Promise<Program>;
  /**
   * Makes a tensor of numbers that change at every step (token ids, masks). On the CPU the array itself becomes the
   * tensor: nothing is copied. On a GPU it is copied by each run that is fed with it, and must have elements on WebGPU.
   * TensorFlow.js copies it at once.
   *
   * @throws When the data does not fill the shape.
   */
  upload(data: TensorData, shape: readonly number[], dtype?: DType): DeviceTensor;
  /** Puts numbers on the device to stay: weights, optimizer states. On the CPU the same as `upload`. */
  store(data: TensorData, shape: readonly number[], dtype?: DType): Promise<DeviceTensor>;
  /** A float32 tensor of zeros. */
  zeros(shape: readonly number[]): DeviceTensor;
  /** Copies a tensor's numbers to the CPU (on the CPU: the array itself). */
  read(tensor: DeviceTensor): Promise<TensorData>;
  /** Bytes in tensors of this engine that were not disposed. */
  readonly bytesInUse: number;
  /** Frees the programs that were not disposed. Tensors stay their owners'. */
  dispose(): Promise<void>;
}
