/** What computes one operator of Kiln's graphs with TensorFlow.js. */
import type * as tf from "@tensorflow/tfjs-core";
import type { Dimension, DType, Node } from "../../../graph/mod.ts";

/** What an operator's function sees of one node of a run. */
export interface OperatorCall<Attributes> {
  /** Values of the node's inputs; not the function's to dispose. */
  inputs: readonly tf.Tensor[];
  attributes: Attributes;
  /** The node in its graph: declared types of inputs and outputs. */
  node: Node;
  /** The number that a size stands for in this run; null where the run does not show it. */
  size(dimension: Dimension): number | null;
}

/** Computes a node. Whatever else it makes on the way is freed when it returns. */
export type OperatorFunction<Attributes> = (call: OperatorCall<Attributes>) => tf.Tensor | readonly tf.Tensor[];

/** A function whose type of attributes is forgotten. */
export type Operator = OperatorFunction<unknown>;

/** Puts a function into the table. The graph hands each operator exactly the attributes that it was applied with. */
export function operator<Attributes>(compute: OperatorFunction<Attributes>): Operator {
  return compute as Operator;
}

/**
 * How TensorFlow.js holds an element type. Its integers have 32 bits: int64 (ids, positions, lengths) and uint8 become
 * those. float16 is held as float32, which every float16 becomes exactly; results are rounded when they are read.
 */
export const HELD_AS: Readonly<Record<DType, "float32" | "int32" | "bool">> = {
  float32: "float32",
  float16: "float32",
  int32: "int32",
  int64: "int32",
  uint8: "int32",
  bool: "bool",
};
