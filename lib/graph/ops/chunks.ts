/**
 * Work on many rows, some of them at a time, so that what lies between input and output never exists for all rows
 * together: logits over a vocabulary, for one.
 */
import { evaluate } from "../evaluate.ts";
import { type NdArray, ndarray, sizeOf } from "../ndarray.ts";
import { defineOperator, type LowerContext } from "../operator.ts";
import { Graph, type Node, type Tensor } from "../tensor.ts";
import { add } from "./elementwise.ts";

/** What is computed from one chunk. */
export interface ChunkResults {
  /** Tensors [chunk, ...]: the chunks' results are put one after another. */
  rows: Record<string, Tensor>;
  /** Float32 tensors of known shape: the chunks' results are added up. */
  sums: Record<string, Tensor>;
}

/** The body of the loop: a graph of its own. */
interface Chunks {
  mostRows: number;
  /** Inputs in the order of the node's: those that hold rows, then the others. */
  rowInputs: readonly Tensor[];
  sharedInputs: readonly Tensor[];
  /** Sums of the chunks before, and with this chunk. */
  totals: readonly Tensor[];
  newTotals: readonly Tensor[];
  rows: readonly Tensor[];
}

const applyChunks = defineOperator<Chunks>({
  name: "chunks",
  infer: ([first], { newTotals, rows }) => [
    ...newTotals.map(({ dtype, shape }) => ({ dtype, shape })),
    ...rows.map(({ dtype, shape }) => ({ dtype, shape: [first.shape[0], ...shape.slice(1)] })),
  ],
  lower(context) {
    const { target, inputs, outputs, attributes, emit, integers, float, body } = context;
    const { rowInputs, sharedInputs, totals, newTotals, rows } = attributes;
    if (target === "webgpu") throw new Error("chunks: the WebGPU provider has no Scan");
    const { count, split } = equalChunks(context);
    const given = Object.fromEntries(sharedInputs.map(({ name }, at) => [name, inputs[rowInputs.length + at]]));
    const stacked = rows.map((_, at) => `${outputs[newTotals.length + at]} stacked`);
    emit("Scan", [
      ...totals.map(({ shape }) => emit("Expand", [float(0), integers(shape as number[])])),
      ...rowInputs.map((_, at) => split(inputs[at])),
    ], {
      outputs: [...outputs.slice(0, newTotals.length), ...stacked],
      attributes: {
        num_scan_inputs: rowInputs.length,
        body: body({ inputs: [...totals, ...rowInputs], given, outputs: [...newTotals, ...rows] }),
      },
    });
    rows.forEach(({ shape }, at) => {
      const joined = emit("Reshape", [stacked[at], integers([-1, ...shape.slice(1) as number[]])]);
      const name = outputs[newTotals.length + at];
      emit("Slice", [joined, integers([0]), count, integers([0])], { outputs: [name] });
    });
  },
  evaluate(arrays, { mostRows, rowInputs, sharedInputs, totals, newTotals, rows }) {
    const count = arrays[0].shape[0];
    let sums = totals.map(({ shape }) => ndarray(shape as number[]));
    const parts: NdArray[][] = [];
    for (let start = 0; start < Math.max(1, count); start += mostRows) {
      const feeds: Record<string, NdArray> = {};
      rowInputs.forEach(({ name }, at) => feeds[name] = sliceRows(arrays[at], start, start + mostRows));
      sharedInputs.forEach(({ name }, at) => feeds[name] = arrays[rowInputs.length + at]);
      totals.forEach(({ name }, at) => feeds[name] = sums[at]);
      const results = evaluate([...newTotals, ...rows], feeds);
      sums = results.slice(0, newTotals.length);
      parts.push(results.slice(newTotals.length));
    }
    return [...sums, ...rows.map((_, at) => joinRows(parts.map((part) => part[at])))];
  },
});

/** What a node of `inChunks` computes from a chunk, on a graph of its own with the size `chunk`; null for other nodes. */
export function chunkBody({ operator, attributes }: Node): readonly Tensor[] | null {
  if (operator.name !== "chunks") return null;
  const { newTotals, rows } = attributes as Chunks;
  return [...newTotals, ...rows];
}

