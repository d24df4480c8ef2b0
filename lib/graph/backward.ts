/**
 * Two ways to run a backward pass as a program of its own.
 *
 * Recomputing: the backward program takes the forward's inputs and computes what it needs of the forward again (gradient
 * checkpointing). That is simply the graph whose outputs are the gradients, so nothing has to be built for it.
 *
 * Keeping residuals: the forward program also returns the values that the backward needs, and the backward program
 * takes them as inputs. This file finds the smallest useful set of such values and cuts the graph there.
 */
import { Graph, type Node, type Tensor } from "./tensor.ts";

/** A forward that returns its residuals and a backward that takes them. */
export interface SplitBackward {
  /** Values the forward must return besides its own outputs, by the names of the backward's inputs for them. */
  residuals: Record<string, Tensor>;
  /** The backward's own graph. */
  graph: Graph;
  /** The gradients, in the backward's graph, in the order asked for. */
  outputs: Tensor[];
}

/**
 * Cuts the backward pass off its forward.
 *
 * @param forwardNodes The nodes of the forward: those that stood in the graph before `gradients` was called.
 * @param outputs The gradients to compute.
 * @returns The residuals and the backward graph, whose other inputs are named as the forward's.
 */
export function splitBackward(forwardNodes: readonly Node[], outputs: readonly Tensor[]): SplitBackward {
  const forward = new Set(forwardNodes);
  const graph = new Graph();
  const copies = new Map<Tensor, Tensor>();
  const residuals: Record<string, Tensor> = {};
  const copy = (tensor: Tensor): Tensor => {
    const known = copies.get(tensor);
    if (known) return known;
    let made: Tensor;
    const constant = tensor.graph.constants.get(tensor.name);
    if (constant) {
      made = graph.constant(constant.values, constant.tensor.shape as number[], tensor.dtype);
    } else if (tensor.node === null) {
      made = graph.input(tensor.name, tensor.shape, tensor.dtype);
    } else if (forward.has(tensor.node) && !tensor.node.operator.cheap) {
      // A forward value that costs a matrix product, a softmax or a norm: kept.
      const name = `residual ${Object.keys(residuals).length}`;
      residuals[name] = tensor;
      made = graph.input(name, tensor.shape, tensor.dtype);
    } else {
      const { node } = tensor;
      const copied = graph.apply(node.operator, node.inputs.map(copy), node.attributes);
      node.outputs.forEach((output, position) => copies.set(output, copied[position]));
      return copies.get(tensor)!;
    }
    copies.set(tensor, made);
    return made;
  };
  return { outputs: outputs.map(copy), residuals, graph };
}
