/** The float64 reference: runs a graph operator by operator, in plain TypeScript. */
import { type DimensionValues, isName, namesIn, resolveDimension, showShape } from "./dimension.ts";
import { type NdArray, ndarray } from "./ndarray.ts";
import type { Node, Tensor } from "./tensor.ts";

/**
 * Reads the values of named sizes off the shapes of what is fed.
 *
 * @throws When a shape is not what the graph says, or two inputs disagree on a named size; the message names the input.
 */
export function bindDimensions(inputs: readonly { tensor: Tensor; shape: readonly number[] }[]): DimensionValues {
  const values: DimensionValues = {};
  const boundBy: Record<string, string> = {};
  const refuse = ({ tensor, shape }: (typeof inputs)[number], why: string): never => {
    throw new Error(`input "${tensor.name}": expected ${showShape(tensor.shape)}, got ${showShape(shape)}${why}`);
  };
  for (const input of inputs) {
    const { tensor, shape } = input;
    if (shape.length !== tensor.shape.length) refuse(input, "");
    tensor.shape.forEach((dimension, axis) => {
      if (typeof dimension === "number") {
        if (dimension !== shape[axis]) refuse(input, "");
      } else if (isName(dimension)) {
        if (!(dimension in values)) {
          values[dimension] = shape[axis];
          boundBy[dimension] = tensor.name;
        } else if (values[dimension] !== shape[axis]) {
          refuse(input, `, but ${dimension} is ${values[dimension]} in "${boundBy[dimension]}"`);
        }
      }
    });
  }
  // Sums and products of sizes, once all names that can be read are known.
  for (const input of inputs) {
    input.tensor.shape.forEach((dimension, axis) => {
      if (typeof dimension === "number" || isName(dimension)) return;
      if (!namesIn(dimension).every((name) => name in values)) return;
      const expected = resolveDimension(dimension, values);
      if (expected !== input.shape[axis]) refuse(input, `, but ${dimension} is ${expected}`);
    });
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
