/** Sums, means and maxima along one axis or several. The reduced axes stay, with size 1. */
import { type Dimension, normalizeAxis, sameShape } from "../dimension.ts";
import { forEachBroadcast, ndarray } from "../ndarray.ts";
import { defineOperator } from "../operator.ts";
import type { Tensor, TensorType } from "../tensor.ts";
import { div, equal, mul } from "./elementwise.ts";
import { cast } from "./select.ts";
import { expandLike, reshape } from "./shape.ts";

interface Axes {
  axes: readonly number[];
}

const inferReduced = ([x]: readonly TensorType[], { axes }: Axes): TensorType[] => [
  { dtype: x.dtype, shape: x.shape.map((length, axis) => (axes.includes(axis) ? 1 : length)) },
];

const sumAxes = defineOperator<Axes>({
  name: "sum",
  infer: inferReduced,
  gradient: ({ inputs: [x], outputGradient }) => [expandLike(outputGradient, x)],
  lower({ inputs: [x], outputs, attributes: { axes }, emit, integers }) {
    emit("ReduceSum", [x, integers(axes)], { outputs });
  },
  evaluate([x], { axes }) {
    const result = ndarray(x.shape.map((length, axis) => (axes.includes(axis) ? 1 : length)));
    forEachBroadcast(x.shape, [result], (position, [target]) => {
      result.data[target] += x.data[position];
    });
    return [result];
  },
});

const meanAxes = defineOperator<Axes>({
  name: "mean",
  infer: inferReduced,
  gradient({ inputs: [x], outputGradient, attributes: { axes } }) {
    const count = axes.reduce((product, axis) => {
      const length = x.shape[axis];
      if (typeof length !== "number") throw new Error("mean: the gradient needs a reduced axis of known size");
      return product * length;
    }, 1);
    return [expandLike(div(outputGradient, x.graph.scalar(count)), x)];
  },
  lower({ inputs: [x], outputs, attributes: { axes }, emit, integers }) {
    emit("ReduceMean", [x, integers(axes)], { outputs });
  },
  evaluate([x], { axes }) {
    const result = ndarray(x.shape.map((length, axis) => (axes.includes(axis) ? 1 : length)));
    const count = axes.reduce((product, axis) => product * x.shape[axis], 1);
    forEachBroadcast(x.shape, [result], (position, [target]) => {
      result.data[target] += x.data[position] / count;
    });
    return [result];
  },
});

const maxAxes = defineOperator<Axes>({
  name: "reduce_max",
  infer: inferReduced,
  // Every element equal to the maximum gets the gradient: callers use it to shift a softmax, where it cancels out.
  gradient: ({ inputs: [x], outputs: [y], outputGradient }) => [
    mul(expandLike(outputGradient, x), cast(equal(x, y), x.dtype)),
  ],
  lower({ inputs: [x], outputs, attributes: { axes }, emit, integers }) {
    emit("ReduceMax", [x, integers(axes)], { outputs });
  },
  evaluate([x], { axes }) {
    const result = ndarray(x.shape.map((length, axis) => (axes.includes(axis) ? 1 : length)));
    result.data.fill(-Infinity);
    forEachBroadcast(x.shape, [result], (position, [target]) => {
      result.data[target] = Math.max(result.data[target], x.data[position]);
    });
    return [result];
  },
});

function reduction(name: string, apply: typeof sumAxes) {
  return (x: Tensor, axes: number | readonly number[]): Tensor => {
    const list = (typeof axes === "number" ? [axes] : axes).map((axis) => normalizeAxis(name, axis, x.shape));
    const distinct = [...new Set(list)].sort((a, b) => a - b);
    if (distinct.length !== list.length) throw new Error(`${name}: an axis of [${list}] is named twice`);
    return distinct.length === 0 ? x : apply([x], { axes: distinct })[0];
  };
}

/** The sum along `axes` (negative counts from the end; none gives `x`), which stay with size 1. */
export const sum = reduction("sum", sumAxes);
/** The mean along `axes`, which stay with size 1. Its gradient needs them to be of known size. */
export const mean = reduction("mean", meanAxes);
/** The maximum along `axes`, which stay with size 1. Its gradient goes to every element that equals it. */
export const reduceMax = reduction("reduceMax", maxAxes);

/** Sums `x` down to the shape of `like`: the gradient of broadcasting. */
export function sumTo(x: Tensor, like: { shape: readonly Dimension[] }): Tensor {
  if (sameShape(x.shape, like.shape)) return x;
  const shift = x.shape.length - like.shape.length;
  const axes = x.shape.flatMap((length, axis) =>
    axis < shift || (like.shape[axis - shift] === 1 && length !== 1) ? [axis] : []
  );
  const summed = axes.length === 0 ? x : sum(x, axes);
  return reshape(summed, like.shape);
}
