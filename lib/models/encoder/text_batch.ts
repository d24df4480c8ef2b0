/** Tokenized texts as the encoder's programs take them: packed into rows, so that hardly anything is computed for padding. */
import type { DeviceTensor, Engine } from "../../engine/mod.ts";
import { MASKED } from "../../kernels/mod.ts";
import type { EncoderConfig } from "./config.ts";

/** How the tokens' last hidden states become one vector: their mean, or the first token's. */
export type Pooling = "mean" | "cls";

/** Texts of a batch. Each lies in one of the rows as a whole, and sees itself only. */
export interface TextBatch {
  texts: number;
  rows: number;
  /** Tokens of a row. */
  tokens: number;
  /** [rows, tokens] */
  ids: BigInt64Array;
  /** [rows, tokens]: the place of a token in its text, from 0. */
  positions: BigInt64Array;
  /** [rows, tokens, tokens]: 0 between tokens of one text, `MASKED` elsewhere; padding sees itself. */
  bias: Float32Array;
  /** [texts, rows * tokens]: the share that a token has in its text's embedding. */
  pooling: Float32Array;
  /** Where each text begins, as row * tokens + token. */
  starts: number[];
  /** Tokens that are not padding. */
  realTokens: number;
}

/** Rows are at least that long where there are texts enough: attention grows with their length, padding with its inverse. */
const ROW_TOKENS = 64;

/**
 * Packs texts into rows: the longest first, each into the fullest row that has room for it.
 *
 * @param texts Token ids of each text, at least one a text.
 * @throws When there is no text, one has no tokens or too many, or an id is outside the vocabulary; the message names it.
 */
export function collateTexts(
  texts: readonly (readonly number[])[],
  config: EncoderConfig,
  pooling: Pooling = "mean",
): TextBatch {
  if (texts.length === 0) throw new Error("a batch of no texts: expected at least one");
  texts.forEach((ids, text) => checkText(ids, text, config));
  const { rowOf, offsets, rows, tokens } = packed(texts.map(({ length }) => length));
  const slots = rows * tokens;
  const batch: TextBatch = {
    texts: texts.length,
    rows,
    tokens,
    ids: new BigInt64Array(slots).fill(BigInt(config.padTokenId)),
    positions: new BigInt64Array(slots),
    bias: new Float32Array(slots * tokens).fill(MASKED),
    pooling: new Float32Array(texts.length * slots),
    starts: texts.map((_, text) => rowOf[text] * tokens + offsets[text]),
    realTokens: 0,
  };
  for (let slot = 0; slot < slots; slot++) batch.bias[slot * tokens + slot % tokens] = 0;
  for (const [text, ids] of texts.entries()) {
    const [start, offset] = [batch.starts[text], offsets[text]];
    ids.forEach((id, position) => {
      batch.ids[start + position] = BigInt(id);
      batch.positions[start + position] = BigInt(position);
      const seen = (start + position) * tokens + offset;
      batch.bias.fill(0, seen, seen + ids.length);
    });
    const share = text * slots + start;
    if (pooling === "mean") batch.pooling.fill(1 / ids.length, share, share + ids.length);
    else batch.pooling[share] = 1;
    batch.realTokens += ids.length;
  }
  return batch;
}

function checkText(ids: readonly number[], text: number, { maxPositions, vocabSize }: EncoderConfig): void {
  if (ids.length === 0) throw new Error(`text ${text} has no tokens: expected at least one`);
  if (ids.length > maxPositions) {
    throw new Error(`text ${text} has ${ids.length} tokens: the encoder reads at most ${maxPositions}`);
  }
  const wrong = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabSize);
  if (wrong === undefined) return;
  throw new Error(`text ${text}: token id ${wrong} is outside the encoder's vocabulary of ${vocabSize}`);
}

/** Which row each text of these lengths goes to, and where in it. */
function packed(lengths: readonly number[]) {
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const tokens = Math.max(...lengths, Math.min(ROW_TOKENS, total));
  const used: number[] = [];
  const [rowOf, offsets] = [new Array<number>(lengths.length), new Array<number>(lengths.length)];
  for (const text of lengths.map((_, text) => text).sort((a, b) => lengths[b] - lengths[a])) {
    let best = -1;
    for (const [row, taken] of used.entries()) {
      if (taken + lengths[text] <= tokens && (best < 0 || taken > used[best])) best = row;
    }
    if (best < 0) best = used.push(0) - 1;
    [rowOf[text], offsets[text]] = [best, used[best]];
    used[best] += lengths[text];
  }
  return { rowOf, offsets, rows: used.length, tokens };
}

/** The inputs of `encodeTexts` for a batch. */
export function textFeeds(
  engine: Engine,
  { rows, tokens, ids, positions, bias }: TextBatch,
): Record<string, DeviceTensor> {
  return {
    ids: engine.upload(ids, [rows, tokens]),
    positions: engine.upload(positions, [rows, tokens]),
    bias: engine.upload(bias, [rows, 1, 1, tokens, tokens]),
  };
}
