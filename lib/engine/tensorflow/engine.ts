/** TensorFlow.js as an engine: the same graphs on other people's kernels, and TensorFlow itself for those who have it. */
import * as tf from "@tensorflow/tfjs-core";
import { type DType, sizeOf } from "../../graph/mod.ts";
import type { CompileOptions, DeviceTensor, Engine, Program, TensorData } from "../engine.ts";
import { dtypeOf } from "../ort_tensor.ts";
import { BACKENDS, isInstalled, startBackend, type StartedBackend, type TensorFlowBackend } from "./backends.ts";
import { TensorFlowProgram } from "./program.ts";
import { isTensorFlowTensor, makeTensor, readNumbers, TensorFlowTensor } from "./tensor.ts";

/** Options of `createTensorFlowEngine`. */
export interface TensorFlowEngineOptions {
  /** Default: the first that is installed and starts, in the order `"node-gpu"`, `"node"`, `"wasm"`, `"cpu"`. */
  backend?: TensorFlowBackend;
}

/**
 * Starts TensorFlow.js. Engines of several backends may live side by side, and of one backend too.
 *
 * Integers have 32 bits: an int64 beyond them is refused. float16 is held as float32 and rounded when it is read.
 *
 * @throws When the backend cannot be used; the message says what to install.
 */
export async function createTensorFlowEngine({ backend }: TensorFlowEngineOptions = {}): Promise<Engine> {
  if (backend !== undefined) {
    if (!BACKENDS.includes(backend)) {
      throw new Error(`backend: expected one of ${BACKENDS.join(", ")}, got ${JSON.stringify(backend)}`);
    }
    return new TensorFlowEngine(await startBackend(backend));
  }
  const failures: string[] = [];
  for (const candidate of BACKENDS.filter(isInstalled)) {
    try {
      return new TensorFlowEngine(await startBackend(candidate));
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new Error(`device "tensorflow" cannot be used: ${failures.join("; ")}`);
}

class TensorFlowEngine implements Engine {
  readonly device = "tensorflow";
  readonly sharesMemory = false;
  readonly copiesFeeds = false;
  readonly supportsFloat16 = true;
  readonly description: string;
  bytesInUse = 0;
  readonly #backend: string;
  readonly #programs = new Set<Program>();

  constructor({ name, description }: StartedBackend) {
    this.#backend = name;
    this.description = description;
  }

  /** Makes this engine's backend the one that TensorFlow.js computes on, at once: it was started before. */
  use(): void {
    if (tf.getBackend() !== this.#backend) void tf.setBackend(this.#backend);
  }

  // deno-lint-ignore require-await -- what it throws rejects its promise
  async compile({ outputs, initializers }: CompileOptions): Promise<Program> {
    const names = Object.keys(outputs);
    if (names.length === 0) throw new Error("compile: expected at least one output");
    try {
      const program = new TensorFlowProgram(this, outputs, initializers, () => this.#programs.delete(program));
      this.#programs.add(program);
      return program;
    } catch (error) {
      const what = error instanceof Error ? error.message : error;
      throw new Error(`${this.description} cannot compile the graph of ${names.join(", ")}: ${what}`);
    }
  }

  upload(data: TensorData, shape: readonly number[], dtype: DType = dtypeOf(data)): DeviceTensor {
    this.use();
    return new TensorFlowTensor(this, makeTensor(data, shape, dtype), dtype);
  }

  // deno-lint-ignore require-await -- what upload throws rejects its promise
  async store(data: TensorData, shape: readonly number[], dtype?: DType): Promise<DeviceTensor> {
    return this.upload(data, shape, dtype);
  }

  zeros(shape: readonly number[]): DeviceTensor {
    return this.upload(new Float32Array(sizeOf(shape)), shape);
  }

  async read(tensor: DeviceTensor): Promise<TensorData> {
    if (!isTensorFlowTensor(tensor)) throw new Error("read: the tensor was made by an engine of another kind");
    if (tensor.isDisposed) throw new Error("read: the tensor was disposed");
    return readNumbers(await tensor.tensor.data(), tensor.dtype);
  }

  async dispose(): Promise<void> {
    for (const program of [...this.#programs]) await program.dispose();
  }
}
