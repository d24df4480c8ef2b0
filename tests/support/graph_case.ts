/** A graph to check: what goes in, at what sizes, and how it is built. Shared by the tests of operators and kernels. */
import {
  type Dimension,
  type DimensionValues,
  type DType,
  Graph,
  type NdArray,
  ndarray,
  resolveShape,
  sizeOf,
  type Tensor,
} from "../../lib/graph/mod.ts";
import { Random } from "../../lib/random/mod.ts";

/** One input: its type, and where its values come from. */
export interface CaseInput {
  shape: readonly Dimension[];
  dtype: DType;
  /** Value by position; `random` is seeded by the input's name. */
  value(random: Random, position: number): number;
}

/** A graph with the sizes and values to run it at. */
export interface GraphCase {
  name: string;
  inputs: Record<string, CaseInput>;
  /** Values of the named sizes. */
  sizes?: DimensionValues;
  build(inputs: Record<string, Tensor>): Tensor | readonly Tensor[];
  /** Inputs to differentiate by; default: every float32 input. */
  differentiate?: readonly string[];
  /** Positions of the outputs that a loss is made of; default: every float32 output. */
  losses?: readonly number[];
  /** Why the WebGPU provider cannot run it, where it cannot. */
  notOnWebGpu?: string;
}

/** A case that has been built, with values fed in. */
export interface BuiltCase {
  graph: Graph;
  inputs: Record<string, Tensor>;
  outputs: readonly Tensor[];
  /** Float32 inputs hold float32 values, so that the engine and the reference see the same numbers. */
  feeds: Record<string, NdArray>;
}

/** Normally distributed numbers. */
export function normal(...shape: Dimension[]): CaseInput {
  return { shape, dtype: "float32", value: (random) => random.normal() };
}

/** Uniform numbers from an interval. */
export function uniform(low: number, high: number, ...shape: Dimension[]): CaseInput {
  return { shape, dtype: "float32", value: (random) => random.uniform(low, high) };
}

/** int64 from 0 to `below` - 1. */
export function indices(below: number, ...shape: Dimension[]): CaseInput {
  return { shape, dtype: "int64", value: (random) => random.integer(0, below - 1) };
}

/** Given values, row by row. */
export function values(list: ArrayLike<number>, shape: readonly Dimension[], dtype: DType = "float32"): CaseInput {
  return { shape, dtype, value: (_random, position) => list[position] };
}

/** Builds the graph and draws its values. */
export function buildCase(graphCase: GraphCase): BuiltCase {
  const graph = new Graph();
  const inputs: Record<string, Tensor> = {};
  const feeds: Record<string, NdArray> = {};
  for (const [name, { shape, dtype, value }] of Object.entries(graphCase.inputs)) {
    inputs[name] = graph.input(name, shape, dtype);
    const random = new Random(name);
    const resolved = resolveShape(shape, graphCase.sizes ?? {});
    const round = dtype === "float32" ? Math.fround : (number: number) => number;
    feeds[name] = ndarray(resolved, Array.from({ length: sizeOf(resolved) }, (_, i) => round(value(random, i))));
  }
  const built = graphCase.build(inputs);
  return { graph, inputs, outputs: isTensor(built) ? [built] : built, feeds };
}

/** The inputs to differentiate by, and the outputs that a loss is made of. */
export function differentiated(
  graphCase: GraphCase,
  { inputs, outputs }: BuiltCase,
): { wrt: string[]; losses: Tensor[] } {
  const wrt = graphCase.differentiate ?? Object.keys(inputs).filter((name) => inputs[name].dtype === "float32");
  const losses = graphCase.losses?.map((position) => outputs[position]) ??
    outputs.filter((output) => output.dtype === "float32");
  return { wrt: [...wrt], losses };
}

function isTensor(built: Tensor | readonly Tensor[]): built is Tensor {
  return !Array.isArray(built);
}
