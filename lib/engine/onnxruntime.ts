/**
 * ONNX Runtime as an engine: its CPU provider, or the WebGPU provider that the same npm package carries (Vulkan, Metal
 * or D3D12; nothing to install).
 */
import * as ort from "onnxruntime-node";
import { type DType, Graph, identity, serialize, showShape, sizeOf, type Target } from "../graph/mod.ts";
import type { CompileOptions, Device, DeviceTensor, Engine, Program, TensorData } from "./engine.ts";
import { fileName, message, OrtProgram } from "./ort_program.ts";
import { type ByteCounter, dtypeOf, makeOrtTensor, OrtTensor } from "./ort_tensor.ts";

/** Options of `createEngine`. */
export interface EngineOptions {
  /** Default `"cpu"`. */
  device?: Device;
  /** CPU threads; default: all cores. */
  threads?: number;
}

/** Starts ONNX Runtime on a device. Throws, saying what is missing, when the device cannot be used. */
export async function createEngine({ device = "cpu", threads }: EngineOptions = {}): Promise<Engine> {
  const engine = device === "cpu" ? new CpuEngine(threads ?? navigator.hardwareConcurrency) : new WebGpuEngine();
  if (engine instanceof WebGpuEngine) await engine.probe();
  return engine;
}

abstract class OrtEngine implements Engine, ByteCounter {
  bytesInUse = 0;
  readonly #programs = new Set<OrtProgram>();
  abstract readonly device: Target;
  abstract readonly description: string;
  abstract readonly sharesMemory: boolean;
  readonly copiesFeeds: boolean = false;
  readonly supportsFloat16: boolean = true;
  protected abstract readonly sessionOptions: ort.InferenceSession.SessionOptions;
  abstract upload(data: TensorData, shape: readonly number[], dtype?: DType): DeviceTensor;
  abstract store(data: TensorData, shape: readonly number[], dtype?: DType): Promise<DeviceTensor>;
  abstract read(tensor: DeviceTensor): Promise<TensorData>;

  async compile({ outputs, initializers, lowLatency = false }: CompileOptions): Promise<Program> {
    return await this.compileWith(this.optionsFor(lowLatency), outputs, initializers);
  }

  protected optionsFor(_lowLatency: boolean): ort.InferenceSession.SessionOptions {
    return this.sessionOptions;
  }