/**
 * Scan takes chunks of one length as the first axis of one tensor, so rows are spread evenly over the chunks, and what the
 * last one lacks is filled with zeros: fewer rows than there are chunks.
 */
function equalChunks({ inputs, attributes, emit, integers }: LowerContext<Chunks>) {
  const ceiling = (a: string, b: string) => emit("Div", [emit("Sub", [emit("Add", [a, b]), integers([1])]), b]);
  const concat = (parts: string[]) => emit("Concat", parts, { attributes: { axis: 0 } });
  const count = emit("Shape", [inputs[0]], { attributes: { start: 0, end: 1 } });
  const atLeastOne = (number: string) => emit("Max", [number, integers([1])]);
  const chunks = atLeastOne(ceiling(count, integers([attributes.mostRows])));
  const length = atLeastOne(ceiling(count, chunks));
  const missing = emit("Sub", [emit("Mul", [chunks, length]), count]);
  const split = (name: string) => {
    const rest = attributes.rowInputs[inputs.indexOf(name)].shape.slice(1) as number[];
    const none = rest.map(() => 0);
    const filled = emit("Pad", [name, concat([integers([0, ...none]), missing, integers(none)])]);
    return emit("Reshape", [filled, concat([chunks, length, integers(rest)])]);
  };
  return { count, split };
}

function sliceRows({ shape, data }: NdArray, start: number, end: number): NdArray {
  const width = sizeOf(shape.slice(1));
  const part = data.subarray(start * width, end * width);
  return ndarray([Math.min(shape[0], end) - start, ...shape.slice(1)], part);
}

function joinRows(parts: readonly NdArray[]): NdArray {
  const length = parts.reduce((sum, { shape }) => sum + shape[0], 0);
  return ndarray([length, ...parts[0].shape.slice(1)], parts.flatMap(({ data }) => [...data]));
}

/**
 * Computes something from rows, a chunk of them at a time. No gradient flows through it: `compute` may call `gradients`
 * itself, which is how the gradient of a large thing is had without ever holding the thing.
 *
 * @param rows Tensors [rows, ...] with one first axis, and known sizes after it.
 * @param shared Tensors that all chunks see whole.
 * @param mostRows The most rows of a chunk. At the end of the last chunk there may be rows of zeros, whose results are
 *   dropped; whatever `compute` sums over rows must not be changed by them.
 * @param compute Builds the results from the inputs by their names, on a graph of its own.
 * @returns The results by name: `rows` as [rows, ...], and `sums`. Not for WebGPU.
 */
export function inChunks<RowName extends string, SharedName extends string>(
  rows: Record<RowName, Tensor>,
  shared: Record<SharedName, Tensor>,
  mostRows: number,
  compute: (inputs: Record<RowName | SharedName, Tensor>) => ChunkResults,
): Record<string, Tensor> {
  const graph = new Graph();
  const ofRows = Object.entries<Tensor>(rows).map(([name, { shape, dtype }]) =>
    graph.input(name, ["chunk", ...shape.slice(1)], dtype)
  );
  const ofAll = Object.entries<Tensor>(shared).map(([name, { shape, dtype }]) => graph.input(name, shape, dtype));
  const inputs = Object.fromEntries([...ofRows, ...ofAll].map((input) => [input.name, input]));
  const results = compute(inputs as Record<RowName | SharedName, Tensor>);
  const sums = Object.entries(results.sums);
  const totals = sums.map(([name, { shape }]) => graph.input(`total ${name}`, shape));
  const outputs = applyChunks([...Object.values<Tensor>(rows), ...Object.values<Tensor>(shared)], {
    mostRows,
    rowInputs: ofRows,
    sharedInputs: ofAll,
    totals,
    newTotals: sums.map(([, sum], at) => add(totals[at], sum)),
    rows: Object.values(results.rows),
  });
  const names = [...Object.keys(results.sums), ...Object.keys(results.rows)];
  return Object.fromEntries(names.map((name, at) => [name, outputs[at]]));
}
