/** The float64 reference: runs a graph operator by operator, in plain TypeScript. */
import { type Dimension, type DimensionValues, showShape } from "./dimension.ts";
import { type NdArray, ndarray } from "./ndarray.ts";
import type { Node, Tensor } from "./tensor.ts";

/** Reads the values of named sizes off the shapes of what is fed. Throws when two inputs disagree. */
export function bindDimensions(inputs: readonly { tensor: Tensor; shape: readonly number[] }[]): DimensionValues {
  const values: DimensionValues = {};
  for (const { tensor, shape } of inputs) {
    const fits = shape.length === tensor.shape.length &&
      tensor.shape.every((dimension: Dimension, axis) => {
        if (typeof dimension === "number") return dimension === shape[axis];
        if (!/^[A-Za-z_]\w*$/.test(dimension)) return true;
        values[dimension] ??= shape[axis];
        return values[dimension] === shape[axis];
      });
    if (!fits) {
      throw new Error(`input "${tensor.name}": expected ${showShape(tensor.shape)}, got ${showShape(shape)}`);
    }
  }
  return values;
}

/** The nodes that `outputs` depend on, in the order in which they can be run. */
export function neededNodes(outputs: readonly Tensor[]): Node[] {
  const needed = new Set<Node>();
  const visit = (tensor: Tensor) => {
    if (tensor.node === null || needed.has(tensor.node)) return;
    needed.add(tensor.node);
    tensor.node.inputs.forEach(visit);
  };
  outputs.forEach(visit);
  return outputs.length === 0 ? [] : outputs[0].graph.nodes.filter((node) => needed.has(node));
}

/**
 * Computes `outputs` in float64.
 *
 * @param feeds A value for each input that the outputs need, by name.
 * @throws When an input is missing or has another shape than the graph says.
 */
export function evaluate(outputs: readonly Tensor[], feeds: Record<string, NdArray>): NdArray[] {
  const values = new Map<Tensor, NdArray>();
  const { graph } = outputs[0];
  const fed = graph.inputs.filter((tensor) => feeds[tensor.name] !== undefined);
  const dimensions = bindDimensions(fed.map((tensor) => ({ tensor, shape: feeds[tensor.name].shape })));
  const valueOf = (tensor: Tensor): NdArray => {
    const known = values.get(tensor);
    if (known) return known;
    const constant = graph.constants.get(tensor.name);
    if (constant) return ndarray(tensor.shape as number[], Float64Array.from(constant.values, Number));
    const feed = feeds[tensor.name];
    if (!feed) throw new Error(`input "${tensor.name}" has no value`);
    return feed;
  };
  for (const node of neededNodes(outputs)) {
    const results = node.operator.evaluate(node.inputs.map(valueOf), node.attributes, dimensions);
    node.outputs.forEach((output, position) => values.set(output, results[position]));
  }
  return outputs.map(valueOf);
}