  protected async compileWith(
    options: ort.InferenceSession.SessionOptions,
    outputs: CompileOptions["outputs"],
    initializers?: CompileOptions["initializers"],
  ): Promise<OrtProgram> {
    const names = Object.keys(outputs);
    if (names.length === 0) throw new Error("compile: expected at least one output");
    const { bytes, inputs } = serialize({
      outputs: Object.values(outputs),
      names: names.map(fileName),
      target: this.device,
      initializers,
    });
    let session: ort.InferenceSession;
    try {
      session = await ort.InferenceSession.create(bytes, options);
    } catch (error) {
      throw new Error(`${this.description} cannot compile the graph of ${names.join(", ")}: ${message(error)}`);
    }
    const program = new OrtProgram(this, session, inputs, outputs, () => this.#programs.delete(program));
    this.#programs.add(program);
    return program;
  }

  zeros(shape: readonly number[]): DeviceTensor {
    return this.upload(new Float32Array(sizeOf(shape)), shape);
  }

  async dispose(): Promise<void> {
    for (const program of [...this.#programs]) await program.dispose();
  }
}

class CpuEngine extends OrtEngine {
  readonly device = "cpu";
  readonly sharesMemory = true;
  readonly description: string;
  protected readonly sessionOptions: ort.InferenceSession.SessionOptions;

  constructor(threads: number) {
    super();
    this.description = `ONNX Runtime ${ort.env.versions.node} on the CPU, ${threads} threads`;
    this.sessionOptions = {
      executionProviders: ["cpu"],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 4, // errors are thrown; no need to print them too
      // Planned memory comes on top of what the first run of a shape took: half as much again, for no time won.
      enableMemPattern: false,
      // It would undo transposes that our lowering set apart from their product because that is faster.
      extra: { optimization: { disable_specified_optimizers: "MatmulTransposeFusion" } },
    };
  }

  /**
   * Threads that wait for work by spinning wake up at once, but take a core from whatever else runs: another program of
   * ours or of the user's. Without it training is a fifth faster (up to three times on a busy machine) and decoding, whose
   * operators are short, a fifth slower.
   */
  protected override optionsFor(lowLatency: boolean): ort.InferenceSession.SessionOptions {
    const { extra } = this.sessionOptions;
    const session = { intra_op: { allow_spinning: lowLatency ? "1" : "0" } };
    return { ...this.sessionOptions, extra: { ...extra, session } };
  }

  upload(data: TensorData, shape: readonly number[], dtype = dtypeOf(data)): DeviceTensor {
    return new OrtTensor(this, makeOrtTensor(data, shape, dtype), dtype, shape, data);
  }

  store(data: TensorData, shape: readonly number[], dtype = dtypeOf(data)): Promise<DeviceTensor> {
    return Promise.resolve(this.upload(data, shape, dtype));
  }

  read(tensor: DeviceTensor): Promise<TensorData> {
    return Promise.resolve(tensor.data!);
  }
}

class WebGpuEngine extends OrtEngine {
  readonly device = "webgpu";
  readonly sharesMemory = false;
  readonly description = `ONNX Runtime ${ort.env.versions.node} on WebGPU`;
  // Falling back to the CPU would copy tensors to and fro unseen: better an error.
  protected readonly sessionOptions = {
    executionProviders: ["webgpu"],
    preferredOutputLocation: "gpu-buffer",
    extra: { session: { disable_cpu_ep_fallback: "1" } },
    logSeverityLevel: 4,
  } as ort.InferenceSession.SessionOptions;
  readonly #copiers = new Map<string, Promise<OrtProgram>>();

  /** Compiles a small program, so that a machine without a usable adapter is told so at once. */
  async probe(): Promise<void> {
    try {
      await this.#copier("float32", 1, "cpu");
    } catch (error) {
      throw new Error(
        `device "webgpu" cannot be used: ${message(error)}. It needs a GPU with a Vulkan, Metal or D3D12 driver ` +
          `(on Linux also the Vulkan loader, package libvulkan1). Use device "cpu" otherwise.`,
      );
    }
  }

  upload(data: TensorData, shape: readonly number[], dtype = dtypeOf(data)): DeviceTensor {
    // A program fed with one ends the process in this version.
    if (sizeOf(shape) === 0) throw new Error(`WebGPU cannot hold a tensor without elements, got ${showShape(shape)}`);
    return new OrtTensor(this, makeOrtTensor(data, shape, dtype), dtype, shape, data);
  }

  async store(data: TensorData, shape: readonly number[], dtype = dtypeOf(data)): Promise<DeviceTensor> {
    const staged = this.upload(data, shape, dtype);
    const copier = await this.#copier(dtype, shape.length, "gpu-buffer");
    const { y } = await copier.run({ x: staged });
    staged.dispose();
    return y;
  }

  async read(tensor: DeviceTensor): Promise<TensorData> {
    if (tensor.data) return tensor.data;
    // getData() of a GPU tensor aborts the process in this version: an Identity program with a CPU output reads it.
    const copier = await this.#copier(tensor.dtype, tensor.shape.length, "cpu");
    const { y } = await copier.run({ x: tensor });
    y.dispose();
    return y.data!;
  }

  #copier(dtype: DType, rank: number, to: "cpu" | "gpu-buffer"): Promise<OrtProgram> {
    const key = `${dtype} ${rank} ${to}`;
    let copier = this.#copiers.get(key);
    if (!copier) {
      const x = new Graph().input("x", Array.from({ length: rank }, (_, axis) => `size${axis}`), dtype);
      copier = this.compileWith({ ...this.sessionOptions, preferredOutputLocation: to }, { y: identity(x) });
      this.#copiers.set(key, copier);
    }
    return copier;
  }
}
