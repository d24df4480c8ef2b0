/** Reading and adding rows by index: embeddings, chosen tokens, and their gradients. */
import { ndarray, sizeOf } from "../ndarray.ts";
import { defineOperator } from "../operator.ts";
import type { Tensor } from "../tensor.ts";
import { expandLike, reshape } from "./shape.ts";

const applyGatherRows = defineOperator<null>({
  name: "gather_rows",
  infer([table, indices]) {
    if (indices.dtype !== "int64" && indices.dtype !== "int32") throw new Error("expected integer indices");
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

/** Rows of `table` [rows, ...] at `indices` [...]: the result is [...indices, ...row]. */
export function gatherRows(table: Tensor, indices: Tensor): Tensor {
  return applyGatherRows([table, indices], null)[0];
}

const applyScatterAddRows = defineOperator<null>({
  name: "scatter_add_rows",
  infer: ([table]) => [{ dtype: table.dtype, shape: table.shape }],
  gradient: ({ inputs: [, indices], outputGradient }) => [outputGradient, null, gatherRows(outputGradient, indices)],
  lower({ inputs: [table, indices, rows], inputTypes, outputs, emit, integers }) {
    // ScatterND wants each index as a list of one.
    const asLists = emit("Unsqueeze", [indices, integers([inputTypes[1].shape.length])]);
    emit("ScatterND", [table, asLists, rows], { outputs, attributes: { reduction: "add" } });
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
  infer: ([x, indices]) => [{ dtype: x.dtype, shape: [...x.shape.slice(0, -1), indices.shape.at(-1)!] }],
  gradient({ inputs: [x, indices], outputGradient }) {
    return [putAlong([expandLike(x.graph.scalar(0), x), indices, outputGradient], null)[0], null];
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

const putAlong = defineOperator<null>({
  name: "put_along_last",
  infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
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

/** Elements of the last axis of `x` [..., n] at `indices` [..., k]; the result is [..., k]. */
export function takeAlongLast(x: Tensor, indices: Tensor): Tensor {
  return applyTakeAlong([x, indices], null)[0];
}

/** One element of the last axis for each row: `x` [..., n] at `index` [...] gives [...]. */
export function takeOne(x: Tensor, index: Tensor): Tensor {
  const taken = takeAlongLast(x, reshape(index, [...index.shape, 1]));
  return reshape(taken, index.shape);
}
