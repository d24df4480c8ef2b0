/** Elementwise operators, selections, comparisons and casts in the situations that matter. */
import * as g from "../../../lib/graph/mod.ts";
import { type GraphCase, indices, normal, uniform, values } from "../../support/graph_case.ts";

const sizes = { batch: 2, tokens: 3, cached: 4 };
const INTEGERS = "the provider reads int64 indices and does nothing else with them";
type Binary = (a: g.Tensor, b: g.Tensor) => g.Tensor;
type Unary = (x: g.Tensor) => g.Tensor;

const binary: [name: string, apply: Binary][] = [
  ["add", g.add],
  ["sub", g.sub],
  ["mul", g.mul],
  ["div", g.div],
  ["min", g.min],
  ["max", g.max],
];

const unary: [name: string, apply: Unary, low: number, high: number][] = [
  ["neg", g.neg, -2, 2],
  ["abs", g.abs, -2, 2],
  ["exp", g.exp, -2, 2],
  ["log", g.log, 0.2, 3],
  ["sqrt", g.sqrt, 0.2, 3],
  ["reciprocal", g.reciprocal, 0.5, 3],
  ["sigmoid", g.sigmoid, -3, 3],
  ["tanh", g.tanh, -2, 2],
  ["softplus", g.softplus, -3, 3],
  ["square", g.square, -2, 2],
  ["scale", (x) => g.scale(x, -0.75), -2, 2],
  ["clip", (x) => g.clip(x, -0.8, 0.6), -2, 2],
];

/** Arithmetic with every kind of broadcasting. */
export function elementwiseCases(): GraphCase[] {
  const cases: GraphCase[] = [];
  for (const [name, apply] of binary) {
    const build = ({ a, b }: Record<string, g.Tensor>) => apply(a, b);
    const between = (...shape: g.Dimension[]) => uniform(0.5, 2, ...shape);
    cases.push(
      { name: `${name} of equal shapes`, inputs: { a: between(2, 3), b: between(2, 3) }, build },
      { name: `${name} broadcast both ways`, inputs: { a: between(2, 1, 4), b: between(3, 1) }, build },
      { name: `${name} with rank 0`, inputs: { a: between(), b: between(2, 3) }, build },
      { name: `${name} of two numbers`, inputs: { a: between(), b: between() }, build },
      {
        name: `${name} of named sizes`,
        inputs: { a: between("batch", "tokens", 4), b: between("tokens", 1) },
        sizes,
        build,
      },
    );
  }
  for (const [name, apply, low, high] of unary) {
    const build = ({ x }: Record<string, g.Tensor>) => apply(x);
    cases.push(
      { name: `${name} of named sizes`, inputs: { x: uniform(low, high, "batch", "tokens", 5) }, sizes, build },
      { name: `${name} of a number`, inputs: { x: uniform(low, high) }, build },
    );
  }
  return cases;
}

/** Choosing between values. */
export function selectCases(): GraphCase[] {
  return [
    {
      name: "where with broadcasting",
      inputs: { condition: values([1, 0, 0, 1, 1, 0], [2, 3, 1], "bool"), a: normal(3, 4), b: normal(2, 1, 1) },
      build: ({ condition, a, b }) => g.where(condition, a, b),
    },
    {
      name: "where of named sizes",
      inputs: { x: normal("batch", "tokens"), y: normal() },
      sizes,
      build: ({ x, y }) => g.where(g.less(x, y), x, g.square(y)),
    },
    {
      name: "cast to and fro in floats",
      inputs: { x: normal(2, 3) },
      build: ({ x }) => g.square(g.cast(x, "float32")),
    },
  ];
}

/** Comparisons and casts, which have no gradient. */
export const COMPARISONS_AND_CASTS: readonly GraphCase[] = [
  ...([["less", g.less], ["greater", g.greater], ["equal", g.equal]] as [string, Binary][]).map((
    [name, apply],
  ): GraphCase => ({
    name: `${name} with broadcasting`,
    inputs: { a: values([0, 1, 2, 3, 4, 5], ["tokens", 2]), b: values([1, 3], [2]) },
    sizes,
    build: ({ a, b }) => g.cast(apply(a, b), "float32"),
  })),
  {
    name: "equal of int64",
    notOnWebGpu: INTEGERS,
    inputs: { a: values([0, 1, 2], [3], "int64"), b: values([1], [], "int64") },
    build: ({ a, b }) => g.cast(g.equal(a, b), "float32"),
  },
  {
    name: "identity of uint8",
    inputs: { x: values([0, 1, 7, 255], [2, 2], "uint8") },
    build: ({ x }) => g.identity(x),
  },
  {
    name: "cast of uint8 to float32 and back",
    inputs: { x: values([0, 1, 7, 255], [2, 2], "uint8") },
    build: ({ x }) => g.cast(g.add(g.cast(x, "float32"), x.graph.scalar(0)), "uint8"),
  },
  {
    name: "cast of bool to float32",
    inputs: { x: values([0, 1, 1], [3], "bool") },
    build: ({ x }) => g.cast(x, "float32"),
  },
  {
    name: "cast of int32 to float32",
    inputs: { x: values([-2, 0, 7], [3], "int32") },
    build: ({ x }) => g.cast(x, "float32"),
  },
  {
    name: "cast of float32 to int64 drops the fraction",
    notOnWebGpu: INTEGERS,
    inputs: { x: values([-1.7, -0.2, 0.9, 2.5], [4]) },
    build: ({ x }) => g.cast(x, "int64"),
  },
  {
    name: "cast of int64 to float32",
    notOnWebGpu: INTEGERS,
    inputs: { x: indices(9, 4) },
    build: ({ x }) => g.cast(x, "float32"),
  },
  {
    name: "cast of int64 to int32",
    notOnWebGpu: INTEGERS,
    inputs: { x: indices(9, 4) },
    build: ({ x }) => g.cast(x, "int32"),
  },
];
