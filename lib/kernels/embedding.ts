/**
 * Token embedding: rows of a table [vocabulary, hidden] at token ids. Backward: each row's gradient is added to the row of
 * the table it came from, in the same buffer as the vocabulary head's gradient where the two are tied.
 */
import { gatherRows, scatterAddRows, type Tensor } from "../graph/mod.ts";

/** Embeddings [batch, tokens, hidden] of int64 ids [batch, tokens]. */
export function embedding(table: Tensor, ids: Tensor): Tensor {
  return gatherRows(table, ids);
}

/** `tableGradient` [vocabulary, hidden] plus the gradient by the table of embeddings whose gradient is `dx`. */
export function embeddingBackward(tableGradient: Tensor, ids: Tensor, dx: Tensor): Tensor {
  return scatterAddRows(tableGradient, ids, dx);
}
