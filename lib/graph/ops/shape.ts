/** Operations that move elements and compute nothing. */
import {
  addDimensions,
  broadcastShapes,
  type Dimension,
  multiplyDimensions,
  normalizeAxis,
  resolveShape,
  sameShape,
  showShape,
} from "../dimension.ts";
import { forEachBroadcast, ndarray, splitAt, stridesOf } from "../ndarray.ts";
import { defineOperator } from "../operator.ts";
import type { Tensor } from "../tensor.ts";
import { sumTo } from "./reduce.ts";
import { ONNX_DTYPE } from "./select.ts";

/**
 * How ONNX can say a reshape: axes of size 1 put in, a Reshape to numbers, 0 (this axis as in the input) and one -1
 * (whatever is left), axes of size 1 taken out. Each step may be missing.
 */
interface ReshapeSteps {
  unsqueeze: readonly number[];
  target: readonly number[] | null;
  squeeze: readonly number[];
}

/** Null when the shapes have more unknown sizes than that can express. */
function reshapeSteps(from: readonly Dimension[], to: readonly Dimension[]): ReshapeSteps | null {
  const ones = (shape: readonly Dimension[]) => shape.flatMap((length, axis) => (length === 1 ? [axis] : []));
  const rest = (shape: readonly Dimension[]) => shape.filter((length) => length !== 1);
  if (sameShape(rest(from), rest(to)) && (ones(from).length === 0 || ones(to).length === 0)) {
    return { unsqueeze: ones(to), target: null, squeeze: ones(from) };
  }
  const target = reshapeTarget(from, to);
  if (target) return { unsqueeze: [], target, squeeze: [] };
  // Axes of size 1 beside those that change let the axes behind them keep their places, where a 0 can name them.
  const shorter = Math.min(from.length, to.length);
  let first = 0;
  while (first < shorter && from[first] === to[first]) first++;
  let last = 0;
  while (last < shorter - first && from.at(-1 - last) === to.at(-1 - last)) last++;
  const padded = (shape: readonly Dimension[], other: readonly Dimension[]) => {
    const place = shape.length - last;
    const axes = Array.from({ length: Math.max(0, other.length - shape.length) }, (_, k) => place + k);
    return { axes, shape: [...shape.slice(0, place), ...axes.map(() => 1), ...shape.slice(place)] };
  };
  const [source, result] = [padded(from, to), padded(to, from)];
  const widened = reshapeTarget(source.shape, result.shape);
  return widened && { unsqueeze: source.axes, target: widened, squeeze: result.axes };
}

function reshapeTarget(from: readonly Dimension[], to: readonly Dimension[]): number[] | null {
  const target = to.map((length, axis) => typeof length === "number" ? length : length === from[axis] ? 0 : -1);
  return target.filter((length) => length === -1).length <= 1 ? target : null;
}

const applyReshape = defineOperator<{ shape: readonly Dimension[] }>({
  name: "reshape",
  cheap: true,
  infer([x, like], { shape }) {
    if (multiplyDimensions(...x.shape) !== multiplyDimensions(...shape)) {
      throw new Error(`the elements do not fit ${showShape(shape)}`);
    }
    if (!like && reshapeSteps(x.shape, shape) === null) {
      throw new Error(`${showShape(shape)} has more than one size that the input does not show: pass a tensor like it`);
    }
    if (like && !sameShape(like.shape, shape)) {
      throw new Error(`expected a tensor like ${showShape(shape)}, got ${showShape(like.shape)}`);
    }
    return [{ dtype: x.dtype, shape }];
  },
  gradient: ({ inputs: [x, like], outputGradient }) => [reshape(outputGradient, x.shape, x), ...(like ? [null] : [])],
  lower({ inputs: [x, like], inputTypes, outputs, attributes: { shape }, emit, integers }) {
    const steps = reshapeSteps(inputTypes[0].shape, shape);
    if (steps === null) {
      emit("Reshape", [x, emit("Shape", [like])], { outputs });
      return;
    }
    const nodes: [opType: string, list: readonly number[]][] = [];
    if (steps.unsqueeze.length > 0) nodes.push(["Unsqueeze", steps.unsqueeze]);
    if (steps.target) nodes.push(["Reshape", steps.target]);
    if (steps.squeeze.length > 0) nodes.push(["Squeeze", steps.squeeze]);
    nodes.reduce((from, [opType, list], position) => {
      return emit(opType, [from, integers(list)], position === nodes.length - 1 ? { outputs } : {});
    }, x);
  },
  evaluate: ([x], { shape }, dimensions) => [ndarray(resolveShape(shape, dimensions), x.data)],
});

