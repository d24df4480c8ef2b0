/** Tokenized texts as the encoder's programs take them. */
import type { DeviceTensor, Engine } from "../../engine/mod.ts";
import { MASKED } from "../../kernels/mod.ts";
import type { EncoderConfig } from "./config.ts";

/** How the tokens' last hidden states become one vector: their mean, or the first token's. */
export type Pooling = "mean" | "cls";

/** Texts of a batch, padded on the right to one length. */
export interface TextBatch {
  texts: number;
  tokens: number;
  /** [texts, tokens] */
  ids: BigInt64Array;
  /** [tokens]: 0, 1, 2 and so on. */
  positions: BigInt64Array;
  /** [texts, tokens]: `MASKED` at padding, else 0. */
  bias: Float32Array;
  /** [texts, tokens]: the share that each token has in its text's embedding. */
  pooling: Float32Array;
  /** Tokens that are not padding. */
  realTokens: number;
}

/**
 * Pads texts to the length of the longest.
 *
 * @param rows Token ids of each text, at least one a text.
 * @throws When there is no text, one has no tokens or too many, or an id is outside the vocabulary; the message names it.
 */
export function collateTexts(
  rows: readonly (readonly number[])[],
  config: EncoderConfig,
  pooling: Pooling = "mean",
): TextBatch {
  if (rows.length === 0) throw new Error("a batch of no texts: expected at least one");
  const [texts, tokens] = [rows.length, Math.max(...rows.map((row) => row.length))];
  const batch: TextBatch = {
    texts,
    tokens,
    ids: new BigInt64Array(texts * tokens).fill(BigInt(config.padTokenId)),
    positions: BigInt64Array.from({ length: tokens }, (_, position) => BigInt(position)),
    bias: new Float32Array(texts * tokens).fill(MASKED),
    pooling: new Float32Array(texts * tokens),
    realTokens: 0,
  };
  for (const [row, ids] of rows.entries()) {
    if (ids.length === 0) throw new Error(`text ${row} has no tokens: expected at least one`);
    if (ids.length > config.maxPositions) {
      throw new Error(`text ${row} has ${ids.length} tokens: the encoder reads at most ${config.maxPositions}`);
    }
    const start = row * tokens;
    for (const [position, id] of ids.entries()) {
      if (!Number.isInteger(id) || id < 0 || id >= config.vocabSize) {
        throw new Error(`text ${row}: token id ${id} is outside the encoder's vocabulary of ${config.vocabSize}`);
      }
      batch.ids[start + position] = BigInt(id);
    }
    batch.bias.fill(0, start, start + ids.length);
    if (pooling === "mean") batch.pooling.fill(1 / ids.length, start, start + ids.length);
    else batch.pooling[start] = 1;
    batch.realTokens += ids.length;
  }
  return batch;
}

/** A batch as feeds of a program that declares its inputs with `prefix`. */
export function textFeeds(engine: Engine, batch: TextBatch, prefix = ""): Record<string, DeviceTensor> {
  const { texts, tokens } = batch;
  return {
    [`${prefix}ids`]: engine.upload(batch.ids, [texts, tokens]),
    [`${prefix}positions`]: engine.upload(batch.positions, [tokens]),
    [`${prefix}bias`]: engine.upload(batch.bias, [texts, 1, 1, 1, tokens]),
    [`${prefix}pooling`]: engine.upload(batch.pooling, [texts, 1, tokens]),
  };
}
