/** The tokens that a pass reads. */
import type { ModelConfig } from "./config.ts";

/** Token ids of a batch, padded on the right to one length. All arrays are row-major [batch, tokens]. */
export interface TokenBatch {
  batch: number;
  tokens: number;
  ids: BigInt64Array;
  /** Position of each token in its own document, from 0. */
  positions: BigInt64Array;
  /** Which document of its row a token belongs to, from 0; -1 for padding. Tokens see only their own document. */
  documents: Int32Array;
}

/**
 * How many positions the rotary tables must have: one more than the highest, and (ONNX Runtime refuses anything else) one
 * for each token of a row, though the documents packed in it be shorter.
 */
export function positionsIn({ positions, tokens }: TokenBatch): number {
  let needed = tokens;
  for (const position of positions) needed = Math.max(needed, Number(position) + 1);
  return needed;
}

/**
 * Finds what would be read outside the embedding or the rotary tables: not every device notices that.
 *
 * @throws Naming the row and token.
 */
export function checkTokenBatch({ batch, tokens, ids, positions, documents }: TokenBatch, config: ModelConfig): void {
  if (batch < 1 || tokens < 1) {
    throw new Error(`a batch of ${batch} rows of ${tokens} tokens: expected at least one token`);
  }
  for (const [name, { length }] of Object.entries({ ids, positions, documents })) {
    if (length === batch * tokens) continue;
    throw new Error(`${length} ${name} in a batch of ${batch} rows of ${tokens} tokens: expected one for each token`);
  }
  if (tokens > config.maxPositions) {
    throw new Error(`a row of ${tokens} tokens: the model reads at most ${config.maxPositions}`);
  }
  const [vocabulary, places] = [BigInt(config.vocabSize), BigInt(config.maxPositions)];
  for (let at = 0; at < ids.length; at++) {
    const where = () => `row ${Math.floor(at / tokens)}, token ${at % tokens}`;
    if (ids[at] < 0n || ids[at] >= vocabulary) {
      throw new Error(`${where()}: id ${ids[at]} is outside the model's vocabulary of ${vocabulary}`);
    }
    if (positions[at] < 0n || positions[at] >= places) {
      throw new Error(`${where()}: position ${positions[at]} is outside the model's ${places} positions`);
    }
  }
}

/** Throws when noise for the embeddings does not have a number for each of their elements. */
export function checkNoise(noise: Float32Array, { batch, tokens }: TokenBatch, { hiddenSize }: ModelConfig): void {
  if (noise.length === batch * tokens * hiddenSize) return;
  throw new Error(`embeddingNoise of ${noise.length} numbers: expected [${batch}, ${tokens}, ${hiddenSize}]`);
}
