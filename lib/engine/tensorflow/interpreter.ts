/**
 * Runs a graph operator by operator on TensorFlow.js. A value is freed after the node that uses it last, so that a run
 * takes the memory that its widest moment needs and no more.
 */
import * as tf from "@tensorflow/tfjs-core";
import {
  bindDimensions,
  chunkBody,
  type Dimension,
  type DimensionValues,
  namesIn,
  neededNodes,
  type Node,
  resolveDimension,
  showShape,
  sizeOf,
  type Tensor,
} from "../../graph/mod.ts";
import { HELD_AS, type OperatorCall, OPERATORS } from "./operators/mod.ts";
import { makeTensor } from "./tensor.ts";

/** What to run for some outputs of a graph. */
export interface Plan {
  readonly outputs: readonly Tensor[];
  readonly nodes: readonly Node[];
  /** Values that nothing needs after a node. */
  readonly ending: ReadonlyMap<Node, readonly Tensor[]>;
  /** The graphs inside `chunks` nodes. */
  readonly bodies: ReadonlyMap<Node, Plan>;
}

/** What `chunks` nodes hold: see lib/graph/ops/chunks.ts. */
interface Chunks {
  mostRows: number;
  rowInputs: readonly Tensor[];
  sharedInputs: readonly Tensor[];
  totals: readonly Tensor[];
  rows: readonly Tensor[];
}

/**
 * Orders the nodes that `outputs` need.
 *
 * @param constants Filled with their constants, those of graphs inside too: the caller's, whether this throws or not.
 * @throws When one of the operators has no function here. The message names it.
 */
export function makePlan(outputs: readonly Tensor[], constants: Map<Tensor, tf.Tensor>): Plan {
  const nodes = neededNodes(outputs);
  const bodies = new Map<Node, Plan>();
  const used = new Set<Tensor>(outputs);
  const lastUse = new Map<Tensor, Node>();
  for (const node of nodes) {
    const body = chunkBody(node);
    if (body) bodies.set(node, makePlan(body, constants));
    else if (!OPERATORS.has(node.operator.name)) throw new Error(`no operator "${node.operator.name}"`);
    // An output that nothing uses ends where it was made.
    for (const tensor of [...node.outputs, ...node.inputs]) {
      used.add(tensor);
      if (tensor.node) lastUse.set(tensor, node);
    }
  }
  const ending = new Map<Node, Tensor[]>();
  for (const [tensor, node] of lastUse) {
    if (!outputs.includes(tensor)) ending.set(node, [...ending.get(node) ?? [], tensor]);
  }
  for (const { tensor, values } of outputs[0].graph.constants.values()) {
    if (used.has(tensor)) constants.set(tensor, makeTensor(values, tensor.shape as number[], tensor.dtype));
  }
  return { outputs, nodes, ending, bodies };
}

/**
 * Computes the outputs of a plan.
 *
 * @param given Values of the graph's inputs and of all constants; they stay the caller's.
 * @param sizes The named sizes that the inputs show.
 * @returns The outputs in their order, each the caller's own. When something fails, nothing is left behind.
 */
export function execute(plan: Plan, given: ReadonlyMap<Tensor, tf.Tensor>, sizes: DimensionValues): tf.Tensor[] {
  const values = new Map(given);
  return tf.tidy(() => {
    for (const node of plan.nodes) {
      const inputs = node.inputs.map((input) => values.get(input)!);
      const results = computeNode(plan, node, inputs, given, sizes);
      node.outputs.forEach((output, position) => values.set(output, results[position]));
      for (const tensor of plan.ending.get(node) ?? []) {
        values.get(tensor)!.dispose();
        values.delete(tensor);
      }
    }
    const taken = new Set<Tensor>();
    return plan.outputs.map((output) => {
      const value = values.get(output)!;
      const own = output.node !== null && !taken.has(output);
      taken.add(output);
      return own ? value : tf.clone(value);
    });
  });
}

