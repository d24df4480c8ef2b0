/**
 * The WebGPU provider that ONNX Runtime's npm package carries, but for Linux on arm64: Vulkan, Metal or D3D12, with nothing
 * to install.
 */
import * as ort from "onnxruntime-node";
import { cast, type DType, Graph, identity, showShape, sizeOf } from "../graph/mod.ts";
import type { DeviceTensor, TensorData } from "./engine.ts";
import { OrtEngine } from "./ort_engine.ts";
import { message, type OrtProgram } from "./ort_program.ts";
import { dtypeOf, makeOrtTensor, OrtTensor } from "./ort_tensor.ts";

/** What to do where no GPU can be used. */
const WEBGPU_NEEDS = "It needs a GPU with a Vulkan, Metal or D3D12 driver (on Linux also the Vulkan loader, " +
  "package libvulkan1; for Linux on arm64 ONNX Runtime's npm package has no WebGPU)";

/** Starts the provider. Throws, saying what is missing, where there is no adapter that it can use. */
export async function createWebGpuEngine(): Promise<WebGpuEngine> {
  const engine = new WebGpuEngine();
  try {
    await engine.probe();
  } catch (error) {
    await engine.dispose();
    throw new Error(
      `device "webgpu" cannot be used: ${message(error)}. ${WEBGPU_NEEDS}. Use device "cpu" otherwise.`,
      { cause: error },
    );
  }
  return engine;
}

export class WebGpuEngine extends OrtEngine {
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

  /** Compiles a small program, so that a machine without a usable adapter is told so at once, and asks for float16. */
  async probe(): Promise<void> {
    await this.#copier("float32", 1, "cpu");
    this.supportsFloat16 = await this.#computesFloat16();
  }

  /** Whether a number survives the way to float16 and back: adapters without shader-f16 fail when the program runs. */
  async #computesFloat16(): Promise<boolean> {
    const x = new Graph().input("x", [1]);
    const there = cast(cast(x, "float16"), "float32");
    const program = await this.compileWith({ ...this.sessionOptions, preferredOutputLocation: "cpu" }, { there });
    const fed = this.upload(Float32Array.of(1.5), [1]);
    try {
      const { there } = await program.run({ x: fed });
      there.dispose();
      return there.data![0] === 1.5;
    } catch {
      return false;
    } finally {
      fed.dispose();
      await program.dispose();
    }
  }

  upload(data: TensorData, shape: readonly number[], dtype = dtypeOf(data)): DeviceTensor {
    // A program fed with one ends the process in this version.
    if (sizeOf(shape) === 0) throw new Error(`WebGPU cannot hold a tensor without elements, got ${showShape(shape)}`);
    return new OrtTensor(this, makeOrtTensor(data, shape, dtype), dtype, shape, data);
  }

  async store(data: TensorData, shape: readonly number[], dtype = dtypeOf(data)): Promise<DeviceTensor> {
    const staged = this.upload(data, shape, dtype);
    try {
      const copier = await this.#copier(dtype, shape.length, "gpu-buffer");
      return (await copier.run({ x: staged })).y;
    } finally {
      staged.dispose();
    }
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
