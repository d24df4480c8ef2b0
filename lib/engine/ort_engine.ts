/** What the engines on ONNX Runtime have in common: compiling graphs, and freeing what was compiled. */
import * as ort from "onnxruntime-node";
import { type Dialect, type DType, serialize, sizeOf, type Target } from "../graph/mod.ts";
import type { CompileOptions, DeviceTensor, Engine, Program, TensorData } from "./engine.ts";
import { fileName, message, OrtProgram } from "./ort_program.ts";
import { type ByteCounter, dtypeOf, makeOrtTensor, OrtTensor } from "./ort_tensor.ts";

export abstract class OrtEngine implements Engine, ByteCounter {
  bytesInUse = 0;
  reason?: string;
  readonly #programs = new Set<OrtProgram>();
  abstract readonly device: Target;
  abstract readonly description: string;
  /** What nodes programs are written in. */
  get dialect(): Dialect {
    return this.device;
  }
  abstract readonly sharesMemory: boolean;
  readonly copiesFeeds: boolean = false;
  supportsFloat16 = true;
  protected abstract readonly sessionOptions: ort.InferenceSession.SessionOptions;
  abstract upload(data: TensorData, shape: readonly number[], dtype?: DType): DeviceTensor;
  abstract store(data: TensorData, shape: readonly number[], dtype?: DType): Promise<DeviceTensor>;
  abstract read(tensor: DeviceTensor): Promise<TensorData>;

  async compile(options: CompileOptions): Promise<Program> {
    return await this.compileWith(this.optionsFor(options), options.outputs, options.initializers);
  }

  /** What ONNX Runtime is told about a program. */
  optionsFor({ foldConstants = true }: Pick<CompileOptions, "lowLatency" | "foldConstants">) {
    return foldConstants ? this.sessionOptions : withoutOptimizers(this.sessionOptions, FOLDING);
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
      target: this.dialect,
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

/** An engine whose tensors lie in this process's memory: uploading and reading copy nothing. */
export abstract class HostEngine extends OrtEngine {
  readonly sharesMemory = true;

  upload(data: TensorData, shape: readonly number[], dtype = dtypeOf(data)): DeviceTensor {
    return new OrtTensor(this, makeOrtTensor(data, shape, dtype), dtype, shape, data);
  }

  store(data: TensorData, shape: readonly number[], dtype = dtypeOf(data)): Promise<DeviceTensor> {
    return Promise.resolve(this.upload(data, shape, dtype));
  }

  read(tensor: DeviceTensor): Promise<TensorData> {
    if (tensor.data) return Promise.resolve(tensor.data);
    return Promise.reject(new Error("read: the tensor was made by an engine of another kind"));
  }
}

/** ONNX Runtime's optimizers that widen frozen weights: in general, and from float16. */
const FOLDING = "ConstantFolding;FuseFp16InitializerToFp32NodeTransformer";

/** The options with more of ONNX Runtime's graph optimizers switched off. */
function withoutOptimizers(
  options: ort.InferenceSession.SessionOptions,
  names: string,
): ort.InferenceSession.SessionOptions {
  const extra = (options.extra ?? {}) as { optimization?: { disable_specified_optimizers?: string } };
  const others = extra.optimization?.disable_specified_optimizers;
  const optimization = { ...extra.optimization, disable_specified_optimizers: others ? `${others};${names}` : names };
  return { ...options, extra: { ...extra, optimization } };
}