/**
 * The same elements in another shape. With two or more named sizes that the input's shape does not show, pass `like`, a
 * tensor that has the wanted shape.
 */
export function reshape(x: Tensor, shape: readonly Dimension[], like?: Tensor): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const needsLike = reshapeSteps(x.shape, shape) === null;
  return applyReshape(needsLike && like ? [x, like] : [x], { shape })[0];
}

const applyTranspose = defineOperator<{ order: readonly number[] }>({
  name: "transpose",
  cheap: true,
  infer([x], { order }) {
    if (order.length !== x.shape.length || x.shape.some((_, axis) => !order.includes(axis))) {
      throw new Error(`expected an order of the axes 0 to ${x.shape.length - 1}, got [${order}]`);
    }
    return [{ dtype: x.dtype, shape: order.map((axis) => x.shape[axis]) }];
  },
  gradient: ({ outputGradient, attributes: { order } }) => [
    transpose(outputGradient, order.map((_, axis) => order.indexOf(axis))),
  ],
  lower({ inputs, outputs, attributes: { order }, emit }) {
    emit("Transpose", inputs, { outputs, attributes: { perm: order } });
  },
  evaluate([x], { order }) {
    const strides = stridesOf(x.shape);
    const result = ndarray(order.map((axis) => x.shape[axis]));
    const index = new Array<number>(order.length).fill(0);
    for (let position = 0; position < result.data.length; position++) {
      let offset = 0;
      for (let axis = 0; axis < order.length; axis++) offset += index[axis] * strides[order[axis]];
      result.data[position] = x.data[offset];
      for (let axis = order.length - 1; axis >= 0 && ++index[axis] === result.shape[axis]; axis--) index[axis] = 0;
    }
    return [result];
  },
});

/** The axes in another order: axis `i` of the result is axis `order[i]` of `x`. */
export function transpose(x: Tensor, order: readonly number[]): Tensor {
  return applyTranspose([x], { order })[0];
}

