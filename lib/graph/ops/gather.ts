/** Reading and adding rows by index: embeddings, chosen tokens, and their gradients. */
import { type Dimension, sameShape, showShape } from "../dimension.ts";
import { ndarray, sizeOf } from "../ndarray.ts";
import { defineOperator, type LowerContext } from "../operator.ts";
import type { Tensor, TensorType } from "../tensor.ts";
import { ONNX_DTYPE } from "./select.ts";
import { expandLike, reshape } from "./shape.ts";

function checkIndices({ dtype }: TensorType): void {
  if (dtype !== "int64") throw new Error(`expected int64 indices, got ${dtype}`);
}

function checkShape(what: string, { shape }: TensorType, expected: readonly Dimension[]): void {
  if (!sameShape(shape, expected)) {
    throw new Error(`expected ${what} of ${showShape(expected)}, got ${showShape(shape)}`);
  }
}

function knownLength(length: Dimension): number {
  if (typeof length !== "number") throw new Error(`expected a table of known size, got ${length}`);
  return length;
}

/** Writes indices [...], all below `below`, as [..., 1]. */
function emitColumn(
  { target, emit, integers, countTo }: LowerContext<unknown>,
  indices: string,
  rank: number,
  below: Dimension,
): string {
  if (target !== "webgpu") return emit("Unsqueeze", [indices, integers([rank])]);
  // The WebGPU provider reads int64 indices but cannot reshape them. It can look them up in a table of the numbers.
  const looked = emit("Gather", [countTo(knownLength(below)), indices], { attributes: { axis: 0 } });
  return emit("Cast", [looked], { attributes: { to: ONNX_DTYPE.int64 } });
}

const applyColumn = defineOperator<{ below: Dimension }>({
  name: "index_column",
  cheap: true,
  infer([indices]) {
    checkIndices(indices);
    return [{ dtype: "int64", shape: [...indices.shape, 1] }];
  },
  gradient: () => [null],
  lower(context) {
    const { inputs: [indices], inputTypes: [{ shape }], outputs: [output], attributes: { below }, alias } = context;
    alias(output, emitColumn(context, indices, shape.length, below));
  },
  evaluate: ([indices]) => [ndarray([...indices.shape, 1], indices.data)],
});

const applyGatherRows = defineOperator<null>({
  name: "gather_rows",
  infer([table, indices]) {
    checkIndices(indices);
    if (table.shape.length === 0) throw new Error("expected a table of rows, got a number");
    return [{ dtype: table.dtype, shape: [...indices.shape, ...table.shape.slice(1)] }];
  },
  gradient({ inputs: [table, indices], outputGradient }) {
    const zeros = expandLike(table.graph.scalar(0), table);
    return [scatterAddRows(zeros, indices, outputGradient), null];
  },
  lower({ inputs, outputs, emit }) {
    emit("Gather", inputs, { outputs, attributes: { axis: 0 } });
  },
  evaluate([table, indices]) {
    const width = sizeOf(table.shape.slice(1));
    const result = ndarray([...indices.shape, ...table.shape.slice(1)]);
    indices.data.forEach((index, row) => {
      result.data.set(table.data.subarray(index * width, (index + 1) * width), row * width);
    });
    return [result];
  },
});

/** Rows of `table` [rows, ...] at int64 `indices` [...]: the result is [...indices, ...row]. */
export function gatherRows(table: Tensor, indices: Tensor): Tensor {
  return applyGatherRows([table, indices], null)[0];
}

const applyScatterAddRows = defineOperator<null>({
  name: "scatter_add_rows",
  infer([table, indices, rows]) {
    checkIndices(indices);
    checkShape("rows", rows, [...indices.shape, ...table.shape.slice(1)]);
    return [{ dtype: table.dtype, shape: table.shape }];
  },
  gradient: ({ inputs: [, indices], outputGradient }) => [outputGradient, null, gatherRows(outputGradient, indices)],
  lower(context) {
    const { target, inputs: [table, indices, rows], inputTypes, outputs, emit, integers } = context;
    const [{ shape: tableShape }, { shape: indexShape }] = inputTypes;
    const lists = emitColumn(context, indices, indexShape.length, tableShape[0]);
    if (target !== "cpu") {
      // Both GPU providers add atomically, in any order: sums of many rows may differ in their last bits between runs.
      emit("ScatterND", [table, lists, rows], { outputs, attributes: { reduction: "add" } });
      return;
    }
    // ONNX Runtime's ScatterND adds from several threads at once and loses sums where an index repeats (seen in 1.30);
    // ScatterElements adds one element after the other. It wants an index for each element of flat lists of rows.
    const flatRows = emit("Reshape", [rows, integers([-1, ...tableShape.slice(1).map(knownLength)])]);
    const flatLists = emit("Reshape", [lists, integers([-1, ...tableShape.slice(1).map(() => 1)])]);
    const perElement = emit("Expand", [flatLists, emit("Shape", [flatRows])]);
    emit("ScatterElements", [table, perElement, flatRows], { outputs, attributes: { axis: 0, reduction: "add" } });
  },
  evaluate([table, indices, rows]) {
    const width = sizeOf(table.shape.slice(1));
    const result = ndarray(table.shape, table.data);
    indices.data.forEach((index, row) => {
      for (let k = 0; k < width; k++) result.data[index * width + k] += rows.data[row * width + k];
    });
    return [result];
  },
});

