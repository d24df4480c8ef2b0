/**
 * An operator is one record: what shape it gives, what its gradient is, which ONNX nodes compute it, and what its value
 * is in float64. Everything that Kiln knows about an operation stands in that one place.
 */
import type { onnx } from "onnx-proto";
import type { DimensionValues } from "./dimension.ts";
import type { NdArray } from "./ndarray.ts";
import type { Tensor, TensorType } from "./tensor.ts";

/** Who runs the graph: some operators are written with other ONNX nodes on other devices. */
export type Target = "cpu" | "webgpu" | "cuda";

/**
 * For whom nodes are written: one of ONNX Runtime's providers, or whoever reads the file. `"portable"` are nodes of the ONNX
 * standard wherever there are some, in the patterns that runtimes fuse.
 */
export type Dialect = Target | "portable";

/** What a gradient rule sees. */
export interface GradientContext<Attributes> {
  inputs: readonly Tensor[];
  outputs: readonly Tensor[];
  attributes: Attributes;
  /** The gradient of the loss by each output; null for an output that the loss does not depend on. */
  outputGradients: readonly (Tensor | null)[];
  /** The first of them that is not null: the only one, for operators with one output. */
  outputGradient: Tensor;
}

/**
 * An ONNX attribute's value: integers are written as INT, `{ float }` as FLOAT, strings as STRING, lists as INTS, and what
 * `LowerContext.body` returns as GRAPH.
 */
export type OnnxAttribute = number | string | readonly number[] | { float: number } | { graph: onnx.IGraphProto };

/** A graph inside a node: the body of a loop. */
export interface GraphBody {
  /** What the node feeds it at each turn. */
  inputs: readonly Tensor[];
  /** Names of the body's other inputs, with the values of the graph outside that they stand for. */
  given: Readonly<Record<string, string>>;
  outputs: readonly Tensor[];
}

/** What a lowering rule sees, and the calls it makes to write ONNX nodes. */
export interface LowerContext<Attributes> {
  target: Dialect;
  inputs: readonly string[];
  inputTypes: readonly TensorType[];
  outputs: readonly string[];
  outputTypes: readonly TensorType[];
  attributes: Attributes;
  /** Writes one ONNX node. Without `outputs`, it makes one temporary and returns its name. */
  emit(
    opType: string,
    inputs: readonly string[],
    options?: { outputs?: readonly string[]; attributes?: Record<string, OnnxAttribute>; domain?: string },
  ): string;
  /** The name of a constant list of int64, for axes, shapes and the like. */
  integers(values: readonly number[]): string;
  /** The name of a constant float32 of rank 0. */
  float(value: number): string;
  /** The name of a constant int32 [length, 1] that holds 0, 1, 2 and so on. */
  countTo(length: number): string;
  /** Says that an output is just another name for an existing value: no node is written. */
  alias(output: string, existing: string): void;
  /** A graph as an attribute. */
  body(body: GraphBody): OnnxAttribute;
}

/** One operator. `Attributes` is what its function takes besides tensors. */
export interface Operator<Attributes = unknown> {
  name: string;
  /**
   * True when the value is cheap to compute again: a backward pass then recomputes it from its inputs rather than have
   * it kept in memory (elementwise work, reshapes and transposes; never a matrix product).
   */
  cheap?: boolean;
  /** The types of the outputs. Throws, saying what was expected, when the inputs do not fit. */
  infer(inputs: readonly TensorType[], attributes: Attributes): TensorType[];
  /** The gradient by each input (null where there is none). Absent: the operator is not differentiable. */
  gradient?(context: GradientContext<Attributes>): readonly (Tensor | null)[];
  /** Writes the ONNX nodes. */
  lower(context: LowerContext<Attributes>): void;
  /** The value in float64. `dimensions` gives the named sizes. */
  evaluate(inputs: readonly NdArray[], attributes: Attributes, dimensions: DimensionValues): NdArray[];
}

/** Makes the function that applies an operator: `apply(inputs, attributes)` returns the outputs. */
export function defineOperator<Attributes>(
  operator: Operator<Attributes>,
): (inputs: readonly Tensor[], attributes: Attributes) => readonly Tensor[] {
  // The graph stores operators without their attribute type; each gets back exactly what its own function stored.
  const erased = operator as Operator<unknown>;
  return (inputs, attributes) => {
    if (inputs.length === 0) throw new Error(`${operator.name}: needs at least one input`);
    return inputs[0].graph.apply(erased, inputs, attributes);
  };
}
