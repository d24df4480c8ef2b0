/** How much memory the values of a graph take while it runs, as far as the graph itself can tell. */
import { type DimensionValues, resolveShape } from "./dimension.ts";
import { neededNodes } from "./evaluate.ts";
import { sizeOf } from "./ndarray.ts";
import type { DType, Node, Tensor } from "./tensor.ts";

/** Bytes of an element. */
export const BYTES: Readonly<Record<DType, number>> = { float32: 4, float16: 2, int32: 4, int64: 8, bool: 1, uint8: 1 };

/** Operators whose output is their first input under another shape or name. */
const VIEWS: ReadonlySet<string> = new Set(["reshape", "custom_gradient", "identity", "index_column"]);

/** Bytes of one tensor at given sizes. */
export function tensorBytes({ dtype, shape }: Pick<Tensor, "dtype" | "shape">, sizes: DimensionValues): number {
  return BYTES[dtype] * sizeOf(resolveShape(shape, sizes));
}

/**
 * The most bytes that the values computed for `outputs` take at one moment: each lives from its node to its last use, and
 * outputs to the end. Inputs are not counted; what happens inside `inChunks` is not either. Work element by element is
 * done in place where its input is not used again, as runtimes do.
 *
 * @param sizes The graph's named sizes.
 */
export function peakBytes(outputs: readonly Tensor[], sizes: DimensionValues): number {
  const nodes = neededNodes(outputs);
  const buffers = new Map<Tensor, Tensor>();
  const bufferOf = (tensor: Tensor) => buffers.get(tensor) ?? tensor;
  const lastUse = new Map<Tensor, Node | null>();
  for (const node of nodes) {
    if (VIEWS.has(node.operator.name)) {
      node.outputs.forEach((output, position) => buffers.set(output, bufferOf(node.inputs[position])));
    }
    for (const input of node.inputs) lastUse.set(bufferOf(input), node);
  }
  for (const output of outputs) lastUse.set(bufferOf(output), null);

  let [live, peak] = [0, 0];
  for (const node of nodes) {
    if (VIEWS.has(node.operator.name)) continue;
    const own = node.outputs.map((output) => tensorBytes(output, sizes));
    const ending = [...new Set(node.inputs.map(bufferOf))]
      .filter((buffer) => buffer.node !== null && lastUse.get(buffer) === node)
      .map((buffer) => tensorBytes(buffer, sizes));
    const made = own.reduce((sum, bytes) => sum + bytes, 0);
    const freed = ending.reduce((sum, bytes) => sum + bytes, 0);
    const inPlace = node.operator.cheap && ending.includes(own[0]) ? own[0] : 0;
    peak = Math.max(peak, live + made - inPlace);
    // An output that nothing uses is there for a moment only.
    const unused = node.outputs.reduce((sum, output, at) => lastUse.has(output) ? sum : sum + own[at], 0);
    live += made - freed - unused;
  }
  return peak;
}
