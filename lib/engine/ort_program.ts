/** A compiled graph as ONNX Runtime runs it. */
import type * as ort from "onnxruntime-node";
import type { Tensor } from "../graph/mod.ts";
import type { CompileOptions, DeviceTensor, Engine, Program } from "./engine.ts";
import { checkedFeeds, checkedTarget, showFeeds } from "./feeds.ts";
import { type ByteCounter, dataOf, OrtTensor } from "./ort_tensor.ts";

/** An output's name in the ONNX file: a program may have an input and an output of one name (a state and its update). */
export function fileName(output: string): string {
  return `output ${output}`;
}

/**
 * Programs with outputs on a device. Held here, their sessions do not fall to the garbage collector before the tensors do
 * that nobody disposed.
 */
const lending = new Set<OrtProgram>();

/**
 * A session, with inputs checked and results wrapped.
 *
 * ONNX Runtime 1.30 frees a tensor on a WebGPU device through the session whose run made it, and reads freed memory where
 * that was released before: mostly nothing happens, sometimes the process ends without a word. A trained weight outlives
 * its optimizer's programs, so a session is released with the last of its outputs.
 */
export class OrtProgram implements Program {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  #isDisposed = false;
  /** Outputs on a device that were not disposed. */
  #lent = 0;
  constructor(
    readonly engine: ByteCounter & Pick<Engine, "description" | "sharesMemory">,
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
    if (this.#isDisposed) throw new Error("the program was disposed");
    const { description, sharesMemory } = this.engine;
    // A tensor on a GPU is out of reach for what computes in this process.
    const isOwn = (tensor: DeviceTensor): tensor is OrtTensor =>
      tensor instanceof OrtTensor && (tensor.data !== null || !sharesMemory);
    const { given, sizes } = checkedFeeds(this.inputs, feeds, isOwn);
    const ortFeeds: Record<string, ort.Tensor> = {};
    given.forEach(({ tensor }, position) => ortFeeds[this.inputNames[position]] = tensor);
    const fetches: Record<string, ort.Tensor | null> = {};
    for (const name of this.outputNames) fetches[fileName(name)] = null;
    for (const name of Object.keys(into)) {
      fetches[fileName(name)] = checkedTarget(this.outputs, into, name, sizes, isOwn).tensor;
      // ONNX Runtime's binding would leave the tensor as it is and return another.
      if (!sharesMemory) throw new Error(`output "${name}": ${description} cannot write to a tensor that is given`);
    }
    let results: ort.InferenceSession.OnnxValueMapType;
    try {
      results = await this.session.run(ortFeeds, fetches);
    } catch (error) {
      throw new Error(`${description}, given ${showFeeds(this.inputs, given)}: ${message(error)}`);
    }
    const outputs: Record<string, DeviceTensor> = {};
    for (const name of this.outputNames) {
      // ONNX Runtime fills a preallocated array and returns a copy of it: the caller's own tensor is the one to keep.
      outputs[name] = into[name] ?? this.#wrap(results[fileName(name)] as ort.Tensor, name);
    }
    return outputs;
  }

  #wrap(tensor: ort.Tensor, name: string): DeviceTensor {
    const { dtype } = this.outputs[name];
    if (tensor.location !== "gpu-buffer") {
      return new OrtTensor(this.engine, tensor, dtype, tensor.dims, dataOf(tensor));
    }
    this.#lent++;
    lending.add(this);
    return new OrtTensor(this.engine, tensor, dtype, tensor.dims, null, () => this.#takeBack());
  }

  #takeBack(): void {
    if (--this.#lent > 0) return;
    lending.delete(this);
    if (this.#isDisposed) this.session.release();
  }

  async dispose(): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.onDispose();
    if (this.#lent === 0) await this.session.release();
  }
}

/** What an error says. */
export function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
