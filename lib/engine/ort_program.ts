/** A compiled graph as ONNX Runtime runs it. */
import type * as ort from "onnxruntime-node";
import {
  bindDimensions,
  type DimensionValues,
  namesIn,
  resolveDimension,
  showShape,
  type Tensor,
} from "../graph/mod.ts";
import type { CompileOptions, DeviceTensor, Program } from "./engine.ts";
import { type ByteCounter, dataOf, OrtTensor } from "./ort_tensor.ts";

/** An output's name in the ONNX file: a program may have an input and an output of one name (a state and its update). */
export function fileName(output: string): string {
  return `output ${output}`;
}

/** How many inputs an error shows. */
const MOST_SHOWN = 12;

/** A session, with inputs checked and results wrapped. */
export class OrtProgram implements Program {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  constructor(
    readonly engine: ByteCounter & { readonly description: string },
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
    const sizes = bindDimensions(this.inputs.map((tensor, position) => ({ tensor, shape: given[position].shape })));
    const ortFeeds: Record<string, ort.Tensor> = {};
    given.forEach(({ tensor }, position) => ortFeeds[this.inputNames[position]] = tensor);
    const fetches: Record<string, ort.Tensor | null> = {};
    for (const name of this.outputNames) fetches[fileName(name)] = null;
    for (const name of Object.keys(into)) fetches[fileName(name)] = this.#checkedTarget(into, name, sizes);
    let results: ort.InferenceSession.OnnxValueMapType;
    try {
      results = await this.session.run(ortFeeds, fetches);
    } catch (error) {
      throw new Error(`${this.engine.description}, given ${this.#showFeeds(given)}: ${message(error)}`);
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
    return this.inputs.map((input) => {
      const feed = feeds[input.name] as OrtTensor | undefined;
      const expected = `expected ${input.dtype}${showShape(input.shape)}`;
      if (!feed) {
        const names = firstOf(Object.keys(feeds)) || "nothing";
        throw new Error(`input "${input.name}" is missing: ${expected}, got ${names}`);
      }
      if (feed.dtype !== input.dtype) {
        throw new Error(`input "${input.name}": ${expected}, got ${feed.dtype}${showShape(feed.shape)}`);
      }
      if (feed.isDisposed) throw new Error(`input "${input.name}": the tensor was disposed`);
      return feed;
    });
  }

  #showFeeds(given: readonly OrtTensor[]): string {
    return firstOf(given.map(({ shape }, position) => `${this.inputNames[position]} ${showShape(shape)}`));
  }

  /** The tensor to write an output to. */
  #checkedTarget(into: Readonly<Record<string, DeviceTensor>>, name: string, sizes: DimensionValues): ort.Tensor {
    const target = into[name] as OrtTensor;
    const output = this.outputs[name];
    if (!output) throw new Error(`no output "${name}" to write: the program has ${this.outputNames.join(", ")}`);
    const shape = output.shape.map((length) =>
      namesIn(length).every((n) => n in sizes) ? resolveDimension(length, sizes) : length
    );
    const fits = target.dtype === output.dtype && target.shape.length === shape.length &&
      shape.every((length, axis) => typeof length === "string" || length === target.shape[axis]);
    if (!fits) {
      const [expected, got] = [`${output.dtype}${showShape(shape)}`, `${target.dtype}${showShape(target.shape)}`];
      throw new Error(`output "${name}": expected a tensor of ${expected} to write to, got ${got}`);
    }
    if (target.isDisposed) throw new Error(`output "${name}": the tensor to write to was disposed`);
    return target.tensor;
  }

  #wrap(tensor: ort.Tensor, name: string): DeviceTensor {
    const data = tensor.location === "gpu-buffer" ? null : dataOf(tensor);
    return new OrtTensor(this.engine, tensor, this.outputs[name].dtype, tensor.dims, data);
  }

  async dispose(): Promise<void> {
    this.onDispose();
    await this.session.release();
  }
}

/** The first of a list of inputs: of hundreds, most are weights. */
function firstOf(inputs: readonly string[]): string {
  const more = inputs.length - MOST_SHOWN;
  return inputs.slice(0, MOST_SHOWN).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** What an error says. */
export function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
