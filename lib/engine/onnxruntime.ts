/**
 * ONNX Runtime as an engine: its CPU provider, or the WebGPU provider that the same npm package carries (Vulkan, Metal
 * or D3D12; nothing to install).
 */
import * as ort from "onnxruntime-node";
import {
  bindDimensions,
  type DType,
  Graph,
  identity,
  serialize,
  showShape,
  sizeOf,
  type Tensor,
} from "../graph/mod.ts";
import type { CompileOptions, Device, DeviceTensor, Engine, Program, TensorData } from "./engine.ts";

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

const BYTES: Record<DType, number> = { float32: 4, float16: 2, int32: 4, int64: 8, bool: 1, uint8: 1 };

function dtypeOf(data: TensorData): DType {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof Uint16Array) return "float16";
  if (data instanceof Int32Array) return "int32";
  if (data instanceof BigInt64Array) return "int64";
  return "uint8";
}

function makeOrtTensor(data: TensorData, shape: readonly number[], dtype: DType): ort.Tensor {
  // Float16 goes in as the bits: ONNX Runtime refuses a Float16Array under Deno.
  return new ort.Tensor(dtype as "float32", data as Float32Array, shape);
}

/** Wraps an ONNX Runtime tensor; `owner` counts its bytes. */
class OrtTensor implements DeviceTensor {
  readonly byteLength: number;
  #disposed = false;
  constructor(
    readonly owner: ByteCounter,
    readonly tensor: ort.Tensor,
    readonly dtype: DType,
    readonly shape: readonly number[],
    readonly data: TensorData | null,
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
  }
}

/** An output's name in the ONNX file: a program may have an input and an output of one name (a state and its update). */
function fileName(output: string): string {
  return `output ${output}`;
}

interface ByteCounter {
  bytesInUse: number;
}

abstract class OrtEngine implements Engine, ByteCounter {
  bytesInUse = 0;
  readonly #programs = new Set<OrtProgram>();
  abstract readonly device: Device;
  abstract readonly description: string;
  protected abstract readonly sessionOptions: ort.InferenceSession.SessionOptions;
  abstract upload(data: TensorData, shape: readonly number[], dtype?: DType): DeviceTensor;
  abstract store(data: TensorData, shape: readonly number[], dtype?: DType): Promise<DeviceTensor>;
  abstract read(tensor: DeviceTensor): Promise<TensorData>;

  async compile({ outputs, initializers }: CompileOptions): Promise<Program> {
    return await this.compileWith(this.sessionOptions, outputs, initializers);
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

class OrtProgram implements Program {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  constructor(
    readonly engine: OrtEngine,
    readonly session: ort.InferenceSession,
    readonly inputs: readonly Tensor[],
    readonly outputs: CompileOptions["outputs"],
    readonly onDispose: () => void,
  ) {
    this.inputNames = inputs.map((input) => input.name);
    this.outputNames = Object.keys(outputs);
  }

  async run(
    feeds: Readonly<Record<string, DeviceTensor>>,
    into: Readonly<Record<string, DeviceTensor>> = {},
  ): Promise<Record<string, DeviceTensor>> {
    const given = this.#checkedFeeds(feeds);
    const ortFeeds: Record<string, ort.Tensor> = {};
    given.forEach(({ tensor }, position) => ortFeeds[this.inputNames[position]] = tensor);
    const fetches: Record<string, ort.Tensor | null> = {};
    for (const name of this.outputNames) fetches[fileName(name)] = null;
    for (const name of Object.keys(into)) fetches[fileName(name)] = this.#checkedTarget(into, name);
    let results: ort.InferenceSession.OnnxValueMapType;
    try {
      results = await this.session.run(ortFeeds, fetches);
    } catch (error) {
      const shapes = given.map(({ shape }, position) => `${this.inputNames[position]} ${showShape(shape)}`).join(", ");
      throw new Error(`${this.engine.description}, given ${shapes}: ${message(error)}`);
    }
    const outputs: Record<string, DeviceTensor> = {};
    for (const name of this.outputNames) {
      // ONNX Runtime fills a preallocated array and returns a copy of it: the caller's own tensor is the one to keep.
      outputs[name] = into[name] ?? this.#wrap(results[fileName(name)] as ort.Tensor, name);
    }
    return outputs;
  }

  /** The tensors for the inputs, in their order. ONNX Runtime itself would let many wrong shapes pass, or broadcast them. */
  #checkedFeeds(feeds: Readonly<Record<string, DeviceTensor>>): OrtTensor[] {
    const given = this.inputs.map((input) => {
      const feed = feeds[input.name] as OrtTensor | undefined;
      const expected = `expected ${input.dtype}${showShape(input.shape)}`;
      if (!feed) {
        const names = Object.keys(feeds).join(", ") || "nothing";
        throw new Error(`input "${input.name}" is missing: ${expected}, got ${names}`);
      }
      if (feed.dtype !== input.dtype) {
        throw new Error(`input "${input.name}": ${expected}, got ${feed.dtype}${showShape(feed.shape)}`);
      }
      if (feed.isDisposed) throw new Error(`input "${input.name}": the tensor was disposed`);
      return feed;
    });
    bindDimensions(this.inputs.map((tensor, position) => ({ tensor, shape: given[position].shape })));
    return given;
  }

  #checkedTarget(into: Readonly<Record<string, DeviceTensor>>, name: string): ort.Tensor {
    const target = into[name] as OrtTensor;
    const output = this.outputs[name];
    if (!output) throw new Error(`no output "${name}" to write: the program has ${this.outputNames.join(", ")}`);
    if (target.dtype !== output.dtype || target.shape.length !== output.shape.length) {
      const expected = `${output.dtype}${showShape(output.shape)}`;
      throw new Error(
        `output "${name}": expected a tensor of ${expected}, got ${target.dtype}${showShape(target.shape)}`,
      );
    }
    if (target.isDisposed) throw new Error(`output "${name}": the tensor to write to was disposed`);
    return target.tensor;
  }

  #wrap(tensor: ort.Tensor, name: string): DeviceTensor {
    const data = tensor.location === "gpu-buffer" ? null : tensor.data as TensorData;
    return new OrtTensor(this.engine, tensor, this.outputs[name].dtype, tensor.dims, data);
  }

  async dispose(): Promise<void> {
    this.onDispose();
    await this.session.release();
  }
}

class CpuEngine extends OrtEngine {
  readonly device = "cpu";
  readonly description: string;
  protected readonly sessionOptions: ort.InferenceSession.SessionOptions;

  constructor(threads: number) {
    super();
    this.description = `ONNX Runtime ${ort.env.versions.node} on the CPU, ${threads} threads`;
    this.sessionOptions = { executionProviders: ["cpu"], intraOpNumThreads: threads, interOpNumThreads: 1 };
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

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