/** `table` with `rows` [...indices, ...row] added to its rows at `indices`; an index may occur several times. */
export function scatterAddRows(table: Tensor, indices: Tensor, rows: Tensor): Tensor {
  return applyScatterAddRows([table, indices, rows], null)[0];
}

const applyTakeAlong = defineOperator<null>({
  name: "take_along_last",
  infer([x, indices]) {
    checkIndices(indices);
    checkShape("indices", indices, [...x.shape.slice(0, -1), indices.shape.at(-1) ?? 1]);
    return [{ dtype: x.dtype, shape: indices.shape }];
  },
  gradient({ inputs: [x, indices], outputGradient }) {
    return [addAlongLast(expandLike(x.graph.scalar(0), x), indices, outputGradient), null];
  },
  lower({ inputs, inputTypes, outputs, emit }) {
    emit("GatherElements", inputs, { outputs, attributes: { axis: inputTypes[0].shape.length - 1 } });
  },
  evaluate([x, indices]) {
    const width = x.shape.at(-1)!;
    const count = indices.shape.at(-1)!;
    const result = ndarray(indices.shape);
    indices.data.forEach((index, position) => {
      result.data[position] = x.data[Math.floor(position / count) * width + index];
    });
    return [result];
  },
});

const applyAddAlong = defineOperator<null>({
  name: "add_along_last",
  infer([x, indices, values]) {
    checkIndices(indices);
    checkShape("indices", indices, [...x.shape.slice(0, -1), indices.shape.at(-1) ?? 1]);
    checkShape("values", values, indices.shape);
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  gradient: ({ inputs: [, indices], outputGradient }) => [outputGradient, null, takeAlongLast(outputGradient, indices)],
  lower({ inputs, inputTypes, outputs, emit }) {
    const attributes = { axis: inputTypes[0].shape.length - 1, reduction: "add" };
    emit("ScatterElements", inputs, { outputs, attributes });
  },
  evaluate([x, indices, values]) {
    const width = x.shape.at(-1)!;
    const count = indices.shape.at(-1)!;
    const result = ndarray(x.shape, x.data);
    indices.data.forEach((index, position) => {
      result.data[Math.floor(position / count) * width + index] += values.data[position];
    });
    return [result];
  },
});

/** Elements of the last axis of `x` [..., n] at int64 `indices` [..., k]; the result is [..., k]. */
export function takeAlongLast(x: Tensor, indices: Tensor): Tensor {
  return applyTakeAlong([x, indices], null)[0];
}

/** `x` [..., n] with `values` [..., k] added to the elements of its last axis at `indices` [..., k]. */
export function addAlongLast(x: Tensor, indices: Tensor, values: Tensor): Tensor {
  return applyAddAlong([x, indices, values], null)[0];
}

/** One element of the last axis for each row: `x` [..., n] at `index` [...] gives [...]. */
export function takeOne(x: Tensor, index: Tensor): Tensor {
  return reshape(takeAlongLast(x, column(x, index)), index.shape);
}

/** `x` [..., n] with one of `values` [...] added to each row's element at `index` [...]. */
export function addOne(x: Tensor, index: Tensor, values: Tensor): Tensor {
  return addAlongLast(x, column(x, index), reshape(values, [...values.shape, 1]));
}

/** Indices of the last axis of `x`, one a row, as [..., 1]. */
function column(x: Tensor, index: Tensor): Tensor {
  if (x.shape.length === 0) throw new Error("takeOne, addOne: expected at least one axis, got a number");
  return applyColumn([index], { below: x.shape.at(-1)! })[0];
}
