/**
 * A graph is a list of operator applications on symbolic tensors. Nothing is computed here: the graph is differentiated
 * (autodiff.ts), evaluated in float64 (evaluate.ts) or written as ONNX (onnx.ts).
 */
import { type Dimension, showShape } from "./dimension.ts";
import type { Operator } from "./operator.ts";

/** Element types that Kiln's graphs use. */
export type DType = "float32" | "float16" | "int32" | "int64" | "bool" | "uint8";

/** What is known of a tensor before it is computed. */
export interface TensorType {
  dtype: DType;
  shape: readonly Dimension[];
}

/** A value in a graph: an input, a constant, or an output of a node. */
export interface Tensor extends TensorType {
  readonly graph: Graph;
  /** Unique within the graph; also its name in the ONNX file. */
  readonly name: string;
  /** The node that computes it; null for inputs and constants. */
  readonly node: Node | null;
}

/** One application of an operator. */
export interface Node {
  readonly operator: Operator;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly attributes: unknown;
}

/** Values of a constant. Integers and booleans are kept as numbers. */
export interface Constant {
  readonly tensor: Tensor;
  readonly values: Float32Array | BigInt64Array | Int32Array | Uint8Array;
}

/** Builds and holds nodes in the order in which they can be run. */
export class Graph {
  readonly nodes: Node[] = [];
  readonly inputs: Tensor[] = [];
  readonly constants: Map<string, Constant> = new Map();
  /** The names of all tensors. */
  readonly names: Set<string> = new Set();
  #count = 0;

  /**
   * Declares an input.
   *
   * @param name The name under which a program is fed; unique in the graph.
   */
  input(name: string, shape: readonly Dimension[], dtype: DType = "float32"): Tensor {
    if (this.names.has(name)) throw new Error(`input "${name}": the graph has a tensor of that name already`);
    this.names.add(name);
    const tensor: Tensor = { graph: this, name, dtype, shape, node: null };
    this.inputs.push(tensor);
    return tensor;
  }

  /** A constant stored inside the graph. `values` are laid out row by row and must fill `shape`. */
  constant(values: readonly number[] | Constant["values"], shape: readonly number[], dtype: DType = "float32"): Tensor {
    const size = shape.reduce((product, length) => product * length, 1);
    if (values.length !== size) {
      throw new Error(`constant of shape ${showShape(shape)}: expected ${size} values, got ${values.length}`);
    }
    const tensor: Tensor = { graph: this, name: this.#unusedName("constant"), dtype, shape, node: null };
    this.constants.set(tensor.name, { tensor, values: typedValues(values, dtype) });
    return tensor;
  }

  /** A constant number of rank 0. */
  scalar(value: number, dtype: DType = "float32"): Tensor {
    return this.constant([value], [], dtype);
  }

  /** Applies an operator and returns its outputs. Operators' own functions call this; see operator.ts. */
  apply(operator: Operator, inputs: readonly Tensor[], attributes: unknown): readonly Tensor[] {
    for (const input of inputs) {
      if (input.graph !== this) throw new Error(`${operator.name}: tensor "${input.name}" belongs to another graph`);
    }
    let types: TensorType[];
    try {
      types = operator.infer(inputs, attributes);
    } catch (error) {
      const shapes = inputs.map((input) => `${input.dtype}${showShape(input.shape)}`).join(", ");
      throw new Error(`${operator.name}(${shapes}): ${error instanceof Error ? error.message : error}`);
    }
    const outputs: Tensor[] = [];
    const node: Node = { operator, inputs, outputs, attributes };
    for (const type of types) {
      outputs.push({
        graph: this,
        name: this.#unusedName(operator.name),
        dtype: type.dtype,
        shape: type.shape,
        node,
      });
    }
    this.nodes.push(node);
    return outputs;
  }

  #unusedName(kind: string): string {
    let name: string;
    do name = `${kind}${this.#count++}`; while (this.names.has(name));
    this.names.add(name);
    return name;
  }
}

function typedValues(values: readonly number[] | Constant["values"], dtype: DType): Constant["values"] {
  if (ArrayBuffer.isView(values)) {
    const fits = values instanceof Float32Array
      ? dtype === "float32"
      : values instanceof BigInt64Array
      ? dtype === "int64"
      : values instanceof Int32Array
      ? dtype === "int32"
      : dtype === "bool" || dtype === "uint8";
    if (!fits) throw new Error(`constant of dtype ${dtype}: got a ${values.constructor.name}`);
    return values;
  }
  switch (dtype) {
    case "float32":
      return Float32Array.from(values);
    case "int64":
      return BigInt64Array.from(values, (value) => BigInt(value));
    case "int32":
      return Int32Array.from(values);
    case "bool":
    case "uint8":
      return Uint8Array.from(values);
    case "float16":
      throw new Error("constant of dtype float16: make it float32 and cast it");
  }
}
