/** From hidden states of tokens to one vector of length 1 for each text. */

/**
 * Pools the last hidden states of a padded batch.
 *
 * @param hidden [texts, tokens, dimensions]
 * @param lengths Tokens of each text that are not padding; padding stands on the right.
 * @returns A vector of length 1 for each text.
 * @throws When a vector has no direction, as broken weights give.
 */
export function poolToUnitVectors(
  hidden: Float32Array,
  { tokens, dimensions, lengths, pooling }: {
    tokens: number;
    dimensions: number;
    lengths: readonly number[];
    pooling: "mean" | "cls";
  },
): Float32Array[] {
  return lengths.map((length, text) => {
    const start = text * tokens * dimensions;
    const sums = new Float64Array(dimensions);
    for (let token = 0; token < (pooling === "mean" ? length : 1); token++) {
      const row = start + token * dimensions;
      for (let i = 0; i < dimensions; i++) sums[i] += hidden[row + i];
    }
    return toUnitLength(sums);
  });
}

/** The same direction with length 1. A mean and a sum have the same direction, so that sums will do. */
function toUnitLength(sums: Float64Array): Float32Array {
  const length = Math.sqrt(sums.reduce((total, value) => total + value * value, 0));
  if (!(length > 0 && Number.isFinite(length))) {
    throw new Error(`the model gave a vector of length ${length}: its weights are damaged; fetch or export it again`);
  }
  return Float32Array.from(sums, (value) => value / length);
}
