/** Every operator in the situations that matter: broadcasting, negative axes, rank 0, named sizes. */
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

function elementwiseCases(): GraphCase[] {
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

function reduceCases(): GraphCase[] {
  const cases: GraphCase[] = [];
  const reductions: [string, (x: g.Tensor, axes: number | readonly number[]) => g.Tensor][] = [
    ["sum", g.sum],
    ["mean", g.mean],
    ["reduceMax", g.reduceMax],
  ];
  for (const [name, apply] of reductions) {
    cases.push(
      { name: `${name} along the last axis`, inputs: { x: normal(2, 3, 4) }, build: ({ x }) => apply(x, -1) },
      { name: `${name} along two axes`, inputs: { x: normal(2, 3, 4) }, build: ({ x }) => apply(x, [-1, 0]) },
      { name: `${name} of one axis`, inputs: { x: normal(5) }, build: ({ x }) => apply(x, 0) },
      { name: `${name} along no axis`, inputs: { x: normal() }, build: ({ x }) => apply(x, []) },
      {
        name: `${name} of named sizes`,
        inputs: { x: normal("batch", "tokens", 4) },
        sizes,
        build: ({ x }) => apply(x, -1),
      },
    );
  }
  cases.push({
    name: "sum along named axes",
    inputs: { x: normal("batch", "tokens", 4) },
    sizes,
    build: ({ x }) => g.sum(x, [0, 1]),
  });
  const sumToShapes: [g.Dimension[], g.Dimension[]][] = [
    [[2, 3, 4], [4]],
    [[2, 3, 4], [3, 1]],
    [[2, 3, 4], []],
    [["batch", "tokens", 4], ["tokens", 4]],
    [["batch", "batch", "tokens", 4], ["batch", "tokens", 1]],
    [["batch", "tokens", 4], [1, 1, 4]],
  ];
  for (const [from, to] of sumToShapes) {
    cases.push({
      name: `sumTo ${g.showShape(from)} -> ${g.showShape(to)}`,
      inputs: { x: normal(...from), like: normal(...to) },
      differentiate: ["x"],
      sizes,
      build: ({ x, like }) => g.sumTo(x, like),
    });
  }
  return cases;
}

function shapeCases(): GraphCase[] {
  const reshapes: [from: g.Dimension[], to: g.Dimension[]][] = [
    [[2, 3, 4], [4, 6]],
    [[], [1, 1]],
    [[1, 1], []],
    [["batch", "tokens", 4], ["batch*tokens", 4]],
    [["batch", "tokens", 4], ["batch", "tokens", 2, 2]],
    [["batch", "tokens", 2, 2], ["batch", "tokens", 4]],
    [["batch", "tokens", 4], ["batch", 1, "tokens", 4]],
    [["batch", 1, "tokens", 1, 4], ["batch", "tokens", 4]],
    [["batch", 2, "3*tokens", "tokens"], ["batch", 2, 3, "tokens", "tokens"]],
    [["batch", 2, 3, "tokens", "tokens"], ["batch", 2, "3*tokens", "tokens"]],
    [["batch", 2, 3, "tokens", "cached"], ["batch", 2, "3*tokens", "cached"]],
    [["batch", "tokens", 1, "cached"], ["batch", 1, "tokens", "cached"]],
  ];
  const cases: GraphCase[] = reshapes.map(([from, to]) => ({
    name: `reshape ${g.showShape(from)} -> ${g.showShape(to)}`,
    inputs: { x: normal(...from) },
    sizes,
    build: ({ x }) => g.reshape(x, to),
  }));
  cases.push(
    {
      name: "reshape that merges two axes before a named one, and back",
      inputs: { x: normal("batch", 2, 3, "tokens", "cached") },
      sizes,
      build: ({ x }) => g.reshape(g.square(g.reshape(x, ["batch", 2, "3*tokens", "cached"])), x.shape),
    },
    {
      name: "reshape like another tensor",
      inputs: { x: normal("batch*tokens", 4), like: normal("batch", "tokens", 4) },
      differentiate: ["x"],
      sizes,
      build: ({ x, like }) => g.reshape(x, like.shape, like),
    },
    { name: "transpose", inputs: { x: normal(2, 3, 4, 5) }, build: ({ x }) => g.transpose(x, [2, 0, 3, 1]) },
    { name: "transpose of named sizes", inputs: { x: normal("batch", "tokens", 4) }, sizes, build: swapFirst },
    { name: "transpose of rank 0", inputs: { x: normal() }, build: ({ x }) => g.transpose(x, []) },
    { name: "transposeLast", inputs: { x: normal(2, 3, 4) }, build: ({ x }) => g.transposeLast(x) },
    { name: "expandLike", inputs: { x: normal(3, 1), y: normal(2, 3, 4) }, differentiate: ["x"], build: expandXY },
    { name: "expandLike of a number", inputs: { x: normal(), y: normal(2, 3) }, differentiate: ["x"], build: expandXY },
    {
      name: "expandLike of named sizes",
      inputs: { x: normal(1, "tokens", 1), y: normal("batch", "tokens", 4) },
      differentiate: ["x"],
      sizes,
      build: expandXY,
    },
    { name: "split", inputs: { x: normal(2, 5, 3) }, build: ({ x }) => g.split(x, 1, [1, 3, 1]) },
    { name: "split along a negative axis", inputs: { x: normal(2, 5) }, build: ({ x }) => g.split(x, -1, [2, 3]) },
    {
      name: "split of which one part is used",
      inputs: { x: normal("batch", 5) },
      sizes,
      build: ({ x }) => g.split(x, 1, [2, 3])[1],
    },
    { name: "concat", inputs: { a: normal(2, 1), b: normal(2, 3) }, build: ({ a, b }) => g.concat([a, b, a], 1) },
    {
      name: "concat along a negative axis",
      inputs: { a: normal("batch", 1, 2), b: normal("batch", 3, 2) },
      sizes,
      build: ({ a, b }) => g.concat([a, b], -2),
    },
    { name: "identity", inputs: { x: normal("batch", 3) }, sizes, build: ({ x }) => g.identity(x) },
  );
  return cases;
}

function swapFirst({ x }: Record<string, g.Tensor>): g.Tensor {
  return g.transpose(x, [1, 0, 2]);
}

function expandXY({ x, y }: Record<string, g.Tensor>): g.Tensor {
  return g.expandLike(x, y);
}

function matmulCases(): GraphCase[] {
  const cases: GraphCase[] = [];
  for (const transposeA of [false, true]) {
    for (const transposeB of [false, true]) {
      const flags = `${transposeA ? "a^T" : "a"} ${transposeB ? "b^T" : "b"}`;
      const a = (m: g.Dimension, k: g.Dimension) => transposeA ? [k, m] : [m, k];
      const b = (k: g.Dimension, n: g.Dimension) => transposeB ? [n, k] : [k, n];
      const build = ({ a, b }: Record<string, g.Tensor>) => g.matmul(a, b, { transposeA, transposeB, scale: 0.5 });
      cases.push(
        { name: `matmul ${flags}`, inputs: { a: normal(...a(3, 4)), b: normal(...b(4, 5)) }, build },
        { name: `matmul ${flags} in batches`, inputs: { a: normal(2, ...a(3, 4)), b: normal(2, ...b(4, 5)) }, build },
        {
          name: `matmul ${flags} with one b for all`,
          inputs: { a: normal("batch", ...a("tokens", 4)), b: normal(...b(4, 5)) },
          sizes,
          build,
        },
        {
          name: `matmul ${flags} with one a for all`,
          inputs: { a: normal(...a(3, 4)), b: normal("batch", ...b(4, 5)) },
          sizes,
          build,
        },
        {
          name: `matmul ${flags} with broadcast batches`,
          inputs: { a: normal(2, 1, ...a(3, 4)), b: normal(3, ...b(4, 2)) },
          build,
        },
      );
    }
  }
  cases.push(
    {
      name: "matmul of plain factors",
      inputs: { a: normal("batch", "tokens", 4), b: normal(4, 5) },
      sizes,
      build: ({ a, b }) => g.matmul(a, b),
    },
    {
      name: "linear",
      inputs: { x: normal("batch", "tokens", 4), weight: normal(5, 4) },
      sizes,
      build: ({ x, weight }) => g.linear(x, weight),
    },
    { name: "softmax", inputs: { x: normal("batch", "tokens", 4) }, sizes, build: ({ x }) => g.softmax(x) },
    { name: "softmax of one row", inputs: { x: normal(7) }, build: ({ x }) => g.softmax(x) },
  );
  return cases;
}

function indexCases(): GraphCase[] {
  return [
    {
      name: "gatherRows",
      inputs: { table: normal(5, 3), ids: indices(5, "batch", "tokens") },
      sizes,
      build: ({ table, ids }) => g.gatherRows(table, ids),
    },
    {
      name: "gatherRows of numbers",
      inputs: { table: normal(5), ids: indices(5, 4) },
      build: ({ table, ids }) => g.gatherRows(table, ids),
    },
    {
      name: "gatherRows with one index",
      inputs: { table: normal(5, 2, 3), ids: indices(5) },
      build: ({ table, ids }) => g.gatherRows(table, ids),
    },
    {
      name: "scatterAddRows with repeated indices",
      inputs: { table: normal(4, 3), ids: values([1, 3, 1, 1, 0, 3], [2, 3], "int64"), rows: normal(2, 3, 3) },
      build: ({ table, ids, rows }) => g.scatterAddRows(table, ids, rows),
    },
    {
      name: "scatterAddRows of named sizes",
      notOnWebGpu: "indices are looked up in a table as long as this one, so its length must be known",
      inputs: { table: normal("batch", 3), ids: indices(2, "tokens"), rows: normal("tokens", 3) },
      sizes,
      build: ({ table, ids, rows }) => g.scatterAddRows(table, ids, rows),
    },
    {
      name: "takeAlongLast",
      inputs: { x: normal(2, 3, 5), ids: values([0, 4, 4, 4, 2, 1, 3, 3, 0, 1, 2, 3], [2, 3, 2], "int64") },
      build: ({ x, ids }) => g.takeAlongLast(x, ids),
    },
    {
      name: "scatterAddRows with distinct indices",
      inputs: { table: normal(4, 2, 3), ids: values([2, 0, 3], [3], "int64"), rows: normal(3, 2, 3) },
      build: ({ table, ids, rows }) => g.scatterAddRows(table, ids, rows, { distinct: true }),
    },
    {
      name: "scatterAddRows of numbers",
      inputs: { table: normal(4), ids: values([2, 0, 2], [3], "int64"), rows: normal(3) },
      build: ({ table, ids, rows }) => g.scatterAddRows(table, ids, rows),
    },
    {
      name: "scatterAddRows with one index",
      inputs: { table: normal(4, 3), ids: indices(4), rows: normal(3) },
      build: ({ table, ids, rows }) => g.scatterAddRows(table, ids, rows),
    },
    {
      name: "addAlongLast with repeated indices",
      inputs: { x: normal(2, 5), ids: values([0, 4, 4, 1, 1, 1], [2, 3], "int64"), y: normal(2, 3) },
      build: ({ x, ids, y }) => g.addAlongLast(x, ids, y),
    },
    {
      name: "addOne",
      inputs: { x: normal("batch", "tokens", 5), ids: indices(5, "batch", "tokens"), y: normal("batch", "tokens") },
      sizes,
      build: ({ x, ids, y }) => g.addOne(x, ids, y),
    },
    {
      name: "takeOne",
      inputs: { x: normal("batch", "tokens", 5), ids: indices(5, "batch", "tokens") },
      sizes,
      build: ({ x, ids }) => g.takeOne(x, ids),
    },
  ];
}

function selectCases(): GraphCase[] {
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

/** Cases whose gradients are checked too. */
export const DIFFERENTIABLE: readonly GraphCase[] = [
  ...elementwiseCases(),
  ...reduceCases(),
  ...shapeCases(),
  ...matmulCases(),
  ...indexCases(),
  ...selectCases(),
];

/** Comparisons and casts, which have no gradient. */
export const PLAIN: readonly GraphCase[] = [
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