/** The outputs of one node, each a tensor of its own that may share memory with others. */
function computeNode(
  plan: Plan,
  node: Node,
  inputs: readonly tf.Tensor[],
  given: ReadonlyMap<Tensor, tf.Tensor>,
  sizes: DimensionValues,
): tf.Tensor[] {
  const size = (dimension: Dimension) => sizeInRun(dimension, node, inputs, sizes);
  const shapes = node.outputs.map(({ shape }) => shape.map(size));
  const isEmpty = (shape: readonly (number | null)[]) => shape.includes(0);
  // Kernels differ in what they make of tensors without elements, and none has anything to compute.
  if (shapes.every(isEmpty) && shapes.every(isKnown)) {
    return node.outputs.map(({ dtype }, position) => tf.zeros(shapes[position] as number[], HELD_AS[dtype]));
  }
  try {
    const results = tf.tidy(() => {
      const body = plan.bodies.get(node);
      const call: OperatorCall<unknown> = { inputs, attributes: node.attributes, node, size };
      const computed = body ? inChunks(body, call, given) : OPERATORS.get(node.operator.name)!(call);
      const list = computed instanceof tf.Tensor ? [computed] : computed;
      return list.map((result) => inputs.includes(result) ? tf.clone(result) : result);
    });
    results.forEach(({ shape }, position) => {
      const declared = shapes[position];
      if (shape.length !== declared.length || shape.some((length, axis) => length !== (declared[axis] ?? length))) {
        throw new Error(`expected ${showShape(node.outputs[position].shape)}, got ${showShape(shape)}`);
      }
    });
    return results;
  } catch (error) {
    const types = node.inputs.map(({ dtype }, position) => `${dtype}${showShape(inputs[position].shape)}`);
    throw new Error(`${node.operator.name}(${types.join(", ")}): ${error instanceof Error ? error.message : error}`);
  }
}

function isKnown(shape: readonly (number | null)[]): shape is readonly number[] {
  return !shape.includes(null);
}

/** A size by the names that are known, or as it is in an input of the node that is declared with it. */
function sizeInRun(
  dimension: Dimension,
  node: Node,
  inputs: readonly tf.Tensor[],
  sizes: DimensionValues,
): number | null {
  if (typeof dimension === "number") return dimension;
  if (namesIn(dimension).every((name) => name in sizes)) return resolveDimension(dimension, sizes);
  for (const [position, { shape }] of node.inputs.entries()) {
    const axis = shape.indexOf(dimension);
    if (axis >= 0) return inputs[position].shape[axis];
  }
  return null;
}

/** The body of a `chunks` node for some rows at a time: sums, then results of the rows one after another. */
function inChunks(
  body: Plan,
  { inputs, attributes }: OperatorCall<unknown>,
  outer: ReadonlyMap<Tensor, tf.Tensor>,
): tf.Tensor[] {
  const { mostRows, rowInputs, sharedInputs, totals, rows } = attributes as Chunks;
  const count = inputs[0].shape[0];
  let sums = totals.map(({ shape }) => tf.zeros(shape as number[]));
  const parts: tf.Tensor[][] = [];
  for (let start = 0; start < count; start += mostRows) {
    const length = Math.min(mostRows, count - start);
    const chunk = inputs.slice(0, rowInputs.length).map((x) =>
      tf.slice(x, [start, ...x.shape.slice(1).map(() => 0)], [length, ...x.shape.slice(1)])
    );
    const fed = [...chunk, ...inputs.slice(rowInputs.length)];
    const declared = [...rowInputs, ...sharedInputs];
    const sizes = bindDimensions(declared.map((tensor, at) => ({ tensor, shape: fed[at].shape })));
    const given = new Map(outer);
    declared.forEach((tensor, at) => given.set(tensor, fed[at]));
    totals.forEach((tensor, at) => given.set(tensor, sums[at]));
    const results = execute(body, given, sizes);
    [...chunk, ...sums].forEach((tensor) => tensor.dispose());
    sums = results.slice(0, totals.length);
    parts.push(results.slice(totals.length));
  }
  const joined = rows.map(({ shape, dtype }, at) => {
    const filled = parts.map((part) => part[at]).filter(({ shape }) => sizeOf(shape) > 0);
    if (filled.length === 0) return tf.zeros([count, ...shape.slice(1) as number[]], HELD_AS[dtype]);
    return filled.length === 1 ? filled[0] : tf.concat(filled, 0);
  });
  return [...sums, ...joined];
}
