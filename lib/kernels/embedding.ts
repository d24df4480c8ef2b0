/**
 * Token embedding: rows of a table [vocabulary, hidden] at token ids. Backward: each row's gradient is added to the row of
 * the table it came from, in the same buffer as the vocabulary head's gradient where the two are tied.
 */
import { scatterAddRows, type Tensor } from "../graph/mod.ts";
import { type Weight, weightRows } from "./weight.ts";

/** Embeddings [batch, tokens, hidden] of int64 ids [batch, tokens]. */
export function embedding(table: Weight, ids: Tensor): Tensor {
  return weightRows(table, ids);
}

/** `tableGradient` [vocabulary, hidden] plus the gradient by the table of embeddings whose gradient is `dx`. */
export function embeddingBackward(tableGradient: Tensor, ids: Tensor, dx: Tensor): Tensor {
  return scatterAddRows(tableGradient, ids, dx);
}

/**
 * The same on the CPU without a program, changing the table's gradient in place: ids repeat, which no parallel operator
 * of ONNX Runtime adds up, and a program would copy the whole table twice.
 *
 * @param tableGradient [vocabulary, hidden]
 * @param ids [rows]
 * @param dx [rows, hidden]
 * @throws When an id lies outside the table, before anything is added.
 */
export function addEmbeddingGradient(tableGradient: Float32Array, ids: BigInt64Array, dx: Float32Array): void {
  const hidden = dx.length / Math.max(1, ids.length);
  const vocabulary = tableGradient.length / hidden;
  for (const id of ids) {
    if (id < 0n || id >= vocabulary) throw new Error(`token id ${id}: expected 0 to ${vocabulary - 1}`);
  }
  for (let row = 0; row < ids.length; row++) {
    const target = Number(ids[row]) * hidden;
    const source = row * hidden;
    for (let k = 0; k < hidden; k++) tableGradient[target + k] += dx[source + k];
  }
}
