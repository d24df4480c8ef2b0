/** Noise on the embeddings in training, against overfitting (NEFTune: Jain et al., arXiv:2310.05914). */
import type { TokenBatch } from "../models/mod.ts";
import type { Random } from "../random/mod.ts";

/**
 * Noise [batch, tokens, hidden], each number uniform in (-a, a) with a = alpha / sqrt(tokens * hidden). As in transformers,
 * `tokens` is the width of the padded batch, and padding has noise too.
 *
 * @param random A stream of this micro-batch's own: a resumed run draws the same noise.
 */
export function embeddingNoise(
  { batch, tokens }: Pick<TokenBatch, "batch" | "tokens">,
  hiddenSize: number,
  neftuneNoiseAlpha: number,
  random: Random,
): Float32Array<ArrayBuffer> {
  const size = neftuneNoiseAlpha / Math.sqrt(tokens * hiddenSize);
  return Float32Array.from({ length: batch * tokens * hiddenSize }, () => random.uniform(-size, size));
}