/** The last two axes swapped. */
export function transposeLast(x: Tensor): Tensor {
  const axes = x.shape.map((_, axis) => axis);
  return transpose(x, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
}

const applyExpand = defineOperator<null>({
  name: "expand",
  cheap: true,
  infer([x, like]) {
    if (!sameShape(broadcastShapes(x.shape, like.shape), like.shape)) {
      throw new Error(`${showShape(x.shape)} does not repeat to ${showShape(like.shape)}`);
    }
    return [{ dtype: x.dtype, shape: like.shape }];
  },
  gradient: ({ inputs: [x], outputGradient }) => [sumTo(outputGradient, x), null],
  lower({ inputs: [x, like], inputTypes, outputs, emit, integers }) {
    const { shape } = inputTypes[1];
    const known = shape.every((length) => typeof length === "number");
    emit("Expand", [x, known ? integers(shape as number[]) : emit("Shape", [like])], { outputs });
  },
  evaluate([x, like]) {
    const result = ndarray(like.shape);
    forEachBroadcast(like.shape, [x], (position, [offset]) => {
      result.data[position] = x.data[offset];
    });
    return [result];
  },
});

/** `x` repeated along its axes of size 1 (and new leading axes) to the shape of `like`, whose values do not matter. */
export function expandLike(x: Tensor, like: Tensor): Tensor {
  return sameShape(x.shape, like.shape) ? x : applyExpand([x, like], null)[0];
}

const applySplit = defineOperator<{ axis: number; lengths: readonly Dimension[] }>({
  name: "split",
  cheap: true,
  infer([x, sizes], { axis, lengths }) {
    if (lengths.reduce(addDimensions, 0) !== x.shape[axis]) {
      throw new Error(`parts of ${lengths.join(" and ")} do not make ${x.shape[axis]}`);
    }
    if (!sizes && lengths.some((length) => typeof length !== "number")) {
      throw new Error("parts of named sizes need a tensor with their lengths");
    }
    return lengths.map((length) => ({ dtype: x.dtype, shape: x.shape.with(axis, length) }));
  },
  gradient({ inputs, outputs, outputGradients, outputGradient, attributes: { axis } }) {
    const zero = outputGradient.graph.scalar(0);
    const dx = concat(outputGradients.map((dy, part) => dy ?? expandLike(zero, outputs[part])), axis);
    return inputs.map((_, position) => position === 0 ? dx : null);
  },
  lower({ inputs: [x, sizes], outputs, attributes: { axis, lengths }, emit, integers }) {
    emit("Split", [x, sizes ?? integers(lengths as number[])], { outputs, attributes: { axis } });
  },
  evaluate([x], { axis, lengths }, dimensions) {
    const { outer, length, inner } = splitAt(x.shape, axis);
    let start = 0;
    return resolveShape(lengths, dimensions).map((part) => {
      const result = ndarray(x.shape.with(axis, part));
      for (let block = 0; block < outer; block++) {
        const from = (block * length + start) * inner;
        result.data.set(x.data.subarray(from, from + part * inner), block * part * inner);
      }
      start += part;
      return result;
    });
  },
});

/**
 * Cuts `x` along `axis` into parts of the given lengths. Where those are named sizes, `sizes` is an int64 tensor that
 * holds their numbers when the program runs.
 */
export function split(x: Tensor, axis: number, lengths: readonly Dimension[], sizes?: Tensor): readonly Tensor[] {
  return applySplit(sizes ? [x, sizes] : [x], { axis: normalizeAxis("split", axis, x.shape), lengths });
}

const applyConcat = defineOperator<{ axis: number }>({
  name: "concat",
  cheap: true,
  infer(inputs, { axis }) {
    const [{ dtype, shape }] = inputs;
    for (const x of inputs) {
      if (x.dtype !== dtype) throw new Error(`expected the same dtype, got ${dtype} and ${x.dtype}`);
      if (x.shape.length !== shape.length || !sameShape(x.shape.with(axis, 0), shape.with(axis, 0))) {
        throw new Error(`expected shapes equal except along axis ${axis}`);
      }
    }
    const length = inputs.map((x) => x.shape[axis]).reduce(addDimensions);
    return [{ dtype, shape: shape.with(axis, length) }];
  },
  gradient({ inputs, outputGradient, attributes: { axis } }) {
    return split(outputGradient, axis, inputs.map((x) => x.shape[axis]));
  },
  lower({ inputs, outputs, attributes: { axis }, emit }) {
    emit("Concat", inputs, { outputs, attributes: { axis } });
  },
  evaluate(inputs, { axis }) {
    const length = inputs.reduce((total, x) => total + x.shape[axis], 0);
    const result = ndarray(inputs[0].shape.with(axis, length));
    let start = 0;
    for (const x of inputs) {
      const part = splitAt(x.shape, axis);
      for (let block = 0; block < part.outer; block++) {
        const row = x.data.subarray(block * part.length * part.inner, (block + 1) * part.length * part.inner);
        result.data.set(row, (block * length + start) * part.inner);
      }
      start += part.length;
    }
    return [result];
  },
});

/** Joins tensors along `axis`. */
export function concat(parts: readonly Tensor[], axis: number): Tensor {
  if (parts.length === 0) throw new Error("concat: expected at least one tensor");
  return parts.length === 1 ? parts[0] : applyConcat(parts, { axis: normalizeAxis("concat", axis, parts[0].shape) })[0];
}

const applyIdentity = defineOperator<null>({
  name: "identity",
  cheap: true,
  infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
  gradient: ({ outputGradient }) => [outputGradient],
  lower({ inputs, inputTypes: [{ dtype }], outputs, emit }) {
    if (dtype !== "uint8") {
      emit("Identity", inputs, { outputs });
      return;
    }
    // The WebGPU provider has no Identity of uint8, and a Cast to what it is already would be removed.
    const wider = emit("Cast", inputs, { attributes: { to: ONNX_DTYPE.int32 } });
    emit("Cast", [wider], { outputs, attributes: { to: ONNX_DTYPE.uint8 } });
  },
  evaluate: ([x]) => [x],
});

/** The same values: a program that copies a tensor to or from a device is made of this. */
export function identity(x: Tensor): Tensor {
  return applyIdentity([x], null)[0];
}
