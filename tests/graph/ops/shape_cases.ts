/** Operators that reduce or move elements in the situations that matter: negative axes, rank 0, named sizes. */
import * as g from "../../../lib/graph/mod.ts";
import { type GraphCase, normal, values } from "../../support/graph_case.ts";

const sizes = { batch: 2, tokens: 3, cached: 4 };

/** Sums, means and maxima. */
export function reduceCases(): GraphCase[] {
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

/** Reshapes, transposes, splits and joins. */
export function shapeCases(): GraphCase[] {
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

/** Places along an axis. */
export function placeCases(): GraphCase[] {
  const cases: GraphCase[] = [
    { name: "stepsToEnd", inputs: { x: normal(3, 4) }, build: ({ x }) => g.stepsToEnd(x, 1) },
    { name: "stepsToEnd of one place", inputs: { x: normal(3, 1) }, build: ({ x }) => g.stepsToEnd(x, -1) },
    {
      name: "stepsToEnd of named sizes",
      inputs: { x: normal("batch", "cached + tokens", 2) },
      sizes,
      build: ({ x }) => g.stepsToEnd(g.square(x), 1),
    },
    ...[0, 1, 2, 3, 9].map((count): GraphCase => ({
      name: `lastPlaces, ${count} of three`,
      inputs: { x: normal("batch", "tokens", 4), count: values([count], [], "int64") },
      sizes,
      build: ({ x, count }) => g.square(g.lastPlaces(x, 1, count, "kept")),
    })),
  ];
  const notOnWebGpu = "sizes are int64, which the provider does not cast";
  return cases.map((graphCase) => ({ ...graphCase, notOnWebGpu }));
}

function swapFirst({ x }: Record<string, g.Tensor>): g.Tensor {
  return g.transpose(x, [1, 0, 2]);
}

function expandXY({ x, y }: Record<string, g.Tensor>): g.Tensor {
  return g.expandLike(x, y);
}
